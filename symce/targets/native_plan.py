"""The order of a native kernel's work: which pass over a row computes what, and which values of a row are kept.

A pass goes once over the classes. It can use what the passes before it have reduced: the *stage* of a value is the
number of passes that must be over before it is known. A row value that costs much and that two passes use is stored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from symce.kernel.ir import (
    OF_ROWS,
    RELATIONS,
    Const,
    Gather,
    Input,
    Let,
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

#: Operations that a pass had better not do twice.
HEAVY = frozenset(
    {
        "exp", "expm1", "log", "log1p", "sqrt", "tanh", "sigmoid", "softplus", "pow",
        "exp_difference", "exp_quotient", "exp_multiple", "expm1_less", "divergence", *OF_ROWS,
    }
)  # fmt: skip


@dataclass(frozen=True)
class Pass:
    """One pass: the row values it stores, what it reduces, and the rows that are filled when it is over."""

    stage: int
    stored: tuple[Let, ...]
    reductions: tuple[Let, ...]
    filled: tuple[Let, ...]


@dataclass(frozen=True)
class Plan:
    """A program with every reduction, and every costly value used twice, a Let of its own.

    The row outputs are computed in the last pass, whose stage is ``last``: nothing reads the logits afterwards, so that
    a derivative may be written over them. A value of one number a row is known after it.
    """

    inputs: Mapping[str, Input]
    lets: Mapping[str, Let]
    outputs: Mapping[str, Node]

    # --- what a value is ------------------------------------------------------------------------------------------
    def is_number(self, node: Node) -> bool:
        """Whether the value is the same for all rows and classes: made of parameters and K alone."""
        match node:
            case Var():
                return self.is_number(self.lets[node.name].value)
            case Input():
                return node.shape == "scalar"
            case Const() | Size():
                return True
            case Map():
                return all(self.is_number(a) for a in node.args)
        return False

    def is_row(self, node: Node) -> bool:
        """Whether the value depends on the class that is looked at."""
        match node:
            case Var():
                return self.is_row(self.lets[node.name].value)
            case Input():
                return node.shape in ("row", "class")
            case OneHot():
                return True
            case Map():
                return any(self.is_row(a) for a in node.args)
        return False

    def stage(self, node: Node) -> int:
        """The number of passes that must be over before the value is known."""
        match node:
            case Var():
                return self._stages[node.name]
            case Reduce():
                return self.stage(node.body) + 1
            case Map() if node.op in OF_ROWS:
                return max(self.stage(a) for a in node.args) + 1
            case Gather() if self._is_kept(node.source):  # the pass that stores the row must be over
                return max(self.stage(node.source) + 1, self.stage(node.index))
        return max((self.stage(c) for c in children(node)), default=0)

    @cached_property
    def _stages(self) -> Mapping[str, int]:
        stages: dict[str, int] = {}
        object.__setattr__(self, "_stages", stages)  # a Let looks up those before it
        for let in self.lets.values():
            stages[let.name] = self.stage(let.value)
        return stages

    @cached_property
    def last(self) -> int:
        rows = [self.stage(n) for name, n in self.outputs.items() if name != "value" or self.is_row(n)]
        bodies = [self.stage(let.value.body) for let in self.lets.values() if isinstance(let.value, Reduce)]
        numbers = [self._stages[n] - 1 for n, let in self.lets.items() if not self.is_row(let.value)]
        # what reads an entry of a row comes before the derivative, which may be over the logits
        entries = [self._stages[n] for n, let in self.lets.items() if isinstance(let.value, Gather)]
        return max([*rows, *bodies, *numbers, *entries], default=0)

    def _is_kept(self, node: Node) -> bool:
        """Whether the value is made of a row that may be stored."""
        for n in walk(node):
            if (
                isinstance(n, Var)
                and self.is_row(n)
                and (n.name in self._may_be_stored or self._is_kept(self.lets[n.name].value))
            ):
                return True
        return False

    @cached_property
    def _may_be_stored(self) -> frozenset[str]:
        names = set()
        for let in self.lets.values():
            below = [n for n in walk(let.value) if isinstance(n, Map)]
            if self.is_row(let.value) and any(n.op in HEAVY for n in below):
                names.add(let.name)
            names |= {a.name for n in below if n.op in OF_ROWS for a in n.args if isinstance(a, Var) and self.is_row(a)}
            if isinstance(let.value, Reduce) and let.value.op == "argmax" and isinstance(let.value.body, Var):
                names.add(let.value.body.name)
        return frozenset(names)

    # --- what is stored -------------------------------------------------------------------------------------------
    @cached_property
    def stored(self) -> frozenset[str]:
        """The row values that are kept in memory, one number a class."""
        used = self._passes_that_use()
        stored = set()
        for let in self.lets.values():
            if not self.is_row(let.value):
                continue
            of_rows = [n for n in walk(let.value) if isinstance(n, Map) and n.op in OF_ROWS]
            heavy = any(isinstance(n, Map) and n.op in HEAVY for n in walk(let.value))
            if of_rows or (heavy and len(used[let.name] | {self._stages[let.name]}) > 1):
                stored.add(let.name)
            for call in of_rows:  # they read whole rows
                stored |= {a.name for a in call.args if isinstance(a, Var) and self.is_row(a)}
        for let in self.lets.values():  # the class of the largest is searched for when the pass is over
            if isinstance(let.value, Reduce) and let.value.op == "argmax" and isinstance(let.value.body, Var):
                stored.add(let.value.body.name)
        return frozenset(stored)

    def _passes_that_use(self) -> Mapping[str, set[int]]:
        used: dict[str, set[int]] = {name: set() for name in self.lets}

        def use(node: Node, stage: int) -> None:
            for n in walk(node):
                if isinstance(n, Var) and self.is_row(n) and stage not in used[n.name]:
                    used[n.name].add(stage)
                    use(self.lets[n.name].value, stage)

        for let in self.lets.values():
            if isinstance(let.value, Reduce):
                use(let.value.body, self.stage(let.value.body))
            elif not self.is_row(let.value):  # a gather: evaluated between the passes, at one class
                use(let.value, self.stage(let.value))
        for name, node in self.outputs.items():
            use(node, self.last if name != "value" or self.is_row(node) else self.stage(node))
        return used

    @cached_property
    def in_output(self) -> str | None:
        """The stored row whose place may be the derivative's: nothing reads the logits after its pass."""
        for let in self.lets.values():
            if let.name not in self.stored or _is_of_rows(let.value):
                continue
            stage = self._stages[let.name]
            later: list[Node] = [n for name, n in self.outputs.items() if name != "value" or self.is_row(n)]
            for other in self.lets.values():
                if isinstance(other.value, Reduce) and self.stage(other.value.body) > stage:
                    later.append(other.value.body)
                elif self._stages[other.name] > stage and not isinstance(other.value, Reduce):
                    later.append(other.value)
            after = [other.value for other in self.lets.values() if self._stages[other.name] > self.last]
            reads = any(self._reads_logits(n) for n in later) or any(_gathers(n, let.name) for n in after)
            if stage < self.last and not reads:
                return let.name
        return None

    def _reads_logits(self, node: Node) -> bool:
        if isinstance(node, Input):
            return node.name == "logits"
        if isinstance(node, Var):
            known = node.name in self.stored or not self.is_row(node)
            return not known and self._reads_logits(self.lets[node.name].value)
        return any(self._reads_logits(c) for c in children(node))

    @cached_property
    def passes(self) -> tuple[Pass, ...]:
        """The passes in order, the last one at the end; another that has nothing to do is not there."""
        passes = []
        for stage in range(self.last + 1):
            here = [let for let in self.lets.values() if let.name in self.stored]
            filled = tuple(let for let in here if _is_of_rows(let.value) and self._stages[let.name] == stage + 1)
            stored = tuple(let for let in here if not _is_of_rows(let.value) and self._stages[let.name] == stage)
            reductions = tuple(
                let
                for let in self.lets.values()
                if isinstance(let.value, Reduce) and self.stage(let.value.body) == stage
            )
            if stage == self.last or stored or reductions or filled:
                passes.append(Pass(stage, stored, reductions, filled))
        return tuple(passes)

    def between(self, stage: int) -> tuple[Let, ...]:
        """The values of one number a row that are known once the passes before ``stage`` are over, in order."""
        return tuple(
            let
            for let in self.lets.values()
            if not self.is_row(let.value)
            and not isinstance(let.value, Reduce)
            and not self.is_number(let.value)
            and self._stages[let.name] == stage
        )

    @property
    def numbers(self) -> tuple[Let, ...]:
        return tuple(let for let in self.lets.values() if self.is_number(let.value))

    @property
    def of_rows(self) -> bool:
        """Whether it has an operation that makes an entry of whole rows."""
        return any(isinstance(n, Map) and n.op in OF_ROWS for let in self.lets.values() for n in walk(let.value))


