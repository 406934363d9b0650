"""Laws that are followed where a softmax is computed, or a vector as a whole: they rewrite no node."""

from __future__ import annotations

from sympy import Expr, exp, log

from symce.algebra.binders import FiniteSum, LogSumExp
from symce.kernel.stability.letters import A, E, R, T, k, m, p, p_c, p_other, x, z
from symce.rules import laws
from symce.rules.rule import Rule


def _never(expr: Expr) -> Expr | None:
    """These laws are followed where a softmax is computed; they rewrite no node of an expression."""
    return None


SOFTMAX_BY_GAP = Rule(
    name="softmax-by-gap",
    law=(p, E[k] / (1 + R)),
    why="The largest exponent is 0, so that nothing overflows; the rounding error of z_k - m is kept and made up for, "
    "since the exponential would make it as many ulps as the gap is wide.",
    rewrite=_never,
)

LOGSUMEXP_BY_GAP = Rule(
    name="logsumexp-by-gap",
    law=(LogSumExp(z[k], k), m + log(1 + R)),
    why="The largest exponent is 0, so that nothing overflows, and log1p keeps an R that is small beside 1.",
    rewrite=_never,
)

SHIFT_BEFORE_DIVISION = Rule(
    name="shift-before-division",
    law=(exp(z[k] / T - m / T), exp((z[k] - m) / T)),
    why="z/T rounds to as many ulps as the logits are large; the difference is taken first, and the rounding errors of "
    "both are made up for.",
    rewrite=_never,
)

DIRECTION_FROM_TOP = Rule(
    name="direction-from-the-largest",
    law=(
        laws.v[k] - FiniteSum(p * laws.v[k], k),
        (laws.v[k] - laws.v[A]) - FiniteSum(p * (laws.v[k] - laws.v[A]), k),
    ),
    why="Where a shift of all logits changes nothing, neither does one of v: with 0 at the largest class, the mean "
    "of v holds nothing that cancels there.",
    rewrite=_never,
)

TRUE_CLASS_APART = Rule(
    name="true-class-apart",
    law=(p_other * (1 - p_c) ** x, p_other / (1 - p_c) * (1 - p_c) ** (x + 1)),
    why="A negative power of 1 - p_c is infinite where p_c rounds to 1, beside a factor that is 0 there. Each class's "
    "share of the others, and -log p_c over 1 - p_c, are finite everywhere, and no negative power remains.",
    rewrite=_never,
)
