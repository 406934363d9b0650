"""The negative log-likelihood and cross-entropy are the same loss."""

from __future__ import annotations

from symce.handout.author import Author
from symce.handout.material import Material


def write(author: Author, material: Material) -> None:
    prove = material.theorems
    author.section("equivalence", "The equivalence of NLL and cross-entropy")
    author.say("The cross-entropy loss of a batch is the mean of the cross-entropies of its samples.")
    author.theorem(prove["cross-entropy-is-mean-nll"], boxed=True)
    author.say("For one-hot labels this is the mean of $-\\log$ of the probability of the true class.")
    author.theorem(prove["mean-of-true-classes"], boxed=True)
    author.say(
        "A positive factor such as $1/N$ moves no minimum: maximum likelihood and least cross-entropy choose the same"
        " parameters. The two names look at one loss from two sides."
    )
    author.table(
        "tab-perspectives",
        "Why this matters",
        ("Perspective", "What is done", "Where it is shown"),
        (
            ("Statistical", "The likelihood of the labels is maximised", "[#cross-entropy-is-mean-nll]"),
            ("Information-theoretic", "The cost of coding is minimised", "[#cross-entropy-at-least-entropy]"),
            (
                "Optimisation",
                r"A loss that is convex in the logits, with the gradient $\bph - \mathbf{y}$",
                "[#convex-in-the-logits], [#cross_entropy.corollary]",
            ),
            ("Practical", "It trains a classifier of digits", "[#lst-softmax_regression_numpy]"),
        ),
    )
    with author.note("warning", "1/N, or the sum of the weights"):
        author.say(
            "With class weights a mean can divide by $N$ or by the sum of the weights of the true classes. These are"
            " different losses, and libraries differ: [#lst-class_weights] shows the numbers."
        )
