"""The letters of the laws, and what the rewritings ask of expressions."""

from __future__ import annotations

from collections import Counter

from sympy import Expr, IndexedBase, KroneckerDelta, Symbol

from symce.algebra.binders import FiniteSum
from symce.algebra.functions import Softmax
from symce.algebra.indices import ClassIndex, c
from symce.kernel.forms import Share
from symce.rules import laws

A = ClassIndex("a")
m, R, x = Symbol("m", real=True), Symbol("R", positive=True), Symbol("x", real=True)
D, E = IndexedBase("D", nonnegative=True), IndexedBase("E", positive=True)
f = IndexedBase("f", real=True)
T = Symbol("T", positive=True)
#: the vector of a Hessian-vector product, less its entry at the largest class
FROM_TOP = IndexedBase("v_from_top", real=True)
k, j, p, z = laws.k, laws.j, laws.pk, laws.z
p_a, p_c, p_other = Softmax(z, A), laws.p_c, laws.pj


def without_top(body: Expr) -> Expr:
    """The sum over all classes but a."""
    return FiniteSum((1 - KroneckerDelta(A, k)) * body, k)


def is_softmax(expr: Expr) -> bool:
    return isinstance(expr, Softmax) and not isinstance(expr, Share)


def classes_in(expr: Expr) -> list[ClassIndex]:
    """The classes that an expression varies with, the row's first and the true class last."""
    found = {s for s in expr.free_symbols if isinstance(s, ClassIndex)}
    return sorted(found, key=lambda s: (s == c, str(s)))


def without(terms: tuple[Expr, ...], taken: tuple[Expr, ...]) -> list[Expr] | None:
    """The terms less those taken; None where one of them is not there."""
    left = Counter(terms)
    left.subtract(taken)
    return None if min(left.values()) < 0 else list(left.elements())
