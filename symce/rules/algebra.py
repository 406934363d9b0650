"""The rules of plain algebra. Which of them makes an expression shorter is for symce.derivation.tidy to find out."""

from __future__ import annotations

from sympy import Add, Expr, Integer, KroneckerDelta, Mul, Pow, S, cancel

from symce.algebra.nodes import Product
from symce.rules import laws as L
from symce.rules.cost import cost
from symce.rules.dependence import has_binder
from symce.rules.rule import Rule
from symce.rules.sums import multiply_out

#: the most terms that "expand" makes of one product
EXPANSION = 12
#: the longest expression that "lowest-terms" looks at: beyond it polynomial arithmetic takes seconds
CANCELLED = 30


def combine(*factors: Expr) -> Expr:
    """The product of the factors with powers of one base added up; SymPy leaves x * x**(n - 1) as it is."""
    exponents: dict[Expr, Expr] = {}
    rest: list[Expr] = []
    for factor in Mul.make_args(Mul(*factors)):
        base, exponent = factor.as_base_exp()
        if base.is_Number:
            rest.append(factor)
            continue
        if _turned(base) and exponent.is_Integer:
            rest.append(S.NegativeOne**exponent)
            base = -base
        exponents[base] = exponents.get(base, S.Zero) + exponent
    return Mul(*rest, *[b**e for b, e in exponents.items()])


def _turned(base: Expr) -> bool:
    """Whether a bracket is the negative of the one that people write (1 - y); else as SymPy has it."""
    if not isinstance(base, Add):
        return False
    number = base.as_coeff_Add()[0]
    return bool(number.is_negative if number != 0 else base.could_extract_minus_sign())


def _combine_powers(expr: Expr) -> Expr | None:
    if not isinstance(expr, Mul):
        return None
    new = combine(expr)
    return new if cost(new) < cost(expr) else None


def _multiply(expr: Expr) -> Expr | None:
    """A chain rule's product: the inner derivative multiplied into the terms of the outer one, where it cancels."""
    if not isinstance(expr, Product):
        return None
    bracket = [f for f in Mul.make_args(expr.inner) if isinstance(f, Add) and f.has(KroneckerDelta)]
    delta = [f for f in Mul.make_args(expr.inner) if isinstance(f, KroneckerDelta)]
    cancelling = Mul(*[f for f in Mul.make_args(expr.inner) if f not in bracket and f not in delta])
    return _into(expr.outer, cancelling) * Mul(*bracket, *delta)


def _into(outer: Expr, factor: Expr) -> Expr:
    """outer * factor, with the factor taken into a bracket of ``outer`` where that is shorter."""
    plain = combine(outer, factor)
    candidates = [plain]
    factors = Mul.make_args(outer)
    for position, bracket in enumerate(factors):
        if isinstance(bracket, Add):
            inside = Add(*[_into(t, factor) for t in bracket.args])
            inside = _common_factor(inside) or inside
            candidates.append(combine(*factors[:position], inside, *factors[position + 1 :]))
    return min(candidates, key=cost)


def _expand(expr: Expr) -> Expr | None:
    if not isinstance(expr, Mul | Pow):
        return None
    new = multiply_out(expr)
    if len(Add.make_args(new)) > EXPANSION:
        return None  # multiplied out, it would help nobody to read it or to compute it
    return None if new == expr else new


def _common_factor(expr: Expr) -> Expr | None:
    """The factors that all terms of a sum share, with the lowest exponent, in front of a bracket."""
    if isinstance(expr, Mul):
        return _numeric_content(expr)
    if not isinstance(expr, Add):
        return None
    powers = [_powers(t) for t in expr.args]
    shared: dict[Expr, Expr] = {}
    for base in powers[0]:
        if base.is_Number or not all(base in p for p in powers):
            continue
        lowest = powers[0][base]
        for other in powers[1:]:
            difference = other[base] - lowest
            if not difference.is_number:
                break
            if difference.is_negative:
                lowest = other[base]
        else:
            shared[base] = lowest
    if not shared:
        return None
    factor = Mul(*[b**e for b, e in shared.items()])
    content, bracket = Add(*[combine(t, *[b**-e for b, e in shared.items()]) for t in expr.args]).primitive()
    return content * factor * bracket


def _numeric_content(expr: Expr) -> Expr | None:
    # SymPy multiplies a lone number into a bracket; beside another factor it can stand in front
    contents = [(f.primitive() if isinstance(f, Add) else (S.One, f)) for f in expr.args]
    number = Mul(*[n for n, _ in contents])
    return None if number == 1 else Mul(number, *[f for _, f in contents])


def _powers(term: Expr) -> dict[Expr, Expr]:
    result: dict[Expr, Expr] = {}
    for factor in Mul.make_args(term):
        base, exponent = factor.as_base_exp()
        if _turned(base) and exponent.is_Integer:
            base = -base
        result[base] = result.get(base, S.Zero) + exponent
    return result


