"""Products, powers and choices as nodes: what is infinite beside a 0 is selected, or multiplied last."""

from __future__ import annotations

from fractions import Fraction

from sympy import Add, Expr, IndexedBase, KroneckerDelta, Mul, Pow, Rational, S, log
from sympy.core.relational import Relational

from symce.algebra.functions import Softmax
from symce.algebra.indices import ClassIndex, c
from symce.algebra.piecewise import Where
from symce.kernel import ir
from symce.kernel.forms import Complement, Probability, Rate, Share
from symce.kernel.patterns import delta_of, only_numbers, reading_order, unbounded, vanishing
from symce.kernel.scope import Scope
from symce.kernel.stability import COMPLEMENT
from symce.kernel.stable import ONE, ZERO, div, mul, neg, product, where

_RELATIONS = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}


def _complement_of_true_class(expr: Add) -> tuple[IndexedBase, int] | None:
    """The vector and the sign of 1 - p_c or p_c - 1."""
    found = COMPLEMENT.rewrite(expr)
    for direction in (1, -1):
        if found is not None and isinstance(direction * found, Complement) and (direction * found).args[1] == c:
            return (direction * found).args[0], direction
    return None


class Products(Scope):
    """The lowering of products."""

    def quotient(self, expr: Softmax | Probability, row: ClassIndex | None) -> tuple[ir.Node, ir.Node]:
        """p_k as numerator and denominator."""
        forms = self.forms(expr.args[0])
        if expr.args[1] == c:
            return ir.Gather(forms.scaled, self.target), forms.mass
        self.on_row(expr.args[1], row)
        return forms.scaled, forms.mass

    def by_case(self, expr: Expr, delta: KroneckerDelta, row: ClassIndex | None) -> ir.Node:
        """An expression in delta_cj, as its value at the true class and its value elsewhere: 1 - p_c never cancels."""
        at_c = self.lower(expr.xreplace({delta: S.One}).xreplace({row: c}), None)
        elsewhere = self.lower(expr.xreplace({delta: S.Zero}), row)
        return where(self.hot_for(delta, row), at_c, elsewhere)

    def mul(self, expr: Mul, row: ClassIndex | None) -> ir.Node:
        plain = list(expr.args)
        delta = next((f for f in plain if isinstance(f, KroneckerDelta)), None)
        if delta is not None:
            rest = Mul(*[f for f in plain if f is not delta]).xreplace({row: c})
            return where(self.hot_for(delta, row), self.lower(rest, None), ZERO)
        sums = [f for f in plain if isinstance(f, Add) and delta_of(f) is not None]
        if len(sums) == 1 and not any(f.has(ClassIndex) for f in plain if f is not sums[0]):
            # a number goes into both cases, and a probability is multiplied by it before it is divided
            return self.by_case(expr, delta_of(sums[0]), row)
        masked = self.masked(plain, row)
        if masked is not None:
            return masked
        chosen = next((f for f in plain if isinstance(f, Where) and {f.then, f.otherwise} == {S.Zero, S.One}), None)
        if chosen is not None:
            # by selection, not by multiplication: what is not chosen may be infinite
            condition = self.condition(chosen.condition, row)
            rest_of_it = self.lower(Mul(*[f for f in plain if f is not chosen]), row)
            return where(condition, rest_of_it, ZERO) if chosen.then == 1 else where(condition, ZERO, rest_of_it)
        above: list[ir.Node] = []
        below: list[ir.Node] = []
        infinite: list[ir.Node] = []
        minus = False
        for factor in reading_order(tuple(plain)):
            if isinstance(factor, Rational):
                minus = factor.is_negative
                above.append(ir.Const(Fraction(abs(int(factor.p)))))
                below.append(ir.Const(Fraction(int(factor.q))))
            elif self._derivative and isinstance(factor, Pow) and vanishing(factor.base) and factor.exp.is_negative:
                above.append(self.power(factor.base, factor.exp, row))
            elif isinstance(factor, Pow) and factor.exp.could_extract_minus_sign() and factor.exp.is_Rational:
                below.append(self.power(factor.base, -factor.exp, row))
            elif (
                isinstance(factor, Softmax | Probability)
                and not isinstance(factor, Share)
                and not only_numbers(plain, factor)
                and (any(other.has(log, Rate) for other in plain) or not any(map(unbounded, plain)))
            ):
                # multiplied before it is divided: p may have few bits where the product has all
                numerator, denominator = self.quotient(factor, row)
                above.append(numerator)
                below.append(denominator)
            elif isinstance(factor, Add) and (complement := _complement_of_true_class(factor)) is not None:
                vector, direction = complement
                self._used.add(COMPLEMENT.name)
                above.append(self.forms(vector).others)
                below.append(self.forms(vector).mass)
                minus = minus != (direction < 0)
            elif factor.has(log, Rate) or (unbounded(factor) and not only_numbers(plain, factor)):
                infinite.append(self.lower(factor, row))
            else:
                above.append(self.lower(factor, row))
        result = mul(*above) if above else ONE
        if infinite:
            # 0 * log 0 = 0: a class of probability or target 0 adds nothing
            result = mul(*infinite) if result == ONE else product(result, mul(*infinite))
        result = div(result, mul(*below))
        return neg(result) if minus else result

    def masked(self, factors: list[Expr], row: ClassIndex | None) -> ir.Node | None:
        """A product with a bracket that is 0 at the true class, or 0 elsewhere: by selection, not by multiplication."""
        for factor in factors:
            delta = delta_of(factor) if isinstance(factor, Add) else None
            if delta is None or row is None:
                continue
            at_c, elsewhere = factor.xreplace({delta: S.One}).xreplace({row: c}), factor.xreplace({delta: S.Zero})
            rest = Mul(*[f for f in factors if f is not factor])
            if at_c == 0:
                return where(self.hot_for(delta, row), ZERO, self.lower(rest * elsewhere, row))
            if elsewhere == 0:
                return where(self.hot_for(delta, row), self.lower(rest.xreplace({row: c}) * at_c, None), ZERO)
        return None

    def power(self, base: Expr, exponent: Expr, row: ClassIndex | None) -> ir.Node:
        node = self.lower(base, row)
        if self._derivative and vanishing(base) and not exponent.is_nonnegative:
            # where 1 - p_k (or p_k) is 0, what this is multiplied by vanishes faster: 0 in the limit, not infinity
            certain = ir.Map("eq", (node, ZERO))
            power = ir.Map("pow", (where(certain, ONE, node), self.lower(exponent, row)))
            return where(certain, ZERO, power)
        if exponent == 1:
            return node
        if exponent == Rational(1, 2):
            return ir.Map("sqrt", (node,))
        if exponent == 2:
            node = node if isinstance(node, ir.Var | ir.Input) else self.let("base", node)
            return mul(node, node)
        if isinstance(base, Softmax) and not isinstance(base, Share) and not exponent.is_Integer:
            # p may be 0 or have few bits left where the power is a normal number
            logarithm = self.lower(log(base), row)
            exponent_ = self.lower(exponent, row)
            small = ir.Map("lt", (node, ir.Const(Fraction(1, 10**37))))
            return where(small, ir.Map("exp", (product(exponent_, logarithm),)), ir.Map("pow", (node, exponent_)))
        if exponent.is_Rational and exponent < 0:
            return div(ONE, self.power(base, -exponent, row))
        return ir.Map("pow", (node, self.lower(exponent, row)))

    def condition(self, condition: Relational, row: ClassIndex | None) -> ir.Node:
        left, right = (self.lower(a, row) for a in condition.args)
        return ir.Map(_RELATIONS[condition.rel_op], (left, right))
