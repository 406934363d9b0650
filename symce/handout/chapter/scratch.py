"""From scratch: softmax regression in NumPy, what its logarithm hides, and the generated kernels."""

from __future__ import annotations

from symce.handout.author import Author
from symce.handout.material import Material
from symce.listings.kernels import kernel_listing
from symce.targets.numpy import NumpyTarget


def write(author: Author, material: Material) -> None:
    runs = material.runs
    author.section("scratch", "From scratch in NumPy")
    author.say(
        r"Softmax regression needs no library of automatic differentiation: the key is $\partial \mathcal{L} / \partial"
        r" \mathbf{z} = \bph - \mathbf{y}$ ([#cross_entropy.corollary]) and the two matrix products of [#batch]."
    )
    author.run(runs["softmax_regression_numpy"])
    with author.note("warning", "log(p + 1e-10)"):
        author.say(
            r"A small number below the logarithm avoids $\log 0$, at a price: the loss stops growing at"
            r" $-\log 10^{-10} \approx 23.03$, it is negative for a prediction that is certain, and its gradient is not"
            r" $\bph - \mathbf{y}$ any more. Subtracting the largest logit and taking the logarithm of the *sum* needs"
            " no such number."
        )
    author.figure(material.figures["clamped-log"])
    author.run(runs["clipped_logarithm"])
    author.subsection("kernels", "The generated kernels")
    author.say(
        "From the closed forms of this chapter symce writes kernels. Each subexpression is in a form that neither"
        r" overflows nor cancels: $-\log \ph_k$ as the distance to the largest logit plus `log1p` of the rest, $1 -"
        r" \ph_c$ as the sum of the others."
    )
    (text,) = NumpyTarget().render(material.kernel("cross_entropy")).values()
    author.code(
        "lst-kernel", "Cross-entropy of a block of rows, as it was generated", kernel_listing(text, "value_and_grad")
    )
    author.run(runs["symce_kernels"])
