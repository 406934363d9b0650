"""A RowProgram as a Triton kernel runs it: what makes an entry of whole rows is written as sums over them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from fractions import Fraction

from symce.kernel.ir import Const, Gather, Input, Map, Node, OneHot, Reduce, RowProgram, Var
from symce.targets.native_plan import Plan

_FINE = {
    "softmax_less": "fine_numerator",
    "softmax_less_quotient": "fine_numerator_quotient",
    "softmax_less_multiple": "fine_numerator_multiple",
}


def expanded(program: RowProgram) -> RowProgram:
    """The program with what makes an entry of whole rows written as sums over them.

    p - y is computed anew, in float64, where sum |p - y| < 1/2; elsewhere the rounding of p does not matter: a
    divergence is at least 1/8 there (Pinsker's inequality).
    """

    def whole(node: Node) -> Node:
        match node:
            case Map() if node.op in _FINE:
                p, y, *exponent = (whole(a) for a in node.args)
                plain = Map("sub", (p, y))
                numerator = Map(_FINE[node.op], tuple(exponent))
                anew = Map("fine_less", (numerator, Reduce("fine_sum", numerator), y))
                near = Map("lt", (Reduce("sum", Map("abs", (plain,))), Const(Fraction(1, 2))))
                return Map("where", (near, anew, plain))
            case Map():
                return Map(node.op, tuple(whole(a) for a in node.args))
            case Reduce():
                return Reduce(node.op, whole(node.body))
            case Gather():
                return Gather(whole(node.source), whole(node.index))
            case OneHot():
                return OneHot(whole(node.index))
        return node

    lets = tuple(replace(let, value=whole(let.value)) for let in program.lets)
    return replace(program, lets=lets, outputs={name: whole(node) for name, node in program.outputs.items()})


def needed_rows(plan: Plan, roots: list[Node], known: Collection[str]) -> list[str]:
    """The row values without a name that the roots are made of, in order; not those behind a Gather."""
    found = {n.name for n in _read(plan, roots, known) if isinstance(n, Var)}
    return [name for name in plan.lets if name in found]


def needed_inputs(plan: Plan, roots: list[Node], known: Collection[str]) -> list[Input]:
    """The inputs of one number a class without a name that the roots read at every class."""
    found = {n.name for n in _read(plan, roots, known) if isinstance(n, Input)}
    return [source for source in plan.inputs.values() if source.name in found]


def _read(plan: Plan, roots: list[Node], known: Collection[str]) -> set[Var | Input]:
    found: set[Var | Input] = set()

    def visit(node: Node) -> None:
        match node:
            case Var() if plan.is_row(node) and node.name not in known and node not in found:
                found.add(node)
                visit(plan.lets[node.name].value)
            case Input() if node.shape in ("row", "class") and node.name not in known:
                found.add(node)
            case Map():
                for a in node.args:
                    visit(a)

    for root in roots:
        visit(root)
    return found
