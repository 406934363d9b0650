"""The connection with the Kullback-Leibler divergence."""

from __future__ import annotations

from symce.handout.author import Author
from symce.handout.material import Material


def write(author: Author, material: Material) -> None:
    prove = material.theorems
    author.section("divergence", "The connection with the Kullback-Leibler divergence")
    author.say(
        r"The **Kullback-Leibler divergence** (relative entropy) is what coding with $\bqm$ costs beyond the least"
        r" possible, on average over outcomes that are drawn from $\bpt$."
    )
    author.theorem(prove["kl-decomposition"], boxed=True)
    author.say(
        r"So cross-entropy is the uncertainty that $\bpt$ has by itself, plus the extra cost of using $\bqm$ in its"
        r" place. That cost is never negative:"
    )
    author.theorem(prove["gibbs"], boxed=True)
    author.theorem(prove["cross-entropy-at-least-entropy"])
    author.say(r"It is 0 only where the two distributions are the same, for it is at least a squared distance:")
    author.theorem(prove["kl-is-a-distance"])
    with author.note("note", "A distance, and yet none"):
        author.say(
            r"The divergence measures how far $\bqm$ is from $\bpt$, but it is not symmetric: which of the two stands"
            " first matters. Code that calls a loss KL has to say which argument is which."
        )
    author.subsection("kl-in-classification", "With one-hot labels")
    author.say(
        r"The entropy of a one-hot vector is 0 ([#entropy-of-one-hot]): the label has no uncertainty of its own, and"
        " cross-entropy *is* the divergence from the true labels."
    )
    author.theorem(prove["kl-of-one-hot"], boxed=True)
    author.say(
        "Minimising cross-entropy is minimising the divergence from the labels. For labels that are distributions"
        " the two differ by the entropy of the labels, which no parameter changes: the gradients are the same."
    )
