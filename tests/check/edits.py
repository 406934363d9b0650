"""Ways to spoil an expression: each kind yields what may stand in the place of one expression of a line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from symce.check.document import KINDS

Editor = Callable[[list, dict, "Scene"], Iterator[list]]


@dataclass(frozen=True)
class Scene:
    """What an edit may draw on: the vectors of each shape, by the document's own use of them."""

    vectors: dict

    @staticmethod
    def of(document: dict) -> Scene:
        found: dict[int, list[str]] = {}
        for line in [document["statement"], *(s["expr"] for s in document["steps"])]:
            for node, _, _ in walk(line, {}):
                if node[0] == "entry":
                    names = found.setdefault(len(node), [])
                    names += [] if node[1] in names else [node[1]]
        return Scene(found)


def walk(expr: Any, scope: dict, path: tuple[int, ...] = ()) -> Iterator[tuple[list, tuple[int, ...], dict]]:
    """Every expression within an expression with the way to it and the indices in scope; labels are left out."""
    yield expr, path, scope
    inner = {**scope, expr[1]: expr[2]} if expr[0] in ("sum", "prod", "lse") else scope
    for position, arg in enumerate(expr):
        if isinstance(arg, list) and not (expr[0] == "named" and position == 1):
            if expr[0] == "where" and position == 1:
                for side in (1, 2):
                    yield from walk(arg[side], scope, (*path, 1, side))
            else:
                yield from walk(arg, inner, (*path, position))


def put(expr: list, path: tuple[int, ...], new: list) -> list:
    if not path:
        return new
    head, *rest = path
    return [put(e, tuple(rest), new) if n == head else e for n, e in enumerate(expr)]


def with_line(document: dict, number: int, path: tuple[int, ...], new: list) -> dict:
    """The document with another expression at one place of one line."""
    if not number:
        return {**document, "statement": put(document["statement"], path, new)}
    steps = list(document["steps"])
    steps[number - 1] = {**steps[number - 1], "expr": put(steps[number - 1]["expr"], path, new)}
    # the result is the last line, so that the difference between the two does not give the mutation away
    return {**document, "steps": steps, "result": steps[-1]["expr"]}


def num(n: int) -> list:
    return ["num", str(n)]


def rename(expr: Any, old: str, new: str) -> Any:
    """Another index in the place of a free one."""
    if not isinstance(expr, list):
        return expr
    if expr[0] in ("sum", "prod", "lse") and expr[1] == old:
        return expr
    if expr[0] in ("entry", "softmax", "delta"):
        first = 1 if expr[0] == "delta" else 2
        return [*expr[:first], *[new if e == old else e for e in expr[first:]]]
    return [rename(e, old, new) for e in expr]


def others(name: str, scope: dict) -> list[str]:
    """The other indices of the same kind; a class by its number and c(i) are classes."""
    kind = scope.get(name, "class")
    return [n for n in sorted(scope) if scope[n] == kind and n != name] + (["1"] if name == "2" else [])


def without(args: list, n: int) -> list:
    return args[:n] + args[n + 1 :]


def _add_edit(change: Callable[[list], list | None]) -> Editor:
    def editor(node, scope, scene):
        if node[0] == "add":
            for n in range(1, len(node)):
                new = change(node[n])
                yield ["add", *without(node[1:], n - 1), *([] if new is None else [new])]

    return editor


def _on(head: str | tuple[str, ...], make: Callable[[list], list]) -> Editor:
    heads = (head,) if isinstance(head, str) else head
    return lambda node, scope, scene: iter([make(node)] if node[0] in heads else [])


def _swap_index(head: str) -> Editor:
    def editor(node, scope, scene):
        if node[0] == head:
            first = 1 if head == "delta" else 2
            for n in range(first, len(node)):
                for other in others(node[n], scope):
                    yield [*node[:n], other, *node[n + 1 :]]

    return editor


def _drop_sum(node, scope, scene):
    if node[0] == "sum":
        for other in [n for n in sorted(scope) if scope[n] == node[2]]:
            yield rename(node[3], node[1], other)


def _other_vector(node, scope, scene):
    if node[0] == "entry":
        for other in scene.vectors[len(node)]:
            if other != node[1]:
                yield ["entry", other, *node[2:]]


def _drop_factor(node, scope, scene):
    if node[0] == "mul" and len(node) > 2:
        for n in range(1, len(node)):
            yield ["mul", *without(node[1:], n - 1)]


