"""Names that people give to what a derivation arrives at: entropy, cross-entropy, Kullback-Leibler divergence.

Each recognises one sum up to nothing but the name of its index, and puts a Named in its place.
"""

from __future__ import annotations

from collections.abc import Callable

from sympy import Expr, Function, Indexed, Mul, Symbol, log

from symce.algebra.binders import FiniteSum
from symce.algebra.functions import Softmax
from symce.algebra.indices import ClassIndex
from symce.algebra.nodes import Named
from symce.rules import laws as L
from symce.rules.rule import Rule

_P = Symbol("p")


def _vector(entry: Expr, index: Expr) -> Symbol | None:
    """The vector that an entry belongs to, under the name that documents print; None if it is no entry."""
    if isinstance(entry, Softmax) and entry.args[1] == index:
        return _P
    if isinstance(entry, Indexed) and entry.indices == (index,):
        return Symbol(str(entry.base))
    return None


def _weighted_log(body: Expr, index: Expr) -> tuple[Expr, Expr] | None:
    """(f, t) of a body f * log(t), with f an entry of a vector; None if it is not of that form."""
    factors = Mul.make_args(body)
    if len(factors) == 2:
        logs = [f for f in factors if isinstance(f, log)]
        rest = [f for f in factors if not isinstance(f, log)]
        if len(logs) == 1 and _vector(rest[0], index) is not None:
            return rest[0], logs[0].args[0]
    return None


def _recognise(name: str, sign: int, ratio: bool) -> Callable[[Expr], Expr | None]:
    def rewrite(expr: Expr) -> Expr | None:
        if not isinstance(expr, FiniteSum):
            return None
        index, body = expr.open()
        parts = _weighted_log(body, index)
        if parts is None:
            return None
        first, argument = parts
        second = first / argument if ratio else argument
        one, other = _vector(first, index), _vector(second, index)
        if one is None or other is None or (name == "H" and not ratio and _crosses(one, other)):
            return None
        label = Function(name)(one) if one == other else Function(name)(one, other)
        return sign * Named(label, sign * expr)

    return rewrite


def _crosses(one: Symbol, other: Symbol) -> bool:
    # a cross-entropy with the roles exchanged, sum_k p_k log y_k, goes by no name
    return bool(one == _P and other != _P)


def _expectation(expr: Expr) -> Expr | None:
    """-sum_k p_k log q_k, as the expectation of -log q_X."""
    if (
        not isinstance(expr, Mul)
        or len(expr.args) != 2
        or expr.args[0] != -1
        or not isinstance(expr.args[1], FiniteSum)
    ):
        return None
    index, body = expr.args[1].open()
    parts = _weighted_log(body, index)
    if parts is None:
        return None
    one, other = (_vector(part, index) for part in parts)
    return None if one is None or other is None else Named(Function("E")(one, other), expr)


_k = ClassIndex("k")
RULES: tuple[Rule, ...] = (
    Rule(
        "name-kl-divergence",
        (
            FiniteSum(L.pk * log(L.pk / L.y[_k]), _k),
            Named(Function("KL")(_P, Symbol("y")), FiniteSum(L.pk * log(L.pk / L.y[_k]), _k)),
        ),
        "The Kullback-Leibler divergence, by its definition.",
        _recognise("KL", 1, ratio=True),
        coq="reflexivity",
        heads=(FiniteSum,),
    ),
    Rule(
        "name-entropy",
        (
            FiniteSum(L.pk * log(L.pk), _k),
            -Named(Function("H")(_P), -FiniteSum(L.pk * log(L.pk), _k)),
        ),
        "Entropy (of one distribution) or cross-entropy (of two), by its definition.",
        _recognise("H", -1, ratio=False),
        coq="reflexivity",
        heads=(FiniteSum,),
    ),
    Rule(
        "expectation",
        (
            -FiniteSum(L.true[_k] * log(L.model[_k]), _k),
            Named(Function("E")(Symbol("true"), Symbol("model")), -FiniteSum(L.true[_k] * log(L.model[_k]), _k)),
        ),
        "The sum of the values, each times its probability, is the expectation.",
        _expectation,
        coq="reflexivity",
        heads=(Mul,),
    ),
)
