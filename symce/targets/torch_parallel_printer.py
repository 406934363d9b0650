"""The statements of a program whose classes are spread over processes: expressions, and messages between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import ClassVar

from symce.kernel.ir import Const, Gather, Input, Let, Map, Node, OneHot, Reduce, Size, Var, walk
from symce.targets.layout import WIDTH, Text, call, lines
from symce.targets.torch_expressions import TorchPrinter
from symce.targets.torch_parallel_plan import LARGEST, LESS, Message, variables


class ParallelPrinter(TorchPrinter):
    """Expressions of the tensors of one process; ``shards`` is what knows of the others."""

    functions: ClassVar[Mapping[str, str]] = {**TorchPrinter.functions, "own": "shards.own"}
    reserved = TorchPrinter.reserved | {"shards", "columns"}

    def statements(
        self, output: str, result: Node, steps: Iterable[Let | Message], given: Iterable[Var], returned: Iterable[Var]
    ) -> str:
        """The statements that compute one output of a program by these steps, and return it and other values with it.

        ``given`` are the values that are arguments of the function.
        """
        self._names, self._numbers, self._conditions, self._done = {v.name: v.name for v in given}, set(), set(), {}
        self._counts_classes = False
        text: list[str] = []
        steps = list(steps)
        nodes = [result, *(let.value for s in steps for let in (s.lets if isinstance(s, Message) else (s,)))]
        self._uses = Counter(name for node in nodes for name in variables(node))
        for step in steps:
            text += self._let(step) if isinstance(step, Let) else self._message(step)
        value = self._output(output, result)
        others = [self._names[v.name] for v in returned]
        if not others:
            text += lines("return ", value, 4)
        else:
            text += lines(f"{output} = ", value, 4)
            line = f"    return {', '.join([output, *others])}"
            text += [line] if len(line) <= WIDTH else _bracketed("    return ", [output, *others])
        return "\n".join([*self._sizes(nodes), *text])

    def _sizes(self, nodes: Iterable[Node]) -> list[str]:
        parts = [n for node in nodes for n in walk(node)]
        sized = any(
            isinstance(n, Size) or (isinstance(n, Reduce) and n.body.shape in ("scalar", "batch")) for n in parts
        )
        text = ["    K = shards.classes"] if sized else []
        return [*text, "    classes = shards.own_classes(logits)"] if self._counts_classes else text

    def _message(self, message: Message) -> list[str]:
        if message.kind == LESS:
            return [line for let in message.lets for line in self._let(let)]
        notes = [f"    # {let.name}: {let.note}" for let in message.lets if let.note]
        text = [note for note in notes if len(note) <= WIDTH]
        if message.kind == LARGEST:
            rows = list(dict.fromkeys(let.value.body for let in message.lets if isinstance(let.value, Reduce)))
            by_value = {let.value: let for let in message.lets}
            named = [by_value.get(Reduce(op, row)) for row in rows for op in ("max", "argmax")]
            value = call("shards.largest", *(self.print(row) for row in rows))
        else:
            named = list(message.lets)
            value = call("shards.sums", "logits", *(self._part(let.value) for let in message.lets))
        names = [self._free(let) if let else "_" for let in named]
        left = f"{', '.join(names)} = " if len(names) > 1 else f"({names[0]},) = "
        if len(left) <= WIDTH - 40:
            return [*text, *lines(left, value, 4)]
        return [*text, *lines("columns = ", value, 4), *(f"    {name} = columns[{n}]" for n, name in enumerate(names))]

    def _free(self, let: Let) -> str:
        name = let.name
        while name in self.reserved or name in self._names.values():
            name += "_"
        self._names[let.name] = name
        return name

    def _part(self, value: Node) -> Text:
        """What this process adds to a sum of all."""
        if isinstance(value, Gather):
            return call("shards.entry", self.print(value.source), self.print(value.index))
        assert isinstance(value, Reduce)
        match value.body:  # of a row of this function's own, whose entry is 0 meanwhile
            case Map("where", (OneHot(index), Const(Fraction(numerator=0)), Var(shape="row") as row)) if (
                value.op == "sum"
            ):
                return call("shards.part_without", self.print(row), self.print(index))
        body = self.print(value.body)
        return call("_excess_part", body, "shards") if value.op == "excess" else call("_part", body)

    def writable(self, row: Node) -> tuple[Text, bool]:
        """A row that an entry is written to; that of a value used this once needs no copy."""
        text = self.print(row)
        fresh = self._uses[row.name] == 1 if isinstance(row, Var) else not text.text.isidentifier()
        return text, fresh

    def put(self, row: Text, index: Text, value: Text, *, fresh: bool, number: bool) -> Text:
        return call("shards.put_into" if fresh else "shards.put", row, index, value)

    def spread(self, value: Text, *, number: bool) -> Text:
        spread = super().spread(value, number=number)
        return spread if number else Text(f"{spread.text}.clone()")

    def _output(self, name: str, node: Node) -> Text:
        """An output; a derivative is a tensor of its own, which may be written to."""
        printed = super()._output(name, node)
        return Text(f"{printed.text}.clone()") if name != "value" and isinstance(node, Input) else printed

    def _map(self, node: Map) -> Text:
        if node.op.startswith("softmax_less"):
            return call(f"_{node.op}", *(self.print(a) for a in node.args), "shards")
        return super()._map(node)


def _bracketed(prefix: str, names: Sequence[str]) -> list[str]:
    """A tuple that is too long for one line."""
    return [f"{prefix}(", *(f"        {name}," for name in names), "    )"]