def _variable(node, scope, scene):
    if node[0] in ("total", "partial"):
        names = node[2][1][2:] if node[2][0] == "sigmoid" else node[2][2:]
        for name in names:
            for other in others(name, scope):
                yield [node[0], node[1], rename(node[2], name, other)]


def _partial_for_total(node, scope, scene):
    if node[0] == "total":
        yield ["partial", *node[1:]]


def _total_for_partial(node, scope, scene):
    if node[0] == "partial" and node[2][0] == "entry":
        yield ["total", *node[1:]]


def _captured(node, scope, scene):
    """A bound index under the name of a free one that stands beside it."""
    if node[0] in ("sum", "prod", "lse"):
        for other in [n for n in sorted(scope) if scope[n] == node[2] and n != node[1]]:
            if rename(node[3], other, "%") != node[3]:
                yield [node[0], other, node[2], rename(node[3], node[1], other)]


def _another_range(node, scope, scene):
    if node[0] in ("sum", "prod", "lse"):
        yield from ([*node[:2], kind, node[3]] for kind in sorted(KINDS) if kind != node[2])


def _label(node, scope, scene):
    """What is said under the name of a derivative: another variable, another function."""
    if node[0] == "named" and node[1][0] in ("total", "partial"):
        head, function, variable = node[1]
        yield ["named", [head, ["mul", num(2), function], variable], node[2]]
        for name in variable[2:]:
            yield from (["named", [head, function, rename(variable, name, o)], node[2]] for o in others(name, scope))


#: kinds that change one expression of one line
EDITS: dict[str, Editor] = {
    "sign of a line's part": _on(("mul", "sum", "pow", "softmax"), lambda e: ["mul", num(-1), e]),
    "sign of a term": _add_edit(lambda t: ["mul", num(-1), t]),
    "factor 2 on a term": _add_edit(lambda t: ["mul", num(2), t]),
    "term dropped": lambda node, scope, scene: (e for e in _add_edit(lambda t: None)(node, scope, scene) if len(e) > 1),
    "1 as a further term": _on("add", lambda e: [*e, num(1)]),
    "factor dropped": _drop_factor,
    "delta dropped": _on("delta", lambda e: num(1)),
    "delta made 0": _on("delta", lambda e: num(0)),
    "index of a delta": _swap_index("delta"),
    "index of an entry": _swap_index("entry"),
    "index of softmax": _swap_index("softmax"),
    "exponent + 1": _on("pow", lambda e: ["pow", e[1], ["add", e[2], num(1)]]),
    "exponent - 1": _on("pow", lambda e: ["pow", e[1], ["add", e[2], num(-1)]]),
    "exponent negated": _on("pow", lambda e: ["pow", e[1], ["mul", num(-1), e[2]]]),
    "number + 1": _on("num", lambda e: ["add", e, num(1)]),
    "sum dropped": _drop_sum,
    "sum taken K times": _on("sum", lambda e: ["mul", ["size", "K"], e]),
    "terms of a sum taken K times": _on("sum", lambda e: ["sum", e[1], e[2], ["mul", e[3], ["size", "K"]]]),
    "log for its argument": _on("log", lambda e: e[1]),
    "logarithm of base 2": _on("log", lambda e: ["mul", e, ["pow", ["log", num(2)], num(-1)]]),
    "logit for its softmax": _on("softmax", lambda e: ["entry", *e[1:]]),
    "1 - s for s": _on("sigmoid", lambda e: ["add", num(1), ["mul", num(-1), e]]),
    "exp of the negative": _on("exp", lambda e: ["exp", ["mul", num(-1), e[1]]]),
    "another vector": _other_vector,
    "parameter + 1": _on("sym", lambda e: ["add", e, num(1)]),
    "K + 1": _on("size", lambda e: ["add", e, num(1)]),
    "variable of a derivative": _variable,
    "partial for total": _partial_for_total,
    "total for partial": _total_for_partial,
    "outer factor dropped": _on("product", lambda e: e[2]),
    "inner factor dropped": _on("product", lambda e: e[1]),
    "bound index that captures": _captured,
    "range of a sum": _another_range,
    "product for a sum": _on("sum", lambda e: ["prod", *e[1:]]),
    "what a derivative's name says": _label,
    "definition under a name": _on("named", lambda e: ["named", e[1], ["mul", num(3), e[2]]]),
}
