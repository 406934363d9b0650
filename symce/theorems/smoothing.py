"""The two label smoothings are one: eps/(K - 1) to each other class, or eps/K to every class."""

from __future__ import annotations

from sympy import Expr, IndexedBase, KroneckerDelta, Symbol, cancel, collect

from symce.algebra.indices import K, c
from symce.algebra.nodes import Named
from symce.derivation.model import k
from symce.derivation.proof import Builder, Proof
from symce.rules import CATALOGUE
from symce.rules.calculus import DEFINITION

eps = Symbol("eps", nonnegative=True)
delta = KroneckerDelta(k, c)


def prove() -> tuple[Proof, ...]:
    """Each form, with the other's eps, is the other."""
    return (
        _converted(
            "others-to-uniform",
            "label smoothing among the others, as mixing with the uniform distribution",
            among_others(eps * (K - 1) / K),
        ),
        _converted(
            "uniform-to-others",
            "mixing with the uniform distribution, as label smoothing among the others",
            uniform(eps * K / (K - 1)),
        ),
    )


def among_others(amount: Expr) -> Expr:
    """1 - amount for the true class, amount/(K - 1) for each other (as textbooks have it)."""
    return delta * (1 - amount) + (1 - delta) * amount / (K - 1)


def uniform(amount: Expr) -> Expr:
    """(1 - amount) y_k + amount/K (PyTorch's form)."""
    return (1 - amount) * delta + amount / K


def _converted(name: str, title: str, target: Expr) -> Proof:
    label = Named(IndexedBase("q", real=True)[k], target)
    builder = Builder(name, "theorem", title, label)
    builder.record(DEFINITION, target)
    builder.cycle((CATALOGUE["expand"],))
    builder.record(CATALOGUE["collect"], collect(builder.current, delta, cancel))
    return builder.proof()
