"""The matrix form of an index expression, where it has one: g_k x_d as ``\\mathbf{g} \\mathbf{x}^T``.

A way to print and nothing more: index notation is what symce calculates in. What has no customary matrix form has none
here either.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sympy import Add, Expr, Indexed, KroneckerDelta, Mul, Pow, S, log

from symce.algebra.binders import FiniteSum
from symce.algebra.functions import Sigmoid, Softmax
from symce.algebra.indices import Index, SampleIndex, c
from symce.algebra.latex import latex
from symce.algebra.letters import P_HAT, Symbols, latex_vector
from symce.algebra.nodes import Named, Partial, Total

#: a matrix form with more vectors, or more LaTeX, than this helps nobody
MOST, LONGEST = 8, 320


def matrix_form(expr: Expr, indices: Sequence[Index], symbols: Symbols | None = None) -> str | None:
    """LaTeX of the vector (one index) or matrix (two) with these entries; None where it has no customary form.

    ``(p_k - y_k) x_d`` with indices (k, d) gives ``(\\hat{\\boldsymbol{\\pi}} - \\mathbf{y}) \\mathbf{x}^T``.
    Raises ValueError for any other number of indices.
    """
    if len(indices) not in (1, 2):
        raise ValueError(f"a matrix form has one index or two, not {len(indices)}")
    writer = _Writer(symbols)
    try:
        form = writer.vector(expr, indices[0]) if len(indices) == 1 else writer.matrix(expr, *indices)
    except _NoFormError:
        return None
    vectors = len(re.findall(r"\\mathbf|\\boldsymbol", form.text))
    return form.text if vectors <= MOST and len(form.text) <= LONGEST else None


def matrix_derivative(statement: Expr, symbols: Symbols | None = None) -> tuple[str, tuple[Index, ...]] | None:
    """A derivative with respect to an entry as one with respect to the vector or matrix, and the entry's indices.

    None for anything but a derivative of a named function.
    """
    if not isinstance(statement, Total | Partial):
        return None
    variables: list[Indexed] = []
    function: Expr = statement
    while isinstance(function, Total | Partial):
        if not isinstance(function.variable, Indexed):
            return None
        variables.insert(0, function.variable)
        inner = function.function
        function = inner.label if isinstance(inner, Named) else inner
    indices = tuple(i for v in variables for i in v.indices)
    if not function.is_Symbol or c in indices:  # the true class is one entry, not any
        return None
    below = " ".join(rf"\partial {latex_vector(str(v.base), symbols)}" for v in variables)
    order = ""
    if len(variables) == 2:
        below, order = below + "^T", "^2"
    return rf"\frac{{\partial{order} {latex(function, symbols)}}}{{{below}}}", indices


class _NoFormError(Exception):
    """No customary matrix form."""


@dataclass(frozen=True)
class _Form:
    text: str
    atom: bool = True
    loose: bool = False  # a sum, or a product entry by entry: in brackets within a product of matrices

    @property
    def factor(self) -> str:
        return f"({self.text})" if self.loose else self.text

    @property
    def base(self) -> str:
        return self.text if self.atom else f"({self.text})"


@dataclass(frozen=True)
class _Writer:
    symbols: Symbols | None

    def vector(self, expr: Any, i: Index) -> _Form:
        name = _entry(expr, (i,))
        if name is not None:
            return _Form(latex_vector(name, self.symbols))
        if i not in expr.free_symbols:
            return _Form(r"\mathbf{1}") if expr is S.One else _Form(rf"{self.scalar(expr)} \mathbf{{1}}", atom=False)
        match expr:
            case KroneckerDelta():
                (other,) = [a for a in expr.args if a != i]
                return _Form(rf"\mathbf{{e}}_{latex(other)}")
            case Add():
                return self.sum(expr, lambda term: self.vector(term, i))
            case Mul():
                return self.hadamard(expr, i)
            case log():
                return _Form(rf"\log {self.vector(expr.args[0], i).base}", atom=False)
            case Pow(base=base, exp=power) if power.is_Integer and power > 1:
                return _Form(rf"{self.vector(base, i).base}^{{\odot {power}}}")
            case Pow(base=base, exp=power) if power == -1:
                return _Form(rf"\mathbf{{1}} \oslash {self.vector(base, i).base}", atom=False, loose=True)
            case FiniteSum():
                return self.contracted(expr, i)
        raise _NoFormError

    def contracted(self, expr: FiniteSum, i: Index) -> _Form:
        """sum_m g_m W_mi as W^T g; sum over the samples of G_mi as G^T 1."""
        m, body = expr.open([i])
        both = [f for f in Mul.make_args(body) if {m, i} <= f.free_symbols]
        coefficient, rest = _split(Mul(*[f for f in Mul.make_args(body) if f not in both]), {m, i})
        if len(both) != 1 or i in rest.free_symbols:
            raise _NoFormError
        left = self.matrix(both[0], m, i)
        return self.times(coefficient, _Form(f"{left.base}^T {self.vector(rest, m).factor}", atom=False))

    def matrix(self, expr: Any, row: Index, column: Index) -> _Form:
        for order, mark in (((row, column), ""), ((column, row), "^T")):
            name = _entry(expr, order)
            if name is not None:
                return _Form(latex_vector(name, self.symbols) + mark)
        match expr:
            case KroneckerDelta() if {row, column} == set(expr.args):
                return _Form(r"\mathbf{I}")
            case Add():
                return self.sum(expr, lambda term: self.matrix(term, row, column))
            case FiniteSum():
                return self.product(expr, row, column)
            case Mul():
                return self.outer(expr, row, column)
        raise _NoFormError

    def product(self, expr: FiniteSum, row: Index, column: Index) -> _Form:
        """sum_m A_mr B_mc as A^T B."""
        m, body = expr.open([row, column])
        coefficient, rest = _split(body, {m, row, column})
        left, right = _split(rest, {column})
        if right.free_symbols & {row} or m not in right.free_symbols:
            raise _NoFormError
        one, other = self.matrix(left, m, row), self.matrix(right, m, column)
        return self.times(coefficient, _Form(f"{one.base}^T {other.factor}", atom=False))

    def outer(self, expr: Mul, row: Index, column: Index) -> _Form:
        coefficient, rest = _split(expr, {row, column})
        both = [f for f in Mul.make_args(rest) if {row, column} <= f.free_symbols]
        varying = Mul(*[f for f in Mul.make_args(rest) if f not in both])
        if not both:
            left, right = _split(varying, {column})
            product = f"{self.vector(left, row).factor} {self.vector(right, column).base}^T"
            return self.times(coefficient, _Form(product, atom=False))
        if len(both) > 1:
            raise _NoFormError
        (entry,) = both
        if isinstance(entry, KroneckerDelta):
            diagonal = self.vector(varying.xreplace({column: row}), row)
            return self.times(coefficient, _Form(rf"\operatorname{{diag}}({diagonal.text})", atom=False))
        if varying == 1:
            number, entry = _pull(entry, {row, column})
            return self.times(coefficient * number, self.matrix(entry, row, column))
        if isinstance(entry, Add):
            return self.matrix(Add(*[Mul(coefficient, varying, t) for t in entry.args]), row, column)
        raise _NoFormError

    def sum(self, expr: Add, write: Any) -> _Form:
        signed = []
        for term in expr.args:
            minus = bool(term.as_coeff_Mul()[0].is_negative)
            form = write(-term if minus else term)
            if not form.loose and form.text.startswith("-"):
                minus, form = not minus, _Form(form.text[1:], form.atom)
            signed.append((minus, not term.has(Softmax), len(form.text), form))
        signed.sort(key=lambda entry: (*entry[:3], entry[3].text))
        text = ""
        for position, (minus, _, _, form) in enumerate(signed):
            sign = ("-" if minus else "") if position == 0 else (" - " if minus else " + ")
            text += sign + (form.factor if minus or form.text.startswith("-") else form.text)
        return _Form(text, atom=False, loose=True)

    def hadamard(self, expr: Mul, i: Index) -> _Form:
        """A number times the product, entry by entry, of vectors."""
        coefficient, rest = _split(expr, {i})
        factors = sorted(Mul.make_args(rest), key=lambda v: (not isinstance(v, Softmax), v.is_Add, str(v)))
        below = [1 / v for v in factors if isinstance(v, Pow) and v.exp == -1]
        factors = [v for v in factors if 1 / v not in below]
        if below and factors:  # divided entry by entry
            over = self.vector(Mul(*factors), i), self.vector(Mul(*below), i)
            text = r" \oslash ".join(f.factor for f in over)
            return self.times(coefficient, _Form(text, atom=False, loose=True))
        forms = [self.vector(v, i) for v in (*factors, *[1 / v for v in below])]
        if len(forms) == 1:
            number, entry = _pull(rest, {i})
            return self.times(coefficient * number, self.vector(entry, i))
        return self.times(coefficient, _Form(r" \odot ".join(f.factor for f in forms), atom=False, loose=True))

    def times(self, coefficient: Any, form: _Form) -> _Form:
        if coefficient == 1:
            return form
        sign, number = ("-", -coefficient) if coefficient.as_coeff_Mul()[0].is_negative else ("", coefficient)
        scalar = "" if number == 1 else self.scalar(number) + " "
        # a number before a product entry by entry needs no bracket, a sum does
        inner = form.text if r" \odot " in form.text and not form.text.startswith("(") and form.loose else form.factor
        return _Form(f"{sign}{scalar}{inner}", atom=False, loose=form.loose and inner == form.text)

    def scalar(self, expr: Any) -> str:
        """A number of the expression, with sums of products as products of vectors."""
        if isinstance(expr, FiniteSum):
            return self.inner(expr)
        if isinstance(expr, Add):
            return rf"\left({latex(expr, self.symbols)}\right)"
        if isinstance(expr, Mul):
            sums = [f for f in expr.args if isinstance(f, FiniteSum)]
            if sums and len(sums) < len(expr.args):
                plain = Mul(*[f for f in expr.args if f not in sums])
                return " ".join([self.scalar(plain), *[self.inner(f) for f in sums]])
        return latex(expr, self.symbols)

    def inner(self, expr: FiniteSum) -> str:
        """sum_k a_k b_k as a^T b, sum_k a_k as 1^T a; anything else as the sum that it is."""
        k, body = expr.open()
        names = [_entry(f, (k,)) for f in Mul.make_args(body)]
        if isinstance(k, SampleIndex) or not 1 <= len(names) <= 2 or None in names:
            return rf"\left({latex(expr, self.symbols)}\right)"
        vectors = [latex_vector(str(n), self.symbols) for n in sorted(names, key=lambda n: n != P_HAT)]
        left, right = vectors if len(vectors) == 2 else (r"\mathbf{1}", vectors[0])
        return f"({left}^T {right})"


def _split(expr: Any, indices: set[Index]) -> tuple[Any, Any]:
    """The factors of a product that hold none of the indices, and those that hold one."""
    free = [f for f in Mul.make_args(expr) if not f.free_symbols & indices]
    return Mul(*free), Mul(*[f for f in Mul.make_args(expr) if f not in free])


def _pull(expr: Any, indices: set[Index]) -> tuple[Any, Any]:
    """The numbers that stand inside of a sum, and the sum without them."""
    if not isinstance(expr, FiniteSum):
        return S.One, expr
    m, body = expr.open(indices)
    number, rest = _split(body, {m, *indices})
    return number, FiniteSum(rest, m)


def _entry(expr: Any, indices: tuple[Index, ...]) -> str | None:
    """The name of the vector or matrix whose entry at these indices the expression is; None if it is no entry."""
    if isinstance(expr, Named):
        return _entry(expr.label, indices)
    if isinstance(expr, Softmax) and indices == (expr.args[1],):
        return P_HAT
    if isinstance(expr, Sigmoid) and isinstance(expr.args[0], Indexed) and expr.args[0].indices == indices:
        return "s"
    if isinstance(expr, Indexed) and expr.indices == indices:
        return str(expr.base)
    return None
