"""What a rule needs where it is used, beyond the form of what it rewrites: side conditions, tried at every point.

A rule rewrites what is in the line before a step and not in the one after it. Its side conditions (rules.txt names
them) are about these expressions: that each factor is positive where the logarithm of a product is split, that nothing
is cancelled that is 0, that a power has a derivative. Two lines may well be equal where a condition does not hold
(log((-2)(-3)) is log 6), and still the step is not what the rule allows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from symce.check.arithmetic import Undefined, digits, primal
from symce.check.document import Node
from symce.check.evaluate import Environment, Evaluator


def gone(before: Node, after: Node) -> frozenset[Node]:
    """The expressions of a line that are not in the next one: among them all that a step has rewritten."""
    return frozenset(before.walk()) - frozenset(after.walk())


def violated(
    names: frozenset[str], before: Node, rewritten: frozenset[Node], evaluator: Evaluator, env: Environment
) -> str:
    """The first side condition that does not hold at a point, in words with the value; empty where all do."""
    for name in sorted(names):
        applies, holds = CONDITIONS[name]
        for node, inner in _places(before, rewritten, evaluator, env):
            if applies(node):
                try:
                    message = holds(node, Here(evaluator, inner))
                except Undefined as reason:
                    message = f"has no value: {reason}"
                if message:
                    at = "".join(f", {n} = {v}" for n, v in sorted(inner.items()) if n not in env)
                    return f"the rule's condition does not hold: {message}{at}"
    return ""


def _places(
    node: Node, rewritten: frozenset[Node], evaluator: Evaluator, env: Environment
) -> Iterator[tuple[Node, Environment]]:
    """Each rewritten expression, with all values of the indices that are bound around it."""
    if node not in rewritten:  # then nothing below it is either
        return
    yield node, env
    if node.op in ("sum", "prod", "lse"):
        index, kind = node.names
        for n in range(1, evaluator.point.size(kind) + 1):
            yield from _places(node.args[0], rewritten, evaluator, {**env, index: n})
    elif node.op == "where":
        yield from _places(node.args[2 if evaluator.chosen(node, env) else 3], rewritten, evaluator, env)
    else:
        for arg in node.args:
            yield from _places(arg, rewritten, evaluator, env)


@dataclass(frozen=True)
class Here:
    """The values of expressions for these values of the indices."""

    evaluator: Evaluator
    env: Environment

    def __call__(self, node: Node) -> Decimal:
        return primal(self.evaluator.value(node, self.env))

    def factors(self, node: Node) -> Iterator[Decimal]:
        """The values of what is multiplied in an expression, powers by their base."""
        if node.op in ("mul", "product", "named"):
            for arg in node.args:
                yield from self.factors(arg)
        elif node.op == "pow":
            yield from self.factors(node.args[0])
        elif node.op == "prod":
            index, kind = node.names
            for n in range(1, self.evaluator.point.size(kind) + 1):
                yield from Here(self.evaluator, {**self.env, index: n}).factors(node.args[0])
        else:
            yield self(node)


def _positive_factors(node: Node, value: Here) -> str:
    bad = next((x for x in value.factors(node.args[0]) if x <= 0), None)
    return "" if bad is None else f"a factor below the logarithm is {digits(bad, 6)}"


def _positive(node: Node, value: Here) -> str:
    return f"the logarithm is of {digits(x, 6)}" if (x := value(node.args[0])) <= 0 else ""


def _at_most_one(node: Node, value: Here) -> str:
    x = value(node.args[0])
    return "" if 0 <= x <= 1 else f"{digits(x, 6)} is no probability"


def _probability(node: Node, value: Here) -> str:
    x = value(node)
    return "" if 0 <= x <= 1 else f"{digits(x, 6)} is no probability"


def _nonzero(node: Node, value: Here) -> str:
    base, exponent = node.args
    return "what is divided by is 0" if value(base) == 0 and value(exponent) < 0 else ""


def _one_base(node: Node, value: Here) -> str:
    """x^a x^b = x^(a+b) and (x y)^a = x^a y^a hold for whole exponents where x is not 0, for others where x > 0."""
    base, exponent = (value(a) for a in node.args)
    whole = exponent == exponent.to_integral_value()
    if base < 0 and not whole:
        return f"a real power of {digits(base, 6)}"
    return "a power of 0 with an exponent that is not positive" if base == 0 and exponent <= 0 else ""


def _smooth_power(node: Node, value: Here) -> str:
    """t^n has the derivative n t^(n-1) where t > 0, for a whole n where t < 0, and at 0 for n = 0 and n >= 1."""
    base, exponent = (value(a) for a in node.args[0].args)
    if base > 0 or (exponent == exponent.to_integral_value() and (base != 0 or exponent == 0)):
        return ""
    return "" if base == 0 and exponent >= 1 else f"{digits(base, 6)} to the {digits(exponent, 6)} has no derivative"


def _no_kink(node: Node, value: Here) -> str:
    return "the argument is 0, where there is no derivative" if value(node.args[0].args[0]) == 0 else ""


def _no_boundary(node: Node, value: Here) -> str:
    left, right = (value(a) for a in node.args[0].args[:2])
    return "the condition changes here" if left == right else ""


def _is(op: str) -> Callable[[Node], bool]:
    return lambda node: node.op == op


def _derivative_of(op: str) -> Callable[[Node], bool]:
    return lambda node: node.op == "partial" and node.args[0].op == op


#: which expressions a condition is about, and what is wrong with one (nothing: an empty string)
CONDITIONS: Mapping[str, tuple[Callable[[Node], bool], Callable[[Node, Here], str]]] = {
    "positive-factors": (_is("log"), _positive_factors),
    "positive": (_is("log"), _positive),
    "log-of-at-most-one": (_is("log"), _at_most_one),
    "probability": (lambda node: node.op in ("softmax", "entry"), _probability),
    "base-a-probability": (_is("pow"), lambda node, value: _probability(node.args[0], value)),
    "nonzero": (_is("pow"), _nonzero),
    "one-base": (_is("pow"), _one_base),
    "smooth-power": (_derivative_of("pow"), _smooth_power),
    "positive-argument": (
        _derivative_of("log"),
        lambda node, value: _positive(node.args[0], value),
    ),
    "no-kink": (_derivative_of("abs"), _no_kink),
    "no-boundary": (_derivative_of("where"), _no_boundary),
}
