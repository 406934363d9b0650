"""The stable forms: how p, log p, 1 - p and log-sum-exp of a row are computed without cancellation and overflow.

With m = max_k z_k, attained at one class a:  D_k = m - z_k >= 0,  E_k = exp(-D_k),  R = the sum of E_k over k != a,
S = 1 + R.  Then -log p_k = D_k + log1p(R) adds two terms that are not negative; p_k = E_k / S; and 1 - p_k is R / S at
the maximum and (S - E_k) / S elsewhere, where nothing cancels since S - E_k >= 1. E, R and S are kept times 2^64.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from symce.kernel import ir

ZERO, ONE = ir.Const(Fraction(0)), ir.Const(Fraction(1))
UNIT, HALF = ir.Const(Fraction(ir.LIFT)), ir.Const(Fraction(1, 2))
Let = Callable[[str, ir.Node, str], ir.Var]


def add(a: ir.Node, b: ir.Node) -> ir.Node:
    if a == ZERO:
        return b
    return a if b == ZERO else ir.Map("add", (a, b))


def sub(a: ir.Node, b: ir.Node) -> ir.Node:
    if a == ZERO:
        return neg(b)
    return a if b == ZERO else ir.Map("sub", (a, b))


def total(nodes: Sequence[ir.Node]) -> ir.Node:
    """The sum, written with as few minus signs as it takes."""
    positive = [n for n in nodes if not _negative(n)]
    negative = [neg(n) for n in nodes if _negative(n)]
    if not positive:
        return neg(total(negative))
    result = positive[0]
    for node in positive[1:]:
        result = add(result, node)
    for node in negative:
        result = sub(result, node)
    return result


def in_order(nodes: Sequence[ir.Node]) -> ir.Node:
    """The sum from the left, what is subtracted directly after the first term."""
    first, *rest = nodes
    negative = [neg(n) for n in rest if _negative(n)]
    result = first
    for node in negative:
        result = sub(result, node)
    for node in rest:
        result = result if _negative(node) else add(result, node)
    return result


def _negative(node: ir.Node) -> bool:
    return (isinstance(node, ir.Map) and node.op == "neg") or (isinstance(node, ir.Const) and node.value < 0)


def product(finite: ir.Node, logs: ir.Node) -> ir.Node:
    """finite * logs, but 0 wherever ``finite`` is 0 (0 * log 0 = 0): a class of probability 0 adds nothing."""
    if finite == ONE:
        return logs
    if _negative(finite) or _negative(logs):
        sign = _negative(finite) != _negative(logs)
        result = product(neg(finite) if _negative(finite) else finite, neg(logs) if _negative(logs) else logs)
        return neg(result) if sign else result
    return ir.Map("product", (finite, logs))


def mul(*factors: ir.Node) -> ir.Node:
    """The product, scalars first so that they are multiplied once and not once a class."""
    signs = sum(_negative(f) for f in factors)
    positive = [neg(f) if _negative(f) else f for f in factors]
    kept = [f for f in sorted(positive, key=lambda f: ir.ORDER.index(f.shape)) if f != ONE]
    result: ir.Node = kept[0] if kept else ONE
    for factor in kept[1:]:
        result = ir.Map("mul", (result, factor))
    return neg(result) if signs % 2 else result


def div(a: ir.Node, b: ir.Node) -> ir.Node:
    return a if b == ONE else ir.Map("div", (a, b))


def neg(a: ir.Node) -> ir.Node:
    if isinstance(a, ir.Const):
        return ir.Const(-a.value)
    return a.args[0] if isinstance(a, ir.Map) and a.op == "neg" else ir.Map("neg", (a,))


def where(condition: ir.Node, then: ir.Node, otherwise: ir.Node) -> ir.Node:
    return ir.Map("where", (condition, then, otherwise))


def summed(row: ir.Node) -> ir.Node:
    """The sum of a row; a divisor that all its classes share divides once."""
    if isinstance(row, ir.Map) and row.op == "div" and row.args[1].shape not in ("row", "class"):
        return div(ir.Reduce("sum", row.args[0]), row.args[1])
    return ir.Reduce("sum", row)


def without(index: ir.Node, row: ir.Node) -> ir.Node:
    """The sum of a row without the class of an index."""
    return ir.Reduce("sum", where(ir.OneHot(index), ZERO, row))


@dataclass(frozen=True)
class Scale:
    """A positive number that every logit is divided by, or multiplied with, before softmax."""

    by: ir.Node
    divides: bool

    def of(self, node: ir.Node) -> ir.Node:
        return div(node, self.by) if self.divides else mul(self.by, node)

    def exp(self, a: ir.Node, b: ir.Node) -> ir.Node:
        """exp of the scaled difference a - b."""
        return ir.Map(self.named("exp"), (a, b, self.by))

    def named(self, op: str) -> str:
        """The operation with this scale, by its name without one."""
        return f"{op}_quotient" if self.divides else f"{op}_multiple"


class SoftmaxForms:
    """The forms for one vector (a row of logits, or K numbers), each given a name when it is first asked for.

    ``target`` is the index of the true class, a row, or None. ``scale``: softmax is that of the scaled vector, and the
    largest logit is subtracted before the scale is applied.
    """

    def __init__(self, let: Let, vector: ir.Node, target: ir.Node | None, scale: Scale | None = None) -> None:
        self._let = let
        self.vector = vector
        self._target = target
        self.scale = scale

    def _name(self, name: str, value: ir.Node, note: str = "") -> ir.Var:
        return self._let(name, value, note)

    def times_scale(self, node: ir.Node) -> ir.Node:
        return node if self.scale is None else self.scale.of(node)

    @cached_property
    def top_class(self) -> ir.Node:
        return self._name("top_class", ir.Reduce("argmax", self.vector))

    @cached_property
    def top(self) -> ir.Node:
        _ = self.top_class  # named first, so that a target may take the maximum as the entry there
        return self._name("top", ir.Reduce("max", self.vector))

    @cached_property
    def gap(self) -> ir.Node:
        below = sub(self.top, self.vector)
        return self._name("gap", self.times_scale(below), "how far each logit is below the largest: never negative")

    @cached_property
    def scaled(self) -> ir.Node:
        top, vector = self.top, self.vector
        difference = ir.Map("exp_difference", (vector, top)) if self.scale is None else self.scale.exp(vector, top)
        return self._name("scaled", difference, "numerators of softmax, the largest of them 2**64")

    @cached_property
    def rest(self) -> ir.Node:
        return self._name(
            "rest",
            without(self.top_class, self.scaled),
            "without the largest, beside which what is small would be lost",
        )

    @cached_property
    def mass(self) -> ir.Node:
        return self._name("mass", add(UNIT, self.rest), "the denominator of softmax")

    @cached_property
    def log_mass(self) -> ir.Node:
        return self._name("log_mass", ir.Map("log1p", (div(self.rest, UNIT),)))

    @cached_property
    def logsumexp(self) -> ir.Node:
        return add(self.times_scale(self.top), self.log_mass)

    @cached_property
    def p(self) -> ir.Node:
        return self._name("p", div(self.scaled, self.mass))

    @cached_property
    def p_top(self) -> ir.Node:
        return div(UNIT, self.mass)

    @cached_property
    def log_p(self) -> ir.Node:
        return self._name("log_p", neg(add(self.gap, self.log_mass)), "never the logarithm of p")

    @cached_property
    def q(self) -> ir.Node:
        others = where(ir.OneHot(self.top_class), self.rest, sub(self.mass, self.scaled))
        return self._name("q", div(others, self.mass), "1 - p, as the share of the other classes")

    @cached_property
    def q_top(self) -> ir.Node:
        return self._name("q_top", div(self.rest, self.mass), "1 - p of the largest")

    @property
    def target(self) -> ir.Node:
        if self._target is None:
            raise ValueError("these forms have no true class")
        return self._target

    @cached_property
    def gap_c(self) -> ir.Node:
        return self._name("gap_c", self.times_scale(sub(self.top, ir.Gather(self.vector, self.target))))

    @cached_property
    def p_c(self) -> ir.Node:
        return self._name("p_c", div(ir.Gather(self.scaled, self.target), self.mass))

    @cached_property
    def log_p_c(self) -> ir.Node:
        return self._name("log_p_c", neg(add(self.gap_c, self.log_mass)), "never the logarithm of p")

    @cached_property
    def others(self) -> ir.Node:
        return self._name("others", without(self.target, self.scaled))

    @cached_property
    def q_c(self) -> ir.Node:
        return self._name("q_c", div(self.others, self.mass), "1 - p_c, as the sum of the other classes")

    @cached_property
    def share(self) -> ir.Node:
        """p_k / (1 - p_c) for k other than c, 0 for c: the share of each class among the others (0 for 0/0)."""
        # where the sum of the others is 0, so is each of them: 0 / 1 for 0 / 0
        divisor = where(ir.Map("eq", (self.others, ZERO)), ONE, self.others)
        share = where(ir.OneHot(self.target), ZERO, div(self.scaled, divisor))
        return self._name("share", share, "of each class among the others than c")

    @cached_property
    def rate(self) -> ir.Node:
        """-log p_c / (1 - p_c), which is 1 in the limit p_c = 1."""
        certain = ir.Map("eq", (self.q_c, ZERO))
        quotient = div(neg(self.log_p_c), where(certain, ONE, self.q_c))
        return self._name("rate", where(certain, ONE, quotient), "-log p_c / (1 - p_c), which tends to 1")

    # --- differences that cancel at the largest class alone -------------------------------------------------------
    def centred(self, row: ir.Node, at_target: bool) -> tuple[ir.Node, ir.Node]:
        """f - sum_k p_k f_k of a row f, or its entry at the true class; and that sum.

        At the class itself it is f (1 - p) less the sum over the others.
        """
        index = self.target if at_target else self.top_class
        row = self._name("f", row) if not isinstance(row, ir.Input | ir.Var) else row
        terms = self._name("weighted", product(self.scaled, row), "the terms of the mean, times its denominator")
        others = self._name("of_others", without(index, terms))
        mean = self._name("mean", div(add(others, ir.Gather(terms, index)), self.mass))
        share = self.others if at_target else self.rest
        there = div(sub(product(share, ir.Gather(row, index)), others), self.mass)
        if at_target:
            return there, mean
        apart = where(ir.OneHot(index), there, sub(row, mean))
        return self._name("centred", apart, "the largest class apart: there both are nearly the same"), mean

    def residual(self, row: ir.Node, at_target: bool) -> ir.Node:
        """p F - f for a row f with the sum F, or its entry at the true class.

        At the class itself it is p times the sum of the others less f (1 - p).
        """
        index = self.target if at_target else self.top_class
        others = self._name("sum_of_others", without(index, row))
        f_there = ir.Gather(row, index)
        numerator: ir.Node = ir.Gather(self.scaled, index) if at_target else UNIT
        share = self.others if at_target else self.rest
        there = div(sub(mul(numerator, others), mul(share, f_there)), self.mass)
        if at_target:
            return there
        apart = where(ir.OneHot(index), there, sub(mul(self.p, add(others, f_there)), row))
        return self._name("residual", apart, "the largest class apart: there both may be nearly the sum")

    def difference(self, f: ir.Node, complement: ir.Node | None, at_target: bool) -> ir.Node:
        """p - f for a row or a number f, or its entry at the true class: where p may be near 1, p (1 - f) - f (1 - p).

        ``complement``: the row 1 - f, where it is known better than by subtraction.
        """
        index = self.target if at_target else self.top_class

        def at(node: ir.Node) -> ir.Node:
            return ir.Gather(node, index) if node.shape in ("row", "class") else node

        one_less = sub(ONE, at(f)) if complement is None else at(complement)
        if at_target:
            return sub(mul(self.p_c, one_less), mul(at(f), self.q_c))
        there = sub(mul(self.p_top, one_less), mul(at(f), self.q_top))
        apart = where(ir.OneHot(index), there, sub(self.p, f))
        return self._name("difference", apart, "the largest class apart: there both may be near 1")

    def less(self, row: ir.Node) -> ir.Node:
        """p - f for a row f: by rounded probabilities where they differ, to a few ulps where they are nearly equal."""
        if self.vector.shape != "row":
            return sub(self.p, row)
        op = "softmax_less" if self.scale is None else self.scale.named("softmax_less")
        scale = () if self.scale is None else (self.scale.by,)
        difference = ir.Map(op, (self.p, row, self.vector, self.top, *scale))
        return self._name("p_less", difference, "more digits than p has, where the divergence hangs on them")


def sech_squared(let: Let, exponential: ir.Node) -> ir.Node:
    """1 - tanh(x)^2 from exp(-2 |x|)."""
    small = let("small", exponential, "of which 1 - tanh^2 is made: it does not vanish where tanh is 1")
    above = add(ONE, small)
    return div(mul(ir.Const(Fraction(4)), small), mul(above, above))


def divergence(let: Let, q: SoftmaxForms, p: SoftmaxForms) -> ir.Node:
    """sum_k q_k log(q_k / p_k) of two softmaxes of vectors with one scale, or with none.

    Where they are near, log(1 + A) with A = sum q (exp(x) - 1 - x), x the difference of the logits less its mean under
    q; elsewhere the sum as it stands.
    """
    away = let("away", sub(p.vector, q.vector), "the difference of the two logits")
    short = let("short", ir.Map("difference_error", (p.vector, q.vector)), "what its rounding leaves out")
    top = q.top_class
    from_top = add(sub(away, ir.Gather(away, top)), sub(short, ir.Gather(short, top)))
    delta = let("delta", q.times_scale(from_top), "less that of the class which counts most")
    mean = let("mean_delta", div(ir.Reduce("sum", product(q.scaled, delta)), q.mass), "")
    x = let("x", sub(delta, mean), "the same less its mean")
    small = ir.Map("lt", (x, ONE))
    # where x is large, q exp(x) = p (1 + A) for the sum A that is looked for: an equation that is linear in A
    second = div(ir.Reduce("sum", product(q.scaled, where(small, ir.Map("expm1_less", (x,)), ZERO))), q.mass)
    apart = let("apart", ir.Reduce("sum", where(small, ZERO, p.p)), "what p has where it is much more than q")
    rest = ir.Reduce("sum", where(small, ZERO, product(q.p, add(ONE, x))))
    above = let("second_order", sub(add(second, apart), rest), "of terms that are not negative")
    excess = let("excess", div(above, sub(ONE, apart)), "")
    far = let("far", ir.Reduce("sum", product(q.p, sub(q.log_p, p.log_p))), "")
    near = ir.Map("log1p", (excess,))
    close = ir.Map("and", (ir.Map("lt", (apart, HALF)), ir.Map("lt", (excess, HALF))))
    return where(close, near, far)
