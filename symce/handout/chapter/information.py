"""Cross-entropy in the language of information theory."""

from __future__ import annotations

import math

from symce.figures.rows import named, two_classes
from symce.handout.author import Author
from symce.handout.material import Material


def write(author: Author, material: Material) -> None:
    prove = material.theorems
    author.section("information", "Cross-entropy: the information-theoretic view")
    author.subsection("entropy-section", "Entropy and information")
    author.say(
        "An outcome of probability $p$ carries the information $-\\log p$: the less likely, the more. **Entropy** is"
        " the information that an outcome carries on average."
    )
    author.theorem(prove["entropy-is-expectation"])
    author.say(
        "It is least, namely 0, where the outcome is certain, and greatest, namely $\\log K$, where all classes are"
        " equally likely. Both are theorems, and both bounds are attained."
    )
    author.theorem(prove["entropy-at-least-zero"])
    author.theorem(prove["entropy-of-one-hot"])
    author.theorem(prove["entropy-at-most-log-k"])
    author.theorem(prove["entropy-of-uniform"])
    with author.note("note", "0 log 0"):
        author.say(
            "A class of probability 0 adds nothing: $t \\log t \\to 0$ as $t \\to 0$, and $0 \\log 0$ stands for that"
            " limit, in every formula and in every kernel."
        )
    author.subsection("cross-entropy-section", "Cross-entropy")
    author.say(
        r"If outcomes are drawn from $\bpt$ but coded as if they came from $\bqm$, an outcome of class $k$ takes"
        r" $-\log \qm_k$. **Cross-entropy** is the average."
    )
    author.theorem(prove["cross-entropy-is-expectation"])
    loss = float(named("cross_entropy").value(two_classes(0.25), 0)[0])
    with author.note("note", "Bits and nats"):
        author.say(
            "With the logarithm to base 2 the unit is the bit; with the natural logarithm, as everywhere in this"
            " chapter and in every library, it is the nat. One nat is $1/\\log 2 \\approx"
            f" {1 / math.log(2):.4f}$ bits: a true class of probability 0.25 costs {loss:.4f} nats, which are"
            f" {loss / math.log(2):.0f} bits."
        )
    author.subsection("in-classification", "Cross-entropy in classification")
    author.say(
        r"A label says which class is true, so its distribution is the one-hot vector $\mathbf{y}$ of the true class"
        r" $c$, and only one term of the sum is left."
    )
    author.theorem(prove["cross-entropy-of-one-hot"], boxed=True)
