"""From a SymPy expression to the tree of presentation.py."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sympy import (
    Abs,
    Add,
    Basic,
    Expr,
    Float,
    Indexed,
    KroneckerDelta,
    Mul,
    Pow,
    Rational,
    S,
    Symbol,
    exp,
    log,
    sign,
    tanh,
)
from sympy.core.function import AppliedUndef

from symce.algebra.binders import Binder, FiniteProduct, LogSumExp
from symce.algebra.functions import Sigmoid, Softmax, Softplus
from symce.algebra.indices import Index
from symce.algebra.letters import P_HAT
from symce.algebra.nodes import Named, Partial, Product, Total
from symce.algebra.piecewise import ByCases, Where
from symce.algebra.presentation import (
    Bars,
    Big,
    Call,
    Cases,
    Derivative,
    Dot,
    Exp,
    Fraction,
    Letter,
    Node,
    Number,
    Of,
    Power,
    Root,
    Terms,
    quotient,
    size,
    terms,
)


@dataclass(frozen=True)
class Scope:
    """The indices that are in use at a place, and those of them that a sum binds."""

    taken: frozenset[Basic]
    bound: frozenset[Basic] = frozenset()

    def binding(self, index: Basic) -> Scope:
        return Scope(self.taken | {index}, self.bound | {index})


#: the longest function that stands on the fraction of its own derivative
SHORT = 3
_CALLS = {log: "log", tanh: "tanh", sign: "sign", Sigmoid: "sigma", Softplus: "softplus"}
_RELATIONS = {"==": "=", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


@lru_cache(maxsize=20_000)
def read(expr: Expr) -> Node:
    """The tree of an expression.

    Raises TypeError for a kind of node that symce has no notation for.
    """
    return _read(expr, Scope(frozenset(s for s in expr.free_symbols if isinstance(s, Index))))


def _read(expr: Any, scope: Scope) -> Node:
    match expr:
        case Named():
            return _label(expr.label, scope)
        case Total() | Partial():
            return _derivative(expr, scope)
        case Product():
            return Dot(_read(expr.outer, scope), _read(expr.inner, scope))
        case Binder():
            return _binder(expr, scope)
        case Softmax():
            return Letter(P_HAT, (_index(expr.args[1]),))
        case Sigmoid() if isinstance(expr.args[0], Indexed):
            return Letter("s", tuple(_index(i) for i in expr.args[0].indices))
        case KroneckerDelta():
            return Letter("delta", _delta(expr, scope))
        case Where():
            sides = [_read(a, scope) for a in expr.condition.args]
            relation = _RELATIONS[expr.condition.rel_op]
            return Cases(sides[0], relation, sides[1], _read(expr.then, scope), _read(expr.otherwise, scope))
        case ByCases():
            left, right = (Number(i) for i in _delta(expr.delta, scope))
            return Cases(left, "=", right, _read(expr.then, scope), _read(expr.otherwise, scope))
        case Indexed():
            return Letter(str(expr.base.name), tuple(_index(i) for i in expr.indices))
        case Symbol():
            return Letter(expr.name)
        case Rational() | Float():
            return _number(expr)
        case Add():
            return terms([_signed(t, scope) for t in expr.args])
        case exp():
            return Exp(_read(expr.args[0], scope))
        case Abs():
            inner = expr.args[0]
            # |p - y| reads better than |y - p|, of which SymPy keeps either
            turned = isinstance(inner, Add) and any(isinstance(-t, Softmax) for t in inner.args)
            return Bars(_read(-inner if turned else inner, scope))
        case Mul() | Pow():
            minus, node = _signed(expr, scope)
            return Terms(((True, node),)) if minus else node
        case AppliedUndef():
            return _applied(expr, scope)
    if expr.func in _CALLS:
        return Call(_CALLS[expr.func], _read(expr.args[0], scope))
    raise TypeError(f"there is no notation for {type(expr).__name__} ({expr}); give it one in symce/algebra/reading.py")


def _number(expr: Any) -> Node:
    if expr.is_negative:
        return Terms(((True, _number(-expr)),))
    if isinstance(expr, Float):
        return Number(str(expr))
    return quotient([Number(str(expr.p))], [Number(str(expr.q))]) if expr.q != 1 else Number(str(expr.p))


def _signed(expr: Any, scope: Scope) -> tuple[bool, Node]:
    """A term without its sign, and whether that is a minus."""
    if expr.is_Number and expr.is_negative:
        return True, _number(-expr)
    if not isinstance(expr, Mul | Pow):
        return _unsigned(_read(expr, scope))
    coefficient, rest = expr.as_coeff_Mul()
    minus = bool(coefficient.is_negative)
    coefficient = abs(coefficient)
    above: list[Node] = [] if coefficient.p == 1 else [Number(str(coefficient.p))]
    below: list[Node] = [] if coefficient.q == 1 else [Number(str(coefficient.q))]
    for factor in Mul.make_args(rest):
        if factor is S.One:
            continue
        if isinstance(factor, Pow) and factor.exp.is_Number and factor.exp.is_negative:
            below.append(_power(factor.base, -factor.exp, scope))
        elif isinstance(factor, Pow):
            above.append(_power(factor.base, factor.exp, scope))
        else:
            negative, node = _unsigned(_read(factor, scope))
            minus ^= negative
            above.append(node)
    return minus, quotient(above, below)


def _unsigned(node: Node) -> tuple[bool, Node]:
    """A negative without its sign, and True; anything else as it is, and False."""
    if isinstance(node, Terms) and len(node.terms) == 1:
        return node.terms[0]
    return False, node


def _power(base: Any, exponent: Any, scope: Scope) -> Node:
    node = _read(base, scope)
    if exponent is S.One:
        return node
    if exponent is S.Half:
        return Root(node)
    return Power(node, _read(exponent, scope))


def _binder(expr: Any, scope: Scope) -> Node:
    index, body = expr.open(scope.taken)
    inner = _read(body, scope.binding(index))
    if isinstance(expr, LogSumExp):
        return Call("log", Big(_index(index), str(index.size), Exp(inner)))
    if isinstance(expr, FiniteProduct):
        return Big(_index(index), str(index.size), inner, "prod")
    if isinstance(inner, Terms) and len(inner.terms) == 1:
        return Terms(((True, Big(_index(index), str(index.size), inner.terms[0][1])),))
    return Big(_index(index), str(index.size), inner)


def _label(label: Any, scope: Scope) -> Node:
    if isinstance(label, AppliedUndef):
        return Of(type(label).__name__, tuple(P_HAT if str(a) == "p" else str(a) for a in label.args))
    return _read(label, scope)


def _derivative(expr: Any, scope: Scope) -> Node:
    by = [_read(expr.variable, scope)]
    function = expr.function
    while isinstance(function, Named) and isinstance(function.label, Total | Partial):
        by.insert(0, _read(function.label.variable, scope))
        function = function.label.function
    of = _read(function, scope)
    bracket = size(of) > SHORT or isinstance(of, Terms | Fraction | Exp | Big)
    return Derivative(of, tuple(b for b in by if isinstance(b, Letter)), bracket)


def _applied(expr: Any, scope: Scope) -> Node:
    if len(expr.args) == 1 and not isinstance(expr.args[0], Symbol):
        return Call(type(expr).__name__, _read(expr.args[0], scope))
    return _label(expr, scope)


def _index(index: Any) -> str:
    return str(index.name) if isinstance(index, Symbol) else str(index)


def _delta(expr: Any, scope: Scope) -> tuple[str, ...]:
    """The true class first, then the index of a sum; the index of a derivative (j, or l beside j) last."""
    beside = {_index(a) for a in expr.args} == {"j", "l"}

    def rank(index: Any) -> tuple[bool, bool, bool, str]:
        name = _index(index)
        return (name != "c", index not in scope.bound, name == "j" and not beside, name)

    return tuple(_index(a) for a in sorted(expr.args, key=rank))
