"""The largest of a softmax's lifted numerators, which is 2**64 by its making: where a sum leaves it out."""

from __future__ import annotations

from collections.abc import Mapping

from symce.kernel.ir import Const, Map, Node, OneHot, Reduce, Var

#: operations whose results are the lifted numerators of a softmax
NUMERATORS = ("exp_difference", "exp_quotient", "exp_multiple")


def without_one(node: Node) -> tuple[Var, Node] | None:
    """The row and the index of a sum of a named row without the entry at an index; None for any other value."""
    match node:
        case Reduce("sum", Map("where", (OneHot(index), Const(0), Var() as row))):
            return row, index
    return None


def is_largest(lets: Mapping[str, Node], row: Node, index: Node) -> bool:
    """Whether the index is that of the largest of a row of lifted numerators; ``lets``: what the names stand for."""

    def value(node: Node) -> Node:
        return lets.get(node.name, node) if isinstance(node, Var) else node

    numerators = value(row)
    if not isinstance(numerators, Map) or numerators.op not in NUMERATORS:
        return False
    exponent, top = numerators.args[:2]
    return value(index) == Reduce("argmax", exponent) and value(top) == Reduce("max", exponent)
