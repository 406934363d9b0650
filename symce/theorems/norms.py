"""How long the gradient is: in the maximum norm 1 - p_c, in the 1-norm twice that, in the 2-norm at most sqrt 2."""

from __future__ import annotations

from sympy import Abs, Expr, KroneckerDelta

from symce.algebra.binders import FiniteSum
from symce.algebra.functions import Softmax
from symce.algebra.indices import c, j
from symce.derivation.model import y, z
from symce.derivation.proof import Builder, Kind, Proof
from symce.rules import CATALOGUE
from symce.rules.targets import sums_to_one

p_j, p_c = Softmax(z, j), Softmax(z, c)
delta = KroneckerDelta(c, j)
difference = p_j - delta


def prove() -> tuple[Proof, ...]:
    """The three norms of p - y for a one-hot y; the bound for any distribution y."""
    return (largest_entry(), sum_of_magnitudes(), square(), square_from_below(), square_from_above(), bound())


def largest_entry() -> Proof:
    """|p_j - y_j| <= 1 - p_c for every j, and equal for j = c."""
    builder = _cases("largest-entry", "the largest entry of the gradient for a one-hot target", Abs(difference))
    builder.bound(CATALOGUE["another-class"], "<=")
    builder.apply(CATALOGUE["expand"])
    return builder.proof()


def sum_of_magnitudes() -> Proof:
    """sum_j |p_j - y_j| = 2 (1 - p_c)."""
    builder = _cases(
        "sum-of-magnitudes", "the 1-norm of the gradient for a one-hot target", FiniteSum(Abs(difference), j)
    )
    _sum_up(builder)
    builder.apply(CATALOGUE["common-factor"])
    return builder.proof()


def square() -> Proof:
    """sum_j (p_j - y_j)^2 = 1 - 2 p_c + sum_j p_j^2."""
    builder = Builder(
        "square-of-the-gradient",
        "theorem",
        "the squared 2-norm of the gradient for a one-hot target",
        FiniteSum(difference**2, j),
    )
    builder.apply(CATALOGUE["distribute-in-sum"])
    builder.apply(CATALOGUE["sum-linearity"])
    builder.apply(CATALOGUE["delta-contraction"])
    builder.apply(CATALOGUE["sum-of-a-constant"])
    return builder.proof()


def square_from_below() -> Proof:
    """sum_j (p_j - y_j)^2 >= (1 - p_c)^2."""
    builder = _cases("square-from-below", "the 2-norm of the gradient from below", FiniteSum(difference**2, j))
    first = FiniteSum(delta * (1 - p_c) ** 2, j)
    rest = FiniteSum((1 - delta) * p_j**2, j)
    builder.record(CATALOGUE["sum-linearity"], first + rest)
    builder.record(CATALOGUE["not-negative"], first, ">=")
    builder.apply(CATALOGUE["delta-contraction"])
    return builder.proof()


def square_from_above() -> Proof:
    """sum_j (p_j - y_j)^2 <= 2 (1 - p_c)^2."""
    builder = _cases("square-from-above", "the 2-norm of the gradient from above", FiniteSum(difference**2, j))
    builder.bound(CATALOGUE["another-class"], "<=")
    _sum_up(builder)
    builder.apply(CATALOGUE["common-factor"])
    return builder.proof()


def bound() -> Proof:
    """sum_j (p_j - y_j)^2 <= 2 for every distribution y."""
    builder = Builder(
        "square-at-most-two",
        "theorem",
        "the squared 2-norm of the gradient for any target that sums to one",
        FiniteSum((p_j - y[j]) ** 2, j),
    )
    builder.apply(CATALOGUE["distribute-in-sum"])
    builder.apply(CATALOGUE["sum-linearity"])
    crossed = FiniteSum(p_j * y[j], j)
    builder.record(CATALOGUE["not-negative"], builder.current + 2 * crossed, "<=")
    builder.bound(CATALOGUE["square-of-probability"], "<=")
    builder.apply(CATALOGUE["softmax-sums-to-one"])
    builder.apply(sums_to_one(y))
    return builder.proof()


def _cases(name: str, title: str, statement: Expr, kind: Kind = "theorem") -> Builder:
    builder = Builder(name, kind, title, statement)
    builder.apply(CATALOGUE["distance-to-one-hot"])
    return builder


def _sum_up(builder: Builder) -> None:
    names = ("sum-linearity", "delta-contraction", "distribute-in-sum", "softmax-sums-to-one")
    builder.cycle([CATALOGUE[n] for n in names])
