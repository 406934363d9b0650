"""Summary."""

from __future__ import annotations

from symce.handout.author import Author
from symce.handout.material import Material


def write(author: Author, material: Material) -> None:
    author.section("summary", "Summary")
    author.subsection("fundamental", "The fundamental equations")
    author.say("The loss, as mean negative log-likelihood and as mean over the true classes:")
    author.recall("cross-entropy-is-mean-nll")
    author.recall("mean-of-true-classes")
    author.say("What it is in information theory, and why its least value is the entropy of the labels:")
    author.recall("kl-decomposition")
    author.recall("gibbs")
    author.subsection("gradient-summary", "The gradients")
    author.table(
        "tab-gradients",
        "The gradients of cross-entropy for targets that sum to one",
        ("with respect to", "one sample", "a batch of $N$", "theorems"),
        (
            ("logits", r"$\bph - \mathbf{y}$", "the same, a row each", "[#cross_entropy.corollary]"),
            (
                "weights",
                r"$(\bph - \mathbf{y})\, \mathbf{x}^T$",
                r"$\frac{1}{N} (\bPh - \mathbf{Y})^T \mathbf{X}$",
                "[#cross_entropy.weights], [#cross_entropy.batch-weights]",
            ),
            (
                "biases",
                r"$\bph - \mathbf{y}$",
                r"$\frac{1}{N} (\bPh - \mathbf{Y})^T \mathbf{1}$",
                "[#cross_entropy.bias], [#cross_entropy.batch-bias]",
            ),
        ),
    )
    author.subsection("key-insight", "The key insight")
    author.say("**The gradient is what was predicted minus what is true.**")
    author.recall("cross_entropy.corollary")
    author.say("This short formula is why softmax with cross-entropy is used so widely.")
    with author.note("note", "Three perspectives"):
        author.bullets(
            "**Statistical**: the likelihood of the observed labels is maximised ([#cross-entropy-is-mean-nll]).",
            "**Information-theoretic**: the cost of coding is minimised ([#cross-entropy-at-least-entropy]).",
            "**Geometric**: the divergence between two distributions is measured ([#kl-is-a-distance]).",
            numbered=True,
        )
