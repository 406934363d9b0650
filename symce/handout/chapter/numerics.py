"""Why the code computes cross-entropy so: what a textbook's formula loses in floating point, and what keeps it."""

from __future__ import annotations

import numpy as np

from symce.figures.letters import latex_number
from symce.figures.rows import Array
from symce.handout.author import Author
from symce.handout.digits import DTYPE, MARGINS, Place, by_kernel, exactly, number, numpy_kernel
from symce.handout.material import Material
from symce.handout.reasons import TITLE, Reasons
from symce.losses import catalogue

LABEL = "numerics"
HEAD = ("margin", "exact", "by the formula", "by the kernel")
#: the bits of a number's digits, in float32 and float64
BITS = {"float32": 24, "float64": 53}


def write(author: Author, material: Material) -> None:
    author.section(LABEL, TITLE)
    author.subsection("lost-digits", "What the formula loses")
    author.say(
        r"$\bph - \mathbf{y}$ is a theorem, and in floating point a trap. Where a prediction is right, $\ph_c$ is so"
        r" near to 1 that it rounds to 1: from then on $\ph_c - 1$ is 0, and so is $-\log \ph_c$, with or without a"
        " small number added to it. [#tab-digits] and [#tab-digits-gradient] take the formulas of"
        " [#lst-softmax_regression_numpy], word by word, in the float32 of training."
    )
    loss, derivative = _rows(material)
    place = "the logit of the true class stands above that of the one other class by the margin"
    author.table(
        "tab-digits",
        rf"Cross-entropy where {place}: exactly, by $-\log(\ph_c + 10^{{-10}})$ in float32, and by the kernel in"
        " float32",
        HEAD,
        loss,
        numeric=(0, 1, 2, 3),
    )
    author.table(
        "tab-digits-gradient",
        r"Its derivative by the logit of the true class, at the same places: exactly, by $\ph_c - 1$ in float32, and by"
        " the kernel in float32",
        HEAD,
        derivative,
        numeric=(0, 1, 2, 3),
    )
    limits = {dtype: latex_number((bits * np.log(2)).item()) for dtype, bits in BITS.items()}
    author.say(
        rf"With two classes $\ph_c$ rounds to 1 from a margin of ${BITS['float32']} \log 2 \approx {limits['float32']}$"
        rf" on in float32, and of ${BITS['float64']} \log 2 \approx {limits['float64']}$ in float64. Digits go long"
        rf" before: below 1 the numbers of float32 are $2^{{-24}} \approx {latex_number(2.0**-24, 2)}$ apart, and at a"
        r" margin of 10 the difference is not a thousand times as much."
    )
    author.subsection("laws-of-the-kernel", "The laws that the kernel follows")
    derivation = material.derivation("cross_entropy")
    Reasons(author).rules(derivation.model, material.kernel("cross_entropy"), "laws-of-the-kernel")
    author.say(
        "So what the kernel computes in these tables is within a few units of the last place of the exact number."
        " What is promised of every loss and precision stands in symce's `docs/numerics.md`, and"
        " `python -m symce verify --accuracy` measures it."
    )


def textbook(logits: Array, true: int) -> tuple[float, float]:
    """The loss and its derivative by the logit of the true class as the chapter's own softmax regression has them."""
    exp_z = np.exp(logits - np.max(logits))
    probs = exp_z / np.sum(exp_z)
    return float(-np.log(probs + 1e-10)[true]), float((probs - np.eye(len(probs), dtype=probs.dtype)[true])[true])


def _rows(material: Material) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """The rows of both tables: of the loss, of its derivative by the logit of the true class."""
    loss = catalogue()["cross_entropy"]
    module = numpy_kernel(material.kernel("cross_entropy"), loss)
    losses, derivatives = [], []
    for margin in MARGINS:
        place = Place(margin, np.array([margin, 0.0], dtype=DTYPE), 0, {})
        exact, formula, kernel = exactly(loss, place), textbook(place.logits, 0), by_kernel(loss, module, place)
        head = f"${latex_number(margin)}$"
        losses.append((head, *map(number, (exact.value, formula[0], kernel[0]))))
        derivatives.append((head, *map(number, (exact.gradient[0], formula[1], kernel[1][0]))))
    return losses, derivatives
