"""The loss in PyTorch: every listing was run, and what it printed is shown."""

from __future__ import annotations

from symce.handout.author import Author
from symce.handout.material import Material


def write(author: Author, material: Material) -> None:
    runs = material.runs
    author.section("pytorch", "In PyTorch")
    author.say(
        "Each listing can be run by itself. What stands below it was printed when this handout was made, not typed."
    )
    author.subsection("understanding", "Understanding nn.CrossEntropyLoss")
    author.say(
        "The class joins softmax, logarithm and negative log-likelihood. It takes **logits**, not probabilities, and"
        " class **indices** (or rows of probabilities)."
    )
    author.run(runs["cross_entropy_loss"])
    author.subsection("by-hand", "By hand, and in parts")
    author.run(runs["manual"])
    author.run(runs["decomposed"])
    author.subsection("ignoring", "Labels that are ignored")
    author.run(runs["ignore_index"])
    author.subsection("checking-gradients", "Checking the gradients")
    author.say("The batch gradients of [#batch] against automatic differentiation:")
    author.run(runs["verify_gradient"])
    author.say("And the flow of the gradient for one sample, the numbers of [#fig-gradient-flow]:")
    author.run(runs["gradient_flow"])
    author.subsection("quick-reference", "Quick reference")
    author.table(
        "tab-reference",
        "Which function takes what ([#lst-quick_reference] calls each)",
        ("Function", "Takes", "Notes"),
        (
            ("`nn.CrossEntropyLoss()`", "logits", "the usual choice; numerically stable"),
            ("`F.cross_entropy()`", "logits", "the same as a function"),
            ("`nn.NLLLoss()`", "log-probabilities", "after `log_softmax`"),
            ("`F.log_softmax()`", "logits", "stable log-probabilities"),
            ("`nn.BCEWithLogitsLoss()`", "logits", "two classes, or independent labels"),
        ),
    )
    author.run(runs["quick_reference"])
