"""The gradient of a batch, and what gradients of cross-entropy are like."""

from __future__ import annotations

import numpy as np

from symce.figures.rows import Array, named, softmax, two_classes
from symce.handout.author import Author
from symce.handout.material import Material


def write(author: Author, material: Material) -> None:
    prove = material.theorems
    layer = {proof.name: proof for proof in material.derivation("cross_entropy").linear}
    author.section("batch", "The gradient of a batch")
    author.say(
        r"A batch has $N$ samples, one row of $\mathbf{X} \in \mathbb{R}^{N \times D}$ each, with predictions $\bPh$"
        r" and targets $\mathbf{Y}$ in $\mathbb{R}^{N \times K}$. Its loss is the sum of the samples' losses over a"
        r" denominator $M$, which is $N$ for a plain mean."
    )
    author.theorem(layer["batch-weights"], scope="cross_entropy", boxed=True)
    author.theorem(layer["batch-bias"], scope="cross_entropy", boxed=True)

    author.subsection("gradient-sum", "The entries add up to zero")
    author.say(
        "Logits matter only through their differences: adding a number to all of them changes no probability. So no"
        " gradient moves all logits together. That is true of cross-entropy and of every loss of the probabilities."
    )
    author.theorem(prove["gradient-sums-to-zero"])
    author.theorem(prove["gradient-sums-to-zero-for-any-loss"])

    author.subsection("gradient-direction", "Direction")
    author.say("A step against the gradient raises the logit of the true class and lowers every other one.")
    author.theorem(prove["slope-of-the-true-class"])
    author.theorem(prove["slope-of-the-other-classes"])
    author.say(r"So the margin between the true class and any other grows, at the rate $1 - \ph_c + \ph_j$ at first.")
    author.theorem(prove["margin-grows"])

    author.subsection("gradient-size", "Magnitude")
    _magnitude(author, material)
    author.subsection("gradient-bound", "Boundedness, and where it ends")
    _bound(author, material)


def _magnitude(author: Author, material: Material) -> None:
    prove = material.theorems
    author.say(
        r"How large a gradient is depends on the norm. The largest entry is that of the true class, $1 - \ph_c$; the"
        " others together weigh as much, so that the 1-norm is twice that; the 2-norm lies between the largest entry"
        r" and $\sqrt{2}$ times it."
    )
    author.theorem(prove["largest-entry"])
    author.theorem(prove["sum-of-magnitudes"])
    author.theorem(prove["square-of-the-gradient"])
    author.theorem(prove["square-from-below"])
    author.theorem(prove["square-from-above"])
    cross_entropy = named("cross_entropy")
    rows = []
    readings = {0.99: "confident and right: a small update", 0.5: "uncertain: a moderate update"}
    readings[0.01] = "confident and wrong: a large update"
    for p, words in readings.items():
        two = cross_entropy.gradient(two_classes(p), 0)[0]
        ten = cross_entropy.gradient(_spread(p, 10), 0)[0]
        cells = [f"{np.abs(two).max():.2f}", f"{np.abs(two).sum():.2f}"]
        rows.append((f"{p:g}", *cells, f"{np.linalg.norm(two):.4f}", f"{np.linalg.norm(ten):.4f}", words))
    author.table(
        "tab-magnitude",
        "The gradient of cross-entropy at three predictions. The 2-norm depends on how the rest is divided: all of it"
        " in one other class, or evenly among nine",
        (r"$\ph_c$", "largest entry", "1-norm", "2-norm, one other", "2-norm, nine others", "reading"),
        rows,
        numeric=(0, 1, 2, 3, 4),
    )
    author.say(
        "The familiar numbers 0.01, 0.50 and 0.99 are the largest entry: the maximum norm, and neither of the others."
    )
    author.figure(material.figures["gradient-magnitude"])


def _bound(author: Author, material: Material) -> None:
    author.theorem(material.theorems["square-at-most-two"], boxed=True)
    author.say(
        r"So $\lVert \bph - \mathbf{y} \rVert_2 \le \sqrt{2}$, for every target that is a distribution, smoothed ones"
        " included: one sample can never throw the parameters far, which helps training to be stable. The bound is a"
        " property of cross-entropy, not of its variants:"
    )
    wrong = np.array([-30.0, 30.0])
    weighted = named("weighted_cross_entropy")
    shape = np.ones(2)
    rows = [("cross-entropy", "two logits, as wrong as can be", _norm(named("cross_entropy").gradient(wrong, 0)))]
    rows.append(("weighted, $w_c = 3$", "the same", _norm(weighted.at(w=3 * shape).gradient(wrong, 0))))
    worst, at = _worst_focal()
    rows.append((r"focal, $\gamma = 2$", rf"two logits, $\ph_c = {at:.3f}$", worst))
    author.table(
        "tab-bound",
        rf"The 2-norm of the gradient, beside the bound $\sqrt{{2}} \approx {np.sqrt(2):.4f}$",
        ("loss", "where", "2-norm", "within the bound"),
        [
            (loss, where, f"{norm:.4f}", "yes" if norm <= np.sqrt(2) * (1 + 1e-12) else "**no**")
            for loss, where, norm in rows
        ],
        numeric=(2,),
    )
    author.say(
        "A weight multiplies the gradient and so the bound; focal loss exceeds it by itself, since its slope in the"
        r" middle is steeper than that of cross-entropy ([#fig-sqrt-two])."
    )
    author.figure(material.figures["sqrt-two"])


def _spread(p: float, classes: int) -> Array:
    """Logits whose softmax gives class 0 the probability p and each other class the same."""
    logits = np.full(classes, np.log((1 - p) / (classes - 1)))
    logits[0] = np.log(p)
    return logits


def _norm(gradient: Array) -> float:
    return float(np.linalg.norm(gradient))


def _worst_focal() -> tuple[float, float]:
    """The largest 2-norm of focal loss's gradient with two classes, and the probability where it is."""
    logits = np.stack([np.zeros(4001), np.linspace(0, 8, 4001)], axis=1)
    norms = np.linalg.norm(named("focal").at(gamma=2.0).gradient(logits, 0), axis=1)
    best = int(norms.argmax())
    return float(norms[best]), float(softmax(logits[best])[0, 0])
