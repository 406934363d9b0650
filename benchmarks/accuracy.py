"""How many ulps symce, PyTorch, optax and scikit-learn are from the exact loss and gradient, regime by regime.

    python -m pip install jax optax scikit-learn     # beside symce[torch]; they are needed here alone
    python benchmarks/accuracy.py [--write]

Prints Markdown tables; with --write they replace what stands between the markers of docs/numerics.md. JAX runs on the
CPU. Each row is one that ``python -m symce verify --accuracy`` measures; what is exact, its oracle says.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from fresh import CHECKOUT, machine

from symce.losses import Loss, catalogue
from symce.verify.accuracy import Other, Plan, measure
from symce.verify.accuracy_report import Figure, worst
from symce.verify.case import Case
from symce.verify.peers import PEERS
from symce.verify.regimes import MARGINS

PAGE = CHECKOUT / "docs" / "numerics.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
DTYPES = ("float32", "float64")
SIZES = (3, 10)
#: the loss, the form of its target, its name here, and the gradient that is shown
TABLES = (
    ("cross_entropy", "index", "Cross-entropy of a class: value ; gradient at the true class", "gradient, true class"),
    ("cross_entropy", "dense", "Cross-entropy of a distribution: value ; gradient", "gradient"),
    ("bce_with_logits", "dense", "Binary cross-entropy on logits: value ; gradient", "gradient"),
    ("focal", "index", "Focal loss, gamma 0 to 5: value ; gradient at the true class", "gradient, true class"),
    ("softmax_entropy", "none", "Entropy of softmax: value ; gradient", "gradient"),
    ("kl_target_softmax", "dense", "KL(target || softmax): value ; gradient", "gradient"),
    ("distillation", "none", "Distillation from logits, T 0.07 to 7.7: value ; gradient", "gradient"),
)
FAR = tuple(m for m in MARGINS if m > 40)
#: lines of a table, and the regimes that each is the worst of
LINES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("N(0, 3)", ("ordinary",)),
    ("offset by 1e4", ("offset 1e4",)),
    ("right by 10", ("right by 10",)),
    ("right by 20, 40", ("right by 20", "right by 40")),
    ("right by 84 to 700", tuple(f"right by {m}" for m in FAR)),
    ("wrong by 10 to 40", tuple(f"wrong by {m}" for m in (10, 20, 40))),
    ("wrong by 84 to 700", tuple(f"wrong by {m}" for m in FAR)),
    ("apart by 10 to 40", tuple(f"margin {m}" for m in (10, 20, 40))),
    ("apart by 84 to 700", tuple(f"margin {m}" for m in FAR)),
    ("equal", ("equal",)),
    ("apart by ulps", ("ulp differences",)),
    ("one of 1e4 or more", ("huge 1e04", "huge 1e30", "huge 3e38", "huge 1e300")),
    ("half masked", ("half masked",)),
)
#: columns: how a figure's ``by`` and precision are called
COLUMNS = (
    ("numpy", "native"),
    ("torch", "native"),
    ("numpy", "wide"),
    ("PyTorch", ""),
    ("optax", ""),
    ("scikit-learn", ""),
)
HEADINGS = ("symce NumPy", "symce PyTorch", "symce wide", "PyTorch", "optax", "scikit-learn")


@dataclass(frozen=True)
class Implementation:
    """See symce.verify.accuracy.Other; ``call`` gives losses and gradient of logits, target and parameters, or None."""

    name: str
    call: Callable[[Case], tuple[Any, Any] | None]

    def run(self, case: Case) -> tuple[Any, Any] | None:
        if case.weight is not None or case.label_smoothing:
            return None
        found = self.call(case)
        return None if found is None else (np.asarray(found[0], np.float64), np.asarray(found[1], np.float64))


def optax(name: str) -> Implementation:
    """The loss as optax has it, with JAX's gradient."""
    import jax

    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp
    import optax as o

    def losses(z: Any, y: Any, a: Any) -> Any:
        if name == "cross_entropy" and y.dtype.kind == "i":
            return o.softmax_cross_entropy_with_integer_labels(z, y)
        if name == "cross_entropy":
            return o.softmax_cross_entropy(z, y)
        if name == "bce_with_logits":
            return o.sigmoid_binary_cross_entropy(z, y)
        if name == "kl_target_softmax":
            return o.kl_divergence(
                jax.nn.log_softmax(z), y if y.dtype.kind == "f" else jax.nn.one_hot(y, z.shape[1], dtype=z.dtype)
            )
        student, teacher = jax.nn.log_softmax(z / a["T"]), jax.nn.softmax(a["t"] / a["T"])
        return a["T"] ** 2 * o.kl_divergence(student, teacher)

    def call(case: Case) -> tuple[Any, Any] | None:
        if name not in ("cross_entropy", "bce_with_logits", "kl_target_softmax", "distillation"):
            return None
        z, y = jnp.asarray(case.logits), None if case.target is None else jnp.asarray(case.target)
        a = {n: jnp.asarray(x, z.dtype) for n, x in case.params.items()}
        return losses(z, y, a), jax.grad(lambda z: losses(z, y, a).sum())(z)

    return Implementation("optax", call)


