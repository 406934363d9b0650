"""Divergences: sums of terms that nearly cancel where two distributions are near each other."""

from __future__ import annotations

from sympy import Add, Expr, Indexed, IndexedBase, Mul, Symbol, exp, log

from symce.algebra.binders import FiniteSum
from symce.algebra.functions import Softmax
from symce.kernel.forms import Divergence, Excess, Probability, SoftmaxDivergence
from symce.kernel.stability.letters import is_softmax, k, p, z
from symce.kernel.stability.logarithms import softmax_of_exponential
from symce.rules import laws
from symce.rules.rule import Rule


def _divergence(expr: Expr) -> Expr | None:
    index, body = expr.open()
    factors = Mul.make_args(body)
    for position, logarithm in enumerate(factors):
        if not (isinstance(logarithm, log) and isinstance(logarithm.args[0], Mul)):
            continue
        weight = Mul(*factors[:position], *factors[position + 1 :])
        below = weight / logarithm.args[0]
        probabilities = {q for q in (weight, below) if is_softmax(q) and q.args[1] == index}
        vectors = {q for q in (weight, below) if isinstance(q, Indexed) and q.is_nonnegative and q.indices[0] == index}
        if len(probabilities) != 1 or len(vectors) != 1:
            continue
        (target,) = vectors
        excess = Excess(FiniteSum(target, index))
        terms = FiniteSum(Divergence(weight, below, log(weight / below)), index)
        return terms + excess if target == weight else terms - excess
    return None


DIVERGENCE = Rule(
    name="divergence-of-positive-terms",
    law=(
        FiniteSum(laws.y[k] * log(laws.y[k] / p), k),
        FiniteSum(laws.y[k] * log(laws.y[k] / p) - laws.y[k] + p, k) + FiniteSum(laws.y[k], k) - 1,
    ),
    why="Each term is then at least 0, and 0 only where y_k = p_k: near equality no term cancels another. What the "
    "target's rounding leaves of its sum less 1 is added exactly.",
    rewrite=_divergence,
    heads=(FiniteSum,),
)


def _softmax_divergence(expr: Expr) -> Expr | None:
    index, body = expr.open()
    factors = Mul.make_args(body)
    for position, weight in enumerate(factors):
        whole = softmax_of_exponential(weight) if isinstance(weight, exp) else None
        if not isinstance(whole, Probability) or whole.args[1] != index:
            continue
        u = whole.args[0]
        rest = Add.make_args(Mul(*factors[:position], *factors[position + 1 :]))
        logs = [t for t in rest if isinstance(-t, log) and is_softmax((-t).args[0]) and (-t).args[0].args[1] == index]
        if len(logs) == 1 and Add(*rest) == u.at(index) - u + logs[0]:
            return SoftmaxDivergence(u, (-logs[0]).args[0].args[0])
    return None


_u = IndexedBase("u", real=True)
_q, _delta = Softmax(_u, k), Symbol("delta", real=True)
_x_k = (z[k] - _u[k]) - FiniteSum(Softmax(_u, laws.l) * (z[laws.l] - _u[laws.l]), laws.l)
SOFTMAX_DIVERGENCE = Rule(
    name="divergence-of-two-softmaxes",
    law=(
        FiniteSum(_q * log(_q / p), k),
        log(1 + FiniteSum(_q * (exp(_x_k) - 1 - _x_k), k)),
    ),
    why="With x the difference of the two logits less its mean under q, each term is at least 0 and of second order: "
    "near equality the divergence, which is as small as x squared, keeps its digits and its sign.",
    rewrite=_softmax_divergence,
    heads=(FiniteSum,),
)
