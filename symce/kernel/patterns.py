"""What lowering looks for in a closed form: complements, deltas, what may vanish or be infinite, names for sums."""

from __future__ import annotations

from sympy import Abs, Add, Expr, Indexed, IndexedBase, KroneckerDelta, Mul, Pow, Rational, expand, log

from symce.algebra.binders import FiniteSum, LogSumExp
from symce.algebra.functions import Sigmoid, Softmax, Softplus
from symce.algebra.indices import ClassIndex, c
from symce.algebra.piecewise import Where
from symce.derivation.model import z as LOGITS
from symce.kernel.forms import Share
from symce.rules.dependence import varies
from symce.rules.sums import LINEARITY


def vanishing(base: Expr) -> bool:
    """Whether the base of a power is a probability, or 1 less one: 0 in floating point, where mathematics has none."""
    return complement_of(base) is not None or isinstance(base, Softmax | Sigmoid)


def separated(expr: FiniteSum) -> Expr | None:
    """A sum over k of products of something in k and something in another class, with the latter taken out.

    None where a sum stays that depends on the other class: then it takes a value for every pair.
    """
    index, body = expr.open()
    flat = expand(body, log=False, power_base=False, complex=False, trig=False, func=False)
    result = LINEARITY.exhaust(FiniteSum(flat, index))
    if result is None:
        return None
    coupled = [s for s in result.atoms(FiniteSum) if any(isinstance(f, ClassIndex) and f != c for f in s.free_symbols)]
    return None if coupled else result


def only_numbers(factors: list[Expr], factor: Expr) -> bool:
    """Whether all the other factors are numbers, none of them 0."""
    return all(f is factor or isinstance(f, Rational) for f in factors)


def unbounded(expr: Expr) -> bool:
    """Whether the expression is infinite where a logit is: a masked class has -inf."""
    match expr:
        case Indexed():
            return bool(expr.base == LOGITS)
        case LogSumExp():
            return True
        case Add() | Mul() | Abs() | Softplus():
            return any(unbounded(a) for a in expr.args)
        case Pow():
            return unbounded(expr.base)
        case Where():
            return unbounded(expr.then) or unbounded(expr.otherwise)
    return False


def complement_of(expr: Expr) -> Softmax | Sigmoid | None:
    """x where the expression is 1 - x, for x a probability."""
    if isinstance(expr, Add) and len(expr.args) == 2:
        rest = 1 - expr
        if isinstance(rest, Softmax | Sigmoid):
            return rest
    return None


def scaled_vector(body: Expr, index: ClassIndex) -> tuple[IndexedBase, Expr, bool] | None:
    """A vector's entry times a positive number that no class has: the vector, the number, whether it divides.

    None where the body is anything else.
    """
    vectors = [f for f in Mul.make_args(body) if isinstance(f, Indexed)]
    if len(vectors) != 1 or vectors[0].indices[0] != index:
        return None
    factor = body / vectors[0]
    if not factor.is_positive or factor.has(Indexed, ClassIndex):
        return None
    above, below = factor.as_numer_denom()
    return (vectors[0].base, below, True) if above == 1 and below != 1 else (vectors[0].base, factor, False)


def delta_of(expr: Add) -> KroneckerDelta | None:
    """A delta that is a term of the sum, or a factor of one."""
    for term in expr.args:
        for factor in Mul.make_args(term):
            if isinstance(factor, KroneckerDelta):
                return factor
    return None


def reading_order(args: tuple[Expr, ...]) -> list[Expr]:
    """Positive terms first, so that generated code begins with what it has and not with a minus sign."""
    return sorted(args, key=lambda t: (bool(t.could_extract_minus_sign()), t.sort_key()))


def sum_name(body: Expr, index: ClassIndex) -> str:
    if isinstance(body, Indexed):
        return {"y": "target_sum"}.get(str(body.base), f"{body.base}_sum")
    letters = [letter(f) for f in Mul.make_args(body)]
    if all(letters) and varies(body, index) and len(letters) <= 3:
        return "sum_" + "_".join(sorted(str(x) for x in letters))
    return "total"


def letter(factor: Expr) -> str | None:
    match factor:
        case Share():
            return "share"
        case Softmax():
            return "p"
        case Indexed():
            return str(factor.base).partition("_")[0]
        case log() if isinstance(factor.args[0], Softmax):
            return "log_p"
    return None
