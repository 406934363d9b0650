"""The shape of -log p."""

from __future__ import annotations

import math

from symce.figures.rows import named, two_classes
from symce.handout.author import Author
from symce.handout.material import Material

#: the probabilities of the true class at which the loss is shown
KEY_POINTS = (0.01, 0.1, 0.25, 0.5, 0.9, 0.99, 1.0)


def write(author: Author, material: Material) -> None:
    prove = material.theorems
    author.section("geometry", "Geometric interpretation")
    author.say(
        r"For a single sample with true class $c$ the loss is $\mathcal{L} = -\log \ph_c$. It is 0 for a prediction"
        r" that is certain and right; [#loss-from-below] says that it is for no other, [#loss-from-above] that it goes"
        r" to 0 as $\ph_c$ goes to 1."
    )
    author.theorem(prove["loss-from-below"])
    author.theorem(prove["loss-from-above"])
    author.say("A prediction that knows nothing gives every class the same logit, and costs $\\log K$:")
    author.theorem(prove["loss-at-uniform"])
    author.say(r"And no bound holds: as $\ph_c$ goes to 0, the loss goes to infinity.")
    author.theorem(prove["loss-is-unbounded"])
    author.figure(material.figures["neg-log"])
    values = named("cross_entropy").value(two_classes(list(KEY_POINTS)), 0)
    author.table(
        "tab-key-points",
        r"The loss at a few probabilities of the true class, in nats and in bits",
        (r"$\ph_c$", r"$-\log \ph_c$", "in bits"),
        [
            (f"{p:g}", f"{loss:.4f}", f"{loss / math.log(2):.4f}")
            for p, loss in zip(KEY_POINTS, values + 0.0, strict=True)
        ],
        numeric=(0, 1, 2),
    )
    author.say(
        "An untrained classifier should start near $\\log K$: "
        + ", ".join(f"{math.log(k):.4f} for {k:,} classes" for k in (2, 10, 1000))
        + ". A first loss that is far above says that the logits start too large."
    )
    author.figure(material.figures["loss-surface"])
