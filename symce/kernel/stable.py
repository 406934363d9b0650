"""The stable forms: how p, log p, 1 - p and log-sum-exp of a row are computed without cancellation and overflow.

With m = max_k z_k, attained at one class a:  D_k = m - z_k >= 0,  E_k = exp(-D_k),  R = the sum of E_k over k != a,
S = 1 + R.  Then -log p_k = D_k + log1p(R) adds two terms that are not negative; p_k = E_k / S; and 1 - p_k is R / S at
the maximum and (S - E_k) / S elsewhere, where nothing cancels since S - E_k >= 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cached_property

from symce.kernel import ir

ZERO, ONE = ir.Const(Fraction(0)), ir.Const(Fraction(1))
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


class SoftmaxForms:
    """The forms for one vector (a row of logits, or K numbers), each given a name when it is first asked for.

    ``target`` is the index of the true class, a row, and ``hot`` the row that is true there; or None.
    """

    def __init__(self, let: Let, vector: ir.Node, target: ir.Node | None, hot: Callable[[], ir.Node] | None) -> None:
        self._let = let
        self._vector = vector
        self._target = target
        self._hot_row = hot

    def _name(self, name: str, value: ir.Node, note: str = "") -> ir.Var:
        return self._let(name, value, note)

    @cached_property
    def top_class(self) -> ir.Node:
        return self._name("top_class", ir.Reduce("argmax", self._vector))

    @cached_property
    def top(self) -> ir.Node:
        _ = self.top_class  # named first, so that a target may take the maximum as the entry there
        return self._name("top", ir.Reduce("max", self._vector))

    @cached_property
    def gap(self) -> ir.Node:
        return self._name("gap", sub(self.top, self._vector), "how far each logit is below the largest: never negative")

    @cached_property
    def scaled(self) -> ir.Node:
        return self._name("scaled", ir.Map("exp", (neg(self.gap),)), "numerators of softmax, the largest of them 1")

    @cached_property
    def is_top(self) -> ir.Node:
        return self._name("is_top", ir.OneHot(self.top_class))

    @cached_property
    def rest(self) -> ir.Node:
        return self._name(
            "rest",
            ir.Reduce("sum", where(self.is_top, ZERO, self.scaled)),
            "without the largest, so that nothing small is lost beside its 1",
        )

    @cached_property
    def mass(self) -> ir.Node:
        return self._name("mass", add(ONE, self.rest), "the denominator of softmax")

    @cached_property
    def log_mass(self) -> ir.Node:
        return self._name("log_mass", ir.Map("log1p", (self.rest,)))

    @cached_property
    def logsumexp(self) -> ir.Node:
        return add(self.top, self.log_mass)

    @cached_property
    def p(self) -> ir.Node:
        return self._name("p", div(self.scaled, self.mass))

    @cached_property
    def log_p(self) -> ir.Node:
        return self._name("log_p", neg(add(self.gap, self.log_mass)), "never the logarithm of p")

    @cached_property
    def q(self) -> ir.Node:
        others = where(self.is_top, self.rest, sub(self.mass, self.scaled))
        return self._name("q", div(others, self.mass), "1 - p, as the share of the other classes")

    @property
    def _hot(self) -> ir.Node:
        if self._hot_row is None:
            raise ValueError("these forms have no true class")
        return self._hot_row()

    @cached_property
    def gap_c(self) -> ir.Node:
        if self._target is None:
            raise ValueError("these forms have no true class")
        return self._name("gap_c", sub(self.top, ir.Gather(self._vector, self._target)))

    @cached_property
    def p_c(self) -> ir.Node:
        return self._name("p_c", div(ir.Map("exp", (neg(self.gap_c),)), self.mass))

    @cached_property
    def log_p_c(self) -> ir.Node:
        return self._name("log_p_c", neg(add(self.gap_c, self.log_mass)), "never the logarithm of p")

    @cached_property
    def others(self) -> ir.Node:
        return self._name("others", ir.Reduce("sum", where(self._hot, ZERO, self.scaled)))

    @cached_property
    def q_c(self) -> ir.Node:
        return self._name("q_c", div(self.others, self.mass), "1 - p_c, as the sum of the other classes")

    @cached_property
    def share(self) -> ir.Node:
        """p_k / (1 - p_c) for k other than c, 0 for c: the share of each class among the others (0 for 0/0)."""
        # where the sum of the others is 0, so is each of them: 0 / 1 for 0 / 0
        divisor = where(ir.Map("eq", (self.others, ZERO)), ONE, self.others)
        return self._name(
            "share", where(self._hot, ZERO, div(self.scaled, divisor)), "of each class among the others than c"
        )

    @cached_property
    def rate(self) -> ir.Node:
        """-log p_c / (1 - p_c), which is 1 in the limit p_c = 1."""
        certain = ir.Map("eq", (self.q_c, ZERO))
        quotient = div(neg(self.log_p_c), where(certain, ONE, self.q_c))
        return self._name("rate", where(certain, ONE, quotient), "-log p_c / (1 - p_c), which tends to 1")