def scikit_learn(name: str) -> Implementation:
    """The loss as scikit-learn's linear models and boosted trees compute it."""
    from sklearn._loss.loss import HalfBinomialLoss, HalfMultinomialLoss

    def call(case: Case) -> tuple[Any, Any] | None:
        if name == "cross_entropy" and case.form == "index":
            loss = HalfMultinomialLoss(n_classes=case.size)
            return loss.loss_gradient(case.target.astype(case.dtype), np.ascontiguousarray(case.logits))
        if name == "bce_with_logits":
            found = HalfBinomialLoss().loss_gradient(case.target.ravel(), case.logits.ravel())
            return tuple(a.reshape(case.logits.shape) for a in found)
        return None

    return Implementation("scikit-learn", call)


def others(loss: Loss) -> list[Other]:
    """The implementations that a loss is compared with."""
    return [Implementation("PyTorch", PEERS[loss.name].run), optax(loss.name), scikit_learn(loss.name)]


def tables() -> Iterator[str]:
    """Every table, as Markdown."""
    found = []
    for name, form, title, gradient in TABLES:
        print(f"measuring {title.partition(':')[0]}", file=sys.stderr)
        loss = catalogue()[name]
        plan = Plan(dtypes=DTYPES, sizes=SIZES, forms=(form,))
        found.append((title, gradient, measure(loss, CHECKOUT / "generated", plan, others(loss)).figures))
    for dtype in DTYPES:
        for title, gradient, figures in found:
            own = [f for f in figures if f.key.dtype == dtype]
            yield f"**{title}, {dtype}**\n\n" + "\n".join(_table(own, gradient))


def _table(figures: Sequence[Figure], gradient: str) -> Iterator[str]:
    present = [
        c for c in COLUMNS if any((f.key.by, f.key.precision) == c and f.key.quantity == gradient for f in figures)
    ]
    yield "| logits | " + " | ".join(HEADINGS[COLUMNS.index(c)] for c in present) + " |"
    yield "|---|" + "---:|" * len(present)
    for line, regimes in LINES:
        cells = []
        for by, precision in present:
            own = [f for f in figures if (f.key.by, f.key.precision) == (by, precision) and f.key.regime in regimes]
            cells.append(" ; ".join(_cell([f for f in own if f.key.quantity == q]) for q in ("value", gradient)))
        if any(cell != " ; " for cell in cells):
            yield f"| {line} | " + " | ".join(cells) + " |"


def _cell(figures: Sequence[Figure]) -> str:
    """The worst error in ulps; 0!, NaN! and inf! where these came instead of a normal number."""
    if not figures:
        return ""
    f = worst(figures, figures[0].key)
    marks = [m for m, n in (("NaN!", f.nans), ("inf!", f.infinities), ("0!", f.zeros)) if n]
    if marks:
        return " ".join(marks)
    return _number(f.strict if f.of_terms >= f.strict / 2 or f.strict <= 1 else f.of_terms)


def _number(x: float) -> str:
    if not math.isfinite(x):
        return "wrong"
    return f"{x:.1f}" if x < 99.5 else f"{x:.0e}".replace("e+0", "e").replace("e+", "e")


def text() -> str:
    about = machine("numpy", "torch", "jax", "optax", "scikit-learn")
    head = f"Measured by `python benchmarks/accuracy.py` on: {about}. Worst errors in ulps of the exact"
    head += " result, or, where that is much less, of the terms that it is the sum of; 0! is 0 for a normal number."
    return "\n\n".join([head, *tables()])


def written(page: Path, content: str) -> None:
    """Put the content between the markers of a page. Raises ValueError where it has none."""
    old = page.read_text(encoding="utf-8")
    before, begin, rest = old.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page}: no {BEGIN} and {END} to write between; put these lines where the tables belong")
    page.write_text(f"{before}{BEGIN}\n{content}\n{END}{after}", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the tables into docs/numerics.md")
    asked = parser.parse_args()
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    content = text()
    if asked.write:
        written(PAGE, content)
    else:
        print(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
