"""Ways to spoil a proof: each kind yields spoiled copies of a document, one for each place where it applies.

Every mutation comes with the two expressions that it exchanged, or with None where it touched no expression.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from symce.check.rules import known_rules

#: the most places of one document at which one kind is tried
PLACES = 2


@dataclass(frozen=True)
class Mutant:
    """A spoiled document; ``step`` is the step whose expression was changed from ``before`` to ``after``."""

    document: dict
    step: int | None = None
    before: list | None = None
    after: list | None = None


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
    inner = {**scope, expr[1]: expr[2]} if expr[0] in ("sum", "lse") else scope
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


def edit(document: dict, editor: Editor, kind: str) -> Iterator[Mutant]:
    """The editor applied at a few places of the steps, chosen by the names of the document and the kind."""
    scene = Scene.of(document)
    found = []
    for number, step in enumerate(document["steps"], 1):
        for node, path, scope in walk(step["expr"], document["indices"]):
            found += [(number, path, new) for new in editor(node, scope, scene)]
    random = Random(f"{document['name']} {kind}")
    for number, path, new in random.sample(found, min(PLACES, len(found))):
        before = document["steps"][number - 1]["expr"]
        after = put(before, path, new)
        spoiled = copy.deepcopy(document)
        spoiled["steps"][number - 1]["expr"] = after
        if number == len(document["steps"]):
            spoiled["result"] = after  # so that the difference from the result does not give it away
        yield Mutant(spoiled, number, before, after)


def num(n: int) -> list:
    return ["num", str(n)]


def rename(expr: Any, old: str, new: str) -> Any:
    """Another index in the place of a free one."""
    if not isinstance(expr, list):
        return expr
    if expr[0] in ("sum", "lse") and expr[1] == old:
        return expr
    if expr[0] in ("entry", "softmax", "delta"):
        first = 1 if expr[0] == "delta" else 2
        return [*expr[:first], *[new if e == old else e for e in expr[first:]]]
    return [rename(e, old, new) for e in expr]


def others(name: str, scope: dict) -> list[str]:
    return [n for n in sorted(scope) if scope[n] == scope[name] and n != name]


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


#: kinds that change one expression of one step
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
    "definition under a name": _on("named", lambda e: ["named", e[1], ["mul", num(3), e[2]]]),
}


def _steps(change: Callable[[list], Iterator[list]]) -> Callable[[dict], Iterator[Mutant]]:
    def mutate(document):
        for steps in change(copy.deepcopy(document["steps"])):
            yield Mutant({**copy.deepcopy(document), "steps": steps})

    return mutate


def _exchanged(steps):
    for n in range(len(steps) - 1):
        yield [*steps[:n], steps[n + 1], steps[n], *steps[n + 2 :]]


def _renamed(name: str) -> Callable[[list], Iterator[list]]:
    def change(steps):
        for n, step in enumerate(steps):
            if step["rule"] != name:
                yield [*steps[:n], {**step, "rule": name}, *steps[n + 1 :]]

    return change


def _swapped_names(steps):
    names = sorted(known_rules())
    for n, step in enumerate(steps):
        other = Random(f"{n} {step['rule']}").choice([r for r in names if r != step["rule"]])
        yield [*steps[:n], {**step, "rule": other}, *steps[n + 1 :]]


def _doubled(steps):
    for n, step in enumerate(steps):
        yield [*steps[: n + 1], step, *steps[n + 1 :]]


def _statement(document):
    after = ["mul", num(2), document["statement"]]
    yield Mutant({**copy.deepcopy(document), "statement": after}, 0, document["statement"], after)


def _result(document):
    after = ["mul", num(2), document["result"]]
    yield Mutant({**copy.deepcopy(document), "result": after}, len(document["steps"]), document["result"], after)


def _assumption(document):
    for n in range(len(document["assumptions"])):
        yield Mutant({**copy.deepcopy(document), "assumptions": without(document["assumptions"], n)})


def _uncited(document):
    for n in range(len(document["cites"])):
        yield Mutant({**copy.deepcopy(document), "cites": without(document["cites"], n)})


def _definition(document):
    for n, entry in enumerate(document["definitions"]):
        part = "value" if "value" in entry else "slope"
        changed = {**entry, part: ["mul", num(2), entry[part]]}
        definitions = [*document["definitions"][:n], changed, *document["definitions"][n + 1 :]]
        yield Mutant({**copy.deepcopy(document), "definitions": definitions})


#: kinds that change the proof around its expressions
OTHERS: dict[str, Callable[[dict], Iterator[Mutant]]] = {
    "statement doubled": _statement,
    "result replaced": _result,
    "assumption removed": _assumption,
    "citation removed": _uncited,
    "definition of a letter": _definition,
    "steps exchanged": _steps(_exchanged),
    "last step removed": _steps(lambda steps: iter([steps[:-1]])),
    "step doubled": _steps(_doubled),
    "rule that does not exist": _steps(_renamed("by-magic")),
    "rule of another name": _steps(_swapped_names),
    "rule without its assumption": _steps(_renamed("target-sums-to-one")),
}


def mutants(kind: str, document: dict) -> Iterator[Mutant]:
    """The spoiled copies of a document by one kind of mutation."""
    return edit(document, EDITS[kind], kind) if kind in EDITS else OTHERS[kind](document)
