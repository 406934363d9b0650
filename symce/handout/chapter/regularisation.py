"""L2 regularisation."""

from __future__ import annotations

from symce.handout.author import Author
from symce.handout.material import Material


def write(author: Author, material: Material) -> None:
    layer = {proof.name: proof for proof in material.derivation("cross_entropy").linear}
    author.section("regularisation", "With L2 regularisation")
    author.say(
        r"A penalty of $\frac{\lambda}{2} \lVert \mathbf{W} \rVert_F^2$ keeps the weights small. It adds its own"
        r" gradient, $\lambda \mathbf{W}$, to that of the batch ([#cross_entropy.batch-weights]), whatever the loss is."
    )
    author.theorem(layer["l2"], scope="cross_entropy", boxed=True)
    author.say(
        "Plain gradient descent on the regularised loss is *weight decay*; with Adam the two differ. With a penalty"
        " that is positive the loss has exactly one minimum: what is convex plus what is strictly convex is strictly"
        " convex."
    )
