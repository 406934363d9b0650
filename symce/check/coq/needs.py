"""What has to be known of the letters of a proof: the hypotheses of its theorem.

The domain of a letter is listed where it could matter: where the letter stands in a logarithm, in a denominator, under
a power that is no whole number, or where the proof is an inequality. What a denominator or such a power holds has to
be positive, even where the domain of the proof has 0: there the proof has no value (as the numeric check finds, too).
Two classes at least where 1 - p is divided by or raised to a power: with one class it is 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from symce.check.document import Document, Node


@dataclass(frozen=True)
class Needs:
    """The letters whose domain is needed; of these, those that must not be 0; whether K = 1 is left out."""

    domains: frozenset[str] = frozenset()
    positive: frozenset[str] = frozenset()
    two_classes: bool = False

    def __or__(self, other: Needs) -> Needs:
        return Needs(
            self.domains | other.domains, self.positive | other.positive, self.two_classes or other.two_classes
        )


def needs(document: Document) -> Needs:
    """What the lines of a proof and its definitions need."""
    found = Needs()
    for node in nodes(document):
        base, strict = _critical(node)
        if base is None:
            continue
        letters = frozenset(n.names[0] for n in base.walk() if n.op in ("entry", "sym"))
        found |= Needs(letters, frozenset(_factors(base)) if strict else frozenset())
        if any(_may_vanish(n) for n in base.walk()):
            found |= Needs(two_classes=True)
    if document.relation != "=":
        found |= Needs(frozenset(document.domains))
    return found


def nodes(document: Document) -> Iterator[Node]:
    """All nodes of the lines and of the definitions."""
    for line in document.lines:
        yield from line.expr.walk()
    for definition in document.definitions.values():
        for part in (definition.value, definition.through, definition.slope):
            if part is not None:
                yield from part.walk()


def _critical(node: Node) -> tuple[Node | None, bool]:
    """What must not be negative in a node, if anything, and whether it must not be 0 either."""
    if node.op == "log":
        return node.args[0], False
    if node.op == "pow":
        exponent = node.args[1]
        value = Fraction(exponent.names[0]) if exponent.op == "num" else None
        if value is None or value.denominator != 1 or value < 0:
            return node.args[0], True
    return None, False


def _factors(node: Node) -> Iterator[str]:
    """The letters that are factors of a product, or it itself."""
    if node.op in ("mul", "product", "named"):
        for arg in node.args:
            yield from _factors(arg)
    elif node.op in ("entry", "sym"):
        yield node.names[0]


def _may_vanish(node: Node) -> bool:
    """Whether an expression is a difference, such as 1 - p or K - 1, that is 0 for one class."""
    return node.op == "add" and not _positive(node) and any(n.op in ("softmax", "size") for n in node.walk())


def _positive(node: Node) -> bool:
    """Whether an expression is positive for any number of classes, if the letters in it that are factors are."""
    match node.op:
        case "softmax" | "exp" | "sigmoid" | "softplus" | "size" | "entry" | "sym":
            return True
        case "num":
            return Fraction(node.names[0]) > 0
        case "add":
            return all(_positive(a) for a in node.args)
        case "mul" | "product" | "named" | "sum" | "prod":
            return all(_positive(a) for a in node.args)
        case "pow":
            return _positive(node.args[0])
    return False
