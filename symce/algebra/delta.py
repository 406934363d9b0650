"""Kronecker deltas contracted under the declared range: sum_k f_k delta_kj = f_j, for j an index of the same range.

SymPy's deltasummation returns a Piecewise over 1 <= j <= K, a hundred times slower; the types of the indices say
that already.
"""

from __future__ import annotations

from sympy import Expr, KroneckerDelta, Mul, S

from symce.algebra.binders import FiniteSum
from symce.algebra.indices import Index, TrueClass, c


def contract(expr: Expr) -> Expr | None:
    """The one term that is left of a sum whose terms are 0 where a delta of the bound index is 0; else None."""
    if not isinstance(expr, FiniteSum):
        return None
    index, body = expr.open()
    found: list[tuple[bool, str, Index | TrueClass, KroneckerDelta]] = []
    for delta in body.atoms(KroneckerDelta):
        if index in delta.args:
            other = delta.args[0] if delta.args[1] == index else delta.args[1]
            if isinstance(other, Index | TrueClass) and other.size == index.size and _vanishes(body, delta):
                found.append((other == c, str(other), other, delta))
    if not found:
        return None
    # where there are several, the delta with the true class stays: delta_ck f_k reads better than delta_ck f_c
    *_, other, delta = min(found, key=lambda entry: entry[:2])
    return body.xreplace({delta: S.One}).xreplace({index: other})


def _vanishes(body: Expr, delta: KroneckerDelta) -> bool:
    """Whether the term is 0 where the delta is; a factor delta makes it so even beside log(delta): 0 log 0 is 0."""
    value = body.xreplace({delta: S.Zero})
    return bool(value == 0 or (value is S.NaN and delta in Mul.make_args(body)))
