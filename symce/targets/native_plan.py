"""A RowProgram as loops over one row: which values are kept, which are computed where they are used, and in what order.

Every reduction and every gathered entry gets a name, so that what is left are numbers a row, made of one another, and
loops over the classes. A value a class is kept in the scratch of a row where its making is dear and it is used in more
than one place; all others are written out where they are used. Reductions that need the same things share one loop.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from symce.kernel.ir import (
    OF_ROWS,
    Const,
    Gather,
    Input,
    Map,
    Node,
    OneHot,
    Reduce,
    RowProgram,
    Size,
    Var,
    children,
    walk,
)

#: Operations so dear that an entry is kept rather than computed twice.
_DEAR = frozenset(
    "exp expm1 log log1p sqrt tanh pow sigmoid softplus exp_difference exp_quotient exp_multiple expm1_less "
    "divergence".split()
)


@dataclass(frozen=True)
class Definition:
    """A named value: a number a row (``row`` False), or one value an entry; ``node`` holds no reduction but its own."""

    name: str
    node: Node
    row: bool
    note: str = ""

    @property
    def looped(self) -> bool:
        """Whether it takes a loop over the classes."""
        return self.row or isinstance(self.node, Reduce)

    @property
    def index(self) -> bool:
        return isinstance(self.node, Reduce) and self.node.op == "argmax"


@dataclass
class Loop:
    """One loop over the classes: entries that are kept, reductions, and outputs that are written."""

    kept: list[Definition] = field(default_factory=list)
    reductions: list[Definition] = field(default_factory=list)
    written: list[str] = field(default_factory=list)


@dataclass
class Plan:
    """Steps in order: numbers of the row, and loops. ``inlined``: the values a class that are written out at use."""

    steps: list[Definition | Loop]
    inlined: Mapping[str, Definition]
    outputs: Mapping[str, Node]
    kept: tuple[str, ...]


def is_scalar(node: Node) -> bool:
    """Whether the value is made of numbers of the call alone."""
    return all(isinstance(n, Const | Size | Map) or (isinstance(n, Input) and n.shape == "scalar") for n in walk(node))


def is_row(node: Node) -> bool:
    return node.shape in ("row", "class")


class _Flat:
    """The values of a program in order of dependency."""

    def __init__(self, program: RowProgram) -> None:
        self.found: dict[str, Definition] = {}
        self._of: dict[Node, Node] = {}
        self._taken = {i.name for i in program.inputs} | {let.name for let in program.lets}
        self._scalars: dict[str, Node] = {}
        for let in program.lets:
            self._let(let.name, let.value, let.note)
        self.outputs = {name: self.flat(node) for name, node in program.outputs.items()}

    def _let(self, name: str, value: Node, note: str) -> None:
        inner = self._inner(value)
        if is_scalar(inner) or isinstance(inner, Var | Input):
            self._scalars[name] = inner
            return
        variable = self._of.get(inner)
        if variable is not None:
            self._scalars[name] = variable
            return
        self._define(name, inner, note)

    def _define(self, name: str, inner: Node, note: str = "") -> Node:
        self.found[name] = Definition(name, inner, is_row(inner), note)
        variable = Var(name, "row" if is_row(inner) else "batch")
        self._of[inner] = variable
        return variable

    def _inner(self, node: Node) -> Node:
        """The node with every part flat; it may itself be a reduction or a gathered entry."""
        match node:
            case Reduce():
                winner = Reduce("argmax", self.flat(node.body))
                if node.op == "max" and is_row(node.body) and winner in self._of:
                    return Gather(winner.body, self._of[winner])
                return Reduce(node.op, self.flat(node.body))
            case Gather():
                source, index = self.flat(node.source), self.flat(node.index)
                return Gather(source, index) if is_row(source) else source
        return self.flat(node)

    def flat(self, node: Node) -> Node:
        match node:
            case Var():
                return self._scalars.get(node.name, node)
            case Map():
                parts = Map(node.op, tuple(self.flat(a) for a in node.args))
                if parts in self._of:
                    return self._of[parts]
                return self._define(self._free(node.op), parts) if node.op in OF_ROWS else parts
            case OneHot():
                return OneHot(self.flat(node.index))
            case Reduce() | Gather():
                inner = self._inner(node)
                if not isinstance(inner, Reduce | Gather):
                    return inner
                if inner in self._of:
                    return self._of[inner]
                stem = inner.op if isinstance(inner, Reduce) else "at"
                return self._define(self._free(stem), inner)
        return node

    def _free(self, stem: str) -> str:
        number = 1
        while f"{stem}_{number}" in self._taken:
            number += 1
        self._taken.add(f"{stem}_{number}")
        return f"{stem}_{number}"


def plan(program: RowProgram) -> Plan:
    """The program as numbers of a row and loops over its classes, in the order in which they are computed."""
    flat = _Flat(program)
    kept = _kept(flat)
    inlined = {n: d for n, d in flat.found.items() if d.row and n not in kept}
    return _Schedule(flat, kept, inlined).run()


def _needs(node: Node, inlined: Mapping[str, Definition]) -> frozenset[str]:
    found: set[str] = set()
    for n in walk(node):
        if isinstance(n, Var):
            found |= _needs(inlined[n.name].node, inlined) if n.name in inlined else {n.name}
    return frozenset(found)


def _kept(flat: _Flat) -> set[str]:
    """The values a class that are kept: the dear ones used more than once, and what an operation on rows reads."""
    uses: dict[str, int] = {}
    whole: set[str] = set()
    for node in (*(d.node for d in flat.found.values()), *flat.outputs.values()):
        for n in walk(node):
            if isinstance(n, Var):
                uses[n.name] = uses.get(n.name, 0) + 1
            if isinstance(n, Map) and n.op in OF_ROWS:
                whole |= {a.name for a in n.args if isinstance(a, Var) and is_row(a)}
            if isinstance(n, Reduce) and n.op == "excess" and isinstance(n.body, Var):
                whole.add(n.body.name)
    rows = {n: d for n, d in flat.found.items() if d.row}
    kept = {n for n, d in rows.items() if n in whole or (isinstance(d.node, Map) and d.node.op in OF_ROWS)}
    for name, definition in rows.items():
        dear = any(isinstance(n, Map) and n.op in _DEAR for n in _written_out(definition.node, rows, kept))
        if dear and uses.get(name, 0) > 1:
            kept.add(name)
    return kept


def _written_out(node: Node, rows: Mapping[str, Definition], kept: set[str]) -> Iterator[Node]:
    yield node
    for child in children(node):
        yield from _written_out(child, rows, kept)
    if isinstance(node, Var) and node.name in rows and node.name not in kept:
        yield from _written_out(rows[node.name].node, rows, kept)


class _Schedule:
    def __init__(self, flat: _Flat, kept: set[str], inlined: Mapping[str, Definition]) -> None:
        self._flat, self._inlined, self._kept = flat, inlined, kept
        self._open = {n: d for n, d in flat.found.items() if n not in inlined}
        self._needs = {n: _needs(d.node, inlined) for n, d in self._open.items()}
        self._outputs = {n: _needs(node, inlined) for n, node in flat.outputs.items()}
        self._done: set[str] = set()
        self._steps: list[Definition | Loop] = []

    def run(self) -> Plan:
        written = [name for name, node in self._flat.outputs.items() if is_row(node) or name != "value"]
        while self._open:
            self._numbers()
            if self._open:
                self._loop(written)
        rest = [name for name in written if not any(isinstance(s, Loop) and name in s.written for s in self._steps)]
        if rest:
            self._steps.append(Loop(written=rest))
        order = tuple(n for n in self._flat.found if n in self._kept)
        return Plan(self._steps, self._inlined, self._flat.outputs, order)

    def _numbers(self) -> None:
        """All numbers of the row that can be computed now."""
        moved = True
        while moved:
            moved = False
            for name, d in list(self._open.items()):
                if not d.looped and self._needs[name] <= self._done:
                    self._steps.append(d)
                    self._finish(name)
                    moved = True

    def _finish(self, name: str) -> None:
        self._done.add(name)
        del self._open[name]

    def _loop(self, written: list[str]) -> None:
        """One loop with all that can be computed now; entries kept in it may be used in it."""
        ready = {n: d for n, d in self._open.items() if d.looped}
        loop, known = Loop(), set(self._done)
        alone = [d for n, d in ready.items() if self._needs[n] <= known and self._is_alone(d)]
        if alone:
            self._steps.append(Loop(kept=alone[:1]) if alone[0].row else Loop(reductions=alone[:1]))
            self._finish(alone[0].name)
            return
        for name, d in ready.items():
            if self._needs[name] <= known and not self._is_alone(d):
                (loop.kept if d.row else loop.reductions).append(d)
                if d.row:
                    known.add(name)
        if not loop.kept and not loop.reductions:
            raise ValueError(f"the values {', '.join(sorted(self._open))} of the program need one another in a circle")
        for d in (*loop.kept, *loop.reductions):
            self._finish(d.name)
        for name in written:
            if self._outputs[name] <= known and not any(isinstance(s, Loop) and name in s.written for s in self._steps):
                loop.written.append(name)
        self._steps.append(loop)

    @staticmethod
    def _is_alone(d: Definition) -> bool:
        """Whether it is a loop by itself: the place of the largest, a sum less 1, an operation on whole rows."""
        if isinstance(d.node, Reduce):
            return d.node.op in ("argmax", "excess")
        return isinstance(d.node, Map) and d.node.op in OF_ROWS