def _collect(expr: Expr) -> Expr | None:
    """Terms of a sum grouped by a factor that most of them share, and so on within; None if that is no shorter.

    Greedy: the three most frequent factors are tried at each level, so the work grows with the terms, not with the
    number of ways to group them.
    """
    if not isinstance(expr, Add) or len(expr.args) < 3:
        return None
    frequency: dict[Expr, int] = {}
    for term in expr.args:
        for base in _powers(term):
            if not base.is_Number:
                frequency[base] = frequency.get(base, 0) + 1
    shared = [b for b, n in frequency.items() if 2 <= n < len(expr.args)]
    shared.sort(key=lambda b: (-frequency[b], b.sort_key()))
    best: Expr = expr
    for base in shared[: 3 if len(expr.args) <= 6 else 1]:
        group = [t for t in expr.args if base in _powers(t)]
        factored = _common_factor(Add(*group))
        if factored is None:
            continue
        inner = Mul(*[(_collect(f) or f) for f in Mul.make_args(factored)])
        rest = Add(*[t for t in expr.args if t not in group])
        candidate = inner + (_collect(rest) or _common_factor(rest) or rest)
        if cost(candidate) < cost(best):
            best = candidate
    return None if best == expr else best


def _absorb_sign(expr: Expr) -> Expr | None:
    """-a (b - c) as a (c - b), where that leaves fewer minus signs; (-b - c) a as -(b + c) a."""
    if not isinstance(expr, Mul):
        return None
    coefficient, rest = expr.as_coeff_Mul()
    for factor in expr.args:
        if (
            isinstance(factor, Add)
            and len(expr.args) > 1
            and rest != factor
            and all(t.could_extract_minus_sign() for t in factor.args)
        ):
            return Mul(-1, *[f for f in expr.args if f is not factor], Add(*[-t for t in factor.args]))
    if not coefficient.is_negative:
        return None
    factors = list(Mul.make_args(rest))
    for position, factor in enumerate(factors):
        if isinstance(factor, Add):
            minus = sum(1 for t in factor.args if t.could_extract_minus_sign())
            one_minus = factor.as_coeff_Add()[0].is_positive and 2 * minus == len(factor.args)  # 1 - y stays 1 - y
            if 2 * minus >= len(factor.args) and not one_minus:
                factors[position] = Add(*[-t for t in factor.args])
                return Mul(-coefficient, *factors)
    return None


def _cancel(expr: Expr) -> Expr | None:
    """A quotient of polynomials, or a sum of such, over one denominator and in lowest terms."""
    if not isinstance(expr, Add | Mul) or has_binder(expr) or not _has_denominator(expr):
        return None
    if any(not (e.exp.is_Integer) for e in expr.atoms(Pow)) or cost(expr) > CANCELLED:
        return None
    new = cancel(expr)
    return new if cost(new) < cost(expr) else None


def _has_denominator(expr: Expr) -> bool:
    return any(isinstance(e.exp, Integer) and e.exp.is_negative for e in expr.atoms(Pow))


_t = 1 - L.pk
MULTIPLY = Rule(
    "cancel",
    (Product(-L.y[L.k] / L.pk, L.pk * L.v[L.k]), -L.y[L.k] * L.v[L.k]),
    "The two factors of the chain rule are multiplied; what stands above and below cancels.",
    _multiply,
    coq="field",
    heads=(Product,),
)
EXPAND = Rule(
    "expand",
    (L.a * (L.b + L.n), L.a * L.b + L.a * L.n),
    "Multiplication is distributive over addition.",
    _expand,
    coq="ring",
    heads=(Mul, Pow),
)
COMBINE = Rule(
    "combine-powers",
    (L.pk * L.pk**L.n, L.pk ** (L.n + 1)),
    "Exponents of one base are added.",
    _combine_powers,
    coq="field",
    heads=(Mul,),
)
COMMON_FACTOR = Rule(
    "common-factor",
    (L.a * L.b + L.a * L.n, L.a * (L.b + L.n)),
    "What all terms share is taken out as a factor.",
    _common_factor,
    coq="field",
    heads=(Add, Mul),
)
COLLECT = Rule(
    "collect",
    (L.a * L.b + L.a * L.n + L.x, L.a * (L.b + L.n) + L.x),
    "Terms that share a factor are collected.",
    _collect,
    coq="field",
    heads=(Add,),
)
SIGN = Rule(
    "absorb-the-sign",
    (-L.a * (L.b - L.n), L.a * (L.n - L.b)),
    "The minus sign turns the bracket round.",
    _absorb_sign,
    coq="ring",
    heads=(Mul,),
)
CANCEL = Rule(
    "lowest-terms",
    (L.a / (L.b + 1) + L.a * L.b / (L.b + 1), L.a),
    "Fractions are brought over one denominator and what is common to both is cancelled.",
    _cancel,
    coq="field",
    heads=(Add, Mul),
)
RULES: tuple[Rule, ...] = (MULTIPLY, EXPAND, COMBINE, COMMON_FACTOR, COLLECT, SIGN, CANCEL)
