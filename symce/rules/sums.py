"""The rules of finite sums: linearity, constants, Kronecker deltas."""

from __future__ import annotations

from sympy import Add, Expr, KroneckerDelta, Mul, Pow, expand_mul, expand_multinomial

from symce.algebra.binders import FiniteSum
from symce.algebra.delta import contract
from symce.rules import laws as L
from symce.rules.cost import cost
from symce.rules.dependence import varies
from symce.rules.rule import Rule


def split(body: Expr, index: Expr) -> tuple[Expr, Expr]:
    """The body of a sum as (factor that does not vary with the index, factor that does)."""
    factors = Mul.make_args(body)
    constant = [f for f in factors if not varies(f, index)]
    return Mul(*constant), Mul(*[f for f in factors if varies(f, index)])


def _linearity(expr: Expr) -> Expr | None:
    if not isinstance(expr, FiniteSum):
        return None
    index, body = expr.open()
    if isinstance(body, Add):
        return Add(*[FiniteSum(t, index) for t in body.args])
    constant, varying = split(body, index)
    if constant == 1 or varying == 1:
        return None
    return constant * FiniteSum(varying, index)


def _constant(expr: Expr) -> Expr | None:
    if not isinstance(expr, FiniteSum):
        return None
    index, body = expr.open()
    return None if varies(body, index) else type(index).size * body


def _split_difference(expr: Expr) -> Expr | None:
    if not isinstance(expr, FiniteSum):
        return None
    index, body = expr.open()
    factors = Mul.make_args(body)
    for factor in factors:
        # 1 - delta_ck says "but the true class", and stays a factor
        if isinstance(factor, Add) and any(
            varies(d, index) and L.c not in d.args for d in factor.atoms(KroneckerDelta)
        ):
            rest = Mul(*[f for f in factors if f is not factor])
            terms = []
            for term in factor.args:
                constant, varying = split(rest * term, index)
                terms.append(constant * FiniteSum(varying, index) if varying != 1 else FiniteSum(constant, index))
            return Add(*terms)
    return None


def _delta_substitution(expr: Expr) -> Expr | None:
    """Beside delta_kc every k may be read as c: done where something cancels."""
    if not isinstance(expr, Mul):
        return None
    for delta in expr.args:
        if isinstance(delta, KroneckerDelta):
            rest = Mul(*[f for f in expr.args if f is not delta])
            for one, other in (delta.args, delta.args[::-1]):
                new = rest.xreplace({one: other}) * delta
                if cost(new) < cost(expr):
                    return new
    return None


def _distribute(expr: Expr) -> Expr | None:
    """A sum's body multiplied out, where that is what keeps its terms apart."""
    if not isinstance(expr, FiniteSum):
        return None
    index, body = expr.open()
    new = multiply_out(body)
    return None if new == body else FiniteSum(new, index)


def multiply_out(expr: Expr) -> Expr:
    """Products and small integer powers of sums multiplied out, at the top of the expression alone."""
    if isinstance(expr, Pow):
        return expand_multinomial(expr, deep=False) if expr.exp.is_Integer and expr.exp <= 4 else expr
    return expand_mul(expr, deep=False) if isinstance(expr, Mul) else expr


_vk, _vj = L.v[L.k], L.v[L.j]
_delta = KroneckerDelta(L.k, L.j)

LINEARITY = Rule(
    "sum-linearity",
    (
        FiniteSum(L.a * L.u[L.k] + L.b * _vk, L.k),
        L.a * FiniteSum(L.u[L.k], L.k) + L.b * FiniteSum(_vk, L.k),
    ),
    "A finite sum of terms is split term by term, and factors that do not vary with its index come out.",
    _linearity,
    coq="sum_linearity",
    heads=(FiniteSum,),
)
DISTRIBUTE = Rule(
    "distribute-in-sum",
    (
        FiniteSum(_vk * (L.a + L.u[L.k]), L.k),
        FiniteSum(_vk * L.a + _vk * L.u[L.k], L.k),
    ),
    "Multiplication is distributive over addition, under the sum as anywhere.",
    _distribute,
    coq="ring_in_sum",
    heads=(FiniteSum,),
)
SPLIT = Rule(
    "split-the-difference",
    (
        FiniteSum(_vk * (_delta - L.pj), L.k),
        FiniteSum(_vk * _delta, L.k) - L.pj * FiniteSum(_vk, L.k),
    ),
    "The bracket is multiplied out and the sum split; what does not vary with the index of the sum comes out.",
    _split_difference,
    coq="sum_linearity",
    heads=(FiniteSum,),
)
CONTRACT = Rule(
    "delta-contraction",
    (FiniteSum(_vk * _delta, L.k), _vj),
    "The Kronecker delta is 0 for every term of the sum but the one where its two indices agree.",
    contract,
    coq="delta",
    heads=(FiniteSum,),
)
SUBSTITUTE = Rule(
    "delta-substitution",
    (_vk * _delta, _vj * _delta),
    "Beside a Kronecker delta its two indices may be exchanged: where they differ, both sides are 0.",
    _delta_substitution,
    coq="delta",
)
CONSTANT = Rule(
    "sum-of-a-constant",
    (FiniteSum(L.a, L.k), type(L.k).size * L.a),
    "The same term, added once for each class, is K times the term.",
    _constant,
    coq="sum_constant",
    heads=(FiniteSum,),
)
RULES: tuple[Rule, ...] = (LINEARITY, DISTRIBUTE, SPLIT, CONTRACT, SUBSTITUTE, CONSTANT)
