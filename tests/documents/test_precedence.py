"""Property: what is printed, read by the conventions of the page, has the value of what was printed."""

from __future__ import annotations

import ast

import mpmath as mp
from documents.readers import Latex, ascii_value
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from numeric import Point, evaluate
from sympy import Expr, IndexedBase, Integer, KroneckerDelta, Rational, Symbol, exp, log, sqrt, tanh

from symce.algebra.binders import FiniteSum
from symce.algebra.functions import Softmax
from symce.algebra.indices import ClassIndex, K, c, j
from symce.algebra.latex import latex
from symce.algebra.nodes import Product
from symce.algebra.text import text

z, y, alpha = IndexedBase("z", real=True), IndexedBase("y", real=True), IndexedBase("alpha", real=True)
gamma, eps = Symbol("gamma", positive=True), Symbol("eps", positive=True)
k, m = ClassIndex("k"), ClassIndex("m")
POINT = Point(3, {c: 2, j: 1})

_letters = st.sampled_from([Softmax(z, c), Softmax(z, j), y[j], y[c], alpha[c], gamma, eps, K, KroneckerDelta(c, j)])
_numbers = st.sampled_from([Integer(1), Integer(2), Integer(-3), Rational(1, 2), Rational(-2, 3)])
_leaves = _letters | _numbers
_varying = st.sampled_from([Softmax(z, k), y[k], alpha[k], KroneckerDelta(k, j), Softmax(z, j), Integer(2)])


def _grow(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    pair = st.tuples(inner, inner)
    return st.one_of(
        pair.map(lambda ab: ab[0] + ab[1]),
        pair.map(lambda ab: ab[0] - ab[1]),
        pair.map(lambda ab: ab[0] * ab[1]),
        pair.map(lambda ab: Product(*ab)),
        st.tuples(inner, st.sampled_from([Integer(2), Integer(-1), Integer(-2), gamma, gamma - 1, -gamma])).map(
            lambda ae: ae[0] ** ae[1]
        ),
        inner.map(log),
        inner.map(exp),
        inner.map(tanh),
        inner.map(sqrt),
        st.tuples(_varying, inner).map(lambda va: FiniteSum(va[0] * va[1], k)),
        st.tuples(_varying, inner).map(lambda va: FiniteSum(va[0] + va[1], k)),
        st.tuples(_varying, _varying, inner).map(lambda v: FiniteSum(v[0] * FiniteSum(v[1] * v[2] + v[0], m), k)),
    )


EXPRESSIONS = st.recursive(_leaves, _grow, max_leaves=8)


def _reference(expr: Expr) -> mp.mpf:
    try:
        value = evaluate(expr, POINT)
    except (ZeroDivisionError, OverflowError, ValueError, KeyError, MemoryError):  # a tower of exponentials
        assume(False)
    assume(mp.isfinite(value) and 1e-9 < abs(value) < 1e9)
    return value


def _agree(value: mp.mpf, reference: mp.mpf, what: str) -> None:
    assert abs(value - reference) <= 1e-20 * abs(reference), what


@given(EXPRESSIONS)
@settings(max_examples=250)
@example(log(Softmax(z, c)) * (1 - y[c]))
@example(log(FiniteSum(y[k], k)) * FiniteSum(Softmax(z, k), k))
@example(FiniteSum(y[k], k) * (1 + FiniteSum(Softmax(z, k) ** 2, k)) / K)
@example(Product(-y[j] / Softmax(z, j), Softmax(z, j) * (KroneckerDelta(c, j) - Softmax(z, j))))
@example((y[j] / gamma) ** 2 * exp(-(gamma - 1)))
@example(tanh(y[j] / gamma) ** 2)
def test_latex_has_the_parentheses_it_needs(expr: Expr) -> None:
    reference = _reference(expr)
    printed = latex(expr)
    _agree(Latex(printed).read()(POINT), reference, f"{printed}\n{expr}")


@given(EXPRESSIONS)
@settings(max_examples=250)
@example(gamma / (y[j] * Softmax(z, j)))
@example((1 - y[j]) ** (gamma - 1) / (1 / y[c] + 1))
def test_ascii_has_the_parentheses_it_needs(expr: Expr) -> None:
    reference = _reference(expr)
    printed = text(expr, ascii=True)
    _agree(ascii_value(ast.parse(printed, mode="eval"), POINT), reference, f"{printed}\n{expr}")


def test_the_reader_is_not_blind_to_a_missing_parenthesis() -> None:
    right, wrong = Latex(r"y_j (1 - y_c)").read()(POINT), Latex(r"y_j 1 - y_c").read()(POINT)
    assert abs(right - wrong) > 1e-3