def plan(program: RowProgram) -> Plan:
    """The plan of a program; ``max`` and ``argmax`` of one body share their pass."""
    hoisting = _Hoisting(program)
    return Plan({i.name: i for i in program.inputs}, hoisting.lets, hoisting.outputs)


class _Hoisting:
    """Rewrites a program so that reductions, and costly row values that occur twice, are Lets of their own."""

    def __init__(self, program: RowProgram) -> None:
        self.lets: dict[str, Let] = {}
        self._known: dict[Node, Var] = {}
        self._taken = {let.name for let in program.lets} | {i.name for i in program.inputs}
        self._counts = _occurrences(program)
        values = {let.value: let.name for let in program.lets}
        self._maxima = {v.body: n for v, n in values.items() if isinstance(v, Reduce) and v.op == "max"}
        for let in program.lets:
            if let.name not in self.lets:
                self._add(let.name, self._rewritten(let.value, top=True), let.value, let.note)
        self.outputs: dict[str, Node] = {n: self._rewritten(v, top=False) for n, v in program.outputs.items()}
        value = self.outputs.get("value")
        if value is not None and value.shape == "batch" and not isinstance(value, Var):
            self.outputs["value"] = self._add("value", value, value)

    def _add(self, name: str, value: Node, original: Node, note: str = "") -> Var:
        if isinstance(value, Reduce) and value.op == "argmax":
            top = Reduce("max", value.body)
            if top not in self._known and isinstance(original, Reduce):
                known = self._maxima.get(original.body)
                self._add(self._fresh("max") if known is None else known, top, Reduce("max", original.body))
        self.lets[name] = Let(name, value, note)
        var = Var(name, value.shape)
        if not isinstance(value, Const | Size | Input | Var):
            self._known.setdefault(value, var)
            self._known.setdefault(original, var)
        return var

    def _rewritten(self, node: Node, *, top: bool) -> Node:
        if node in self._known:
            return self._known[node]
        match node:
            case Map():
                args = tuple(self._rewritten(a, top=False) for a in node.args)
                if any(
                    a.shape in ("class", "row") for a in args
                ):  # what is one number a row is computed before the pass
                    args = tuple(self._before_the_pass(a) for a in args)
                new: Node = Map(node.op, args)
            case Reduce():
                body = self._rewritten(node.body, top=False)
                if body.shape in ("scalar", "batch"):  # the same for all classes
                    new = Map("mul", (Size(), body)) if node.op == "sum" else body
                elif node.op in ("max", "argmax") and isinstance(body, Map):
                    new = Reduce(node.op, self._add(self._fresh("value"), body, node.body))
                else:
                    new = Reduce(node.op, body)
            case Gather():
                source = self._rewritten(node.source, top=False)
                new = Gather(source, self._rewritten(node.index, top=False))
                new = source if source.shape in ("scalar", "batch") else new
            case OneHot():
                new = OneHot(self._rewritten(node.index, top=False))
            case _:
                new = node
        if new in self._known:
            return self._known[new]
        if not top and isinstance(new, Gather):  # as early as can be: later the derivative may be over the logits
            return self._add(self._fresh(_entry_name(new)), new, node)
        if not top and (isinstance(new, Reduce) or self._costly_twice(node)):
            op = new.op if isinstance(new, Map | Reduce) else "value"
            return self._add(self._fresh(op), new, node)
        return new

    def _before_the_pass(self, node: Node) -> Node:
        if node.shape != "batch" or not isinstance(node, Map) or self._is_condition(node):
            return node
        return self._known[node] if node in self._known else self._add(self._fresh("of_row"), node, node)

    @staticmethod
    def _is_condition(node: Node) -> bool:
        return isinstance(node, Map) and node.op in (*RELATIONS, "and", "not")

    def _costly_twice(self, node: Node) -> bool:
        if not isinstance(node, Map):
            return False
        return node.op in OF_ROWS or (node.op in HEAVY and node.shape in ("class", "row") and self._counts[node] > 1)

    def _fresh(self, stem: str) -> str:
        name, number = (stem if "_at_" in stem else f"{stem}_1"), 1
        while name in self._taken:
            number += 1
            name = f"{stem}_{number}"
        self._taken.add(name)
        return name


def _entry_name(node: Gather) -> str:
    if isinstance(node.source, Input | Var) and isinstance(node.index, Input | Var):
        return f"{node.source.name}_at_{node.index.name}"
    return "entry"


def _occurrences(program: RowProgram) -> Counter[Node]:
    """How often each node is read, by different nodes or twice by one."""
    counts: Counter[Node] = Counter()
    seen: set[Node] = set()

    def visit(node: Node) -> None:
        counts[node] += 1
        if node not in seen:
            seen.add(node)
            for child in children(node):
                visit(child)

    for root in (*(let.value for let in program.lets), *program.outputs.values()):
        visit(root)
    return counts


def _gathers(node: Node, name: str) -> bool:
    """Whether the value looks at one entry of a row."""
    gathers = [n for n in walk(node) if isinstance(n, Gather)]
    return any(isinstance(s, Var) and s.name == name for n in gathers for s in walk(n))


def _is_of_rows(node: Node) -> bool:
    return isinstance(node, Map) and node.op in OF_ROWS
