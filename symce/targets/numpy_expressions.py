"""Expressions of a RowProgram in NumPy: entries of rows by their places in memory, and arrays that need no copy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import ClassVar

from symce.kernel.ir import Gather, Input, Let, Map, Node, OneHot, Reduce, RowProgram, Var, walk
from symce.targets.expressions import EXACT_HELPERS, Printer
from symce.targets.layout import Precedence, Text, call
from symce.targets.numerators import NUMERATORS, is_largest, without_one


class NumpyPrinter(Printer):
    """Expressions of NumPy arrays.

    A block of rows (N, K) lies in memory row by row or class by class. Entries of rows are read and written by their
    places in that memory, which are found once for each index: ``at_target``.
    """

    functions: ClassVar[Mapping[str, str]] = {
        **{op: f"np.{op}" for op in ("exp", "expm1", "log", "log1p", "sqrt", "tanh", "abs", "sign")},
        **{op: f"_{op}" for op in ("product", "sigmoid", "softplus")},
        **EXACT_HELPERS,
    }
    reserved = Printer.reserved | {"np"}

    def __init__(self) -> None:
        super().__init__()
        #: names of the places of each index, by the printed index; those of them that have no statement yet
        self._places: dict[str, str] = {}
        self._waiting: list[str] = []
        self._lets: dict[str, Node] = {}
        self._uses: Counter[Node] = Counter()
        self._taken: set[str] = set()
        #: of the numerators of a softmax: the name of their sum without the largest, and that of its places
        self._without_largest: dict[Var, tuple[str, str]] = {}

    def body(self, program: RowProgram) -> str:
        self._places, self._waiting, self._without_largest = {}, [], {}
        self._lets = {let.name: let.value for let in program.lets}
        self._taken = {x.name for x in program.inputs} | set(self._lets)
        self._uses = Counter(n for root in (*self._lets.values(), *program.outputs.values()) for n in walk(root))
        return super().body(program)

    def _let(self, let: Let) -> list[str]:
        text = super()._let(let)
        match without_one(let.value):
            case row, index if is_largest(self._lets, row, index):
                self._without_largest[row] = (self._names[let.name], self._at(self.print(index)))
        self._uses.subtract(walk(let.value))  # what is left is used further down
        return text

    def prepared(self) -> list[str]:
        text = [f"    {self._places[index]} = _places(logits, {index})" for index in self._waiting]
        self._waiting = []
        return text

    def _at(self, index: Text) -> str:
        """The name of the places in memory of a printed column of indices."""
        if index.text not in self._places:
            name = f"at_{index.text}" if index.text.isidentifier() else "at"
            while name in self._taken:
                name += "_"
            self._taken.add(name)
            self._places[index.text] = name
            self._waiting.append(index.text)
        return self._places[index.text]

    def writable(self, row: Node) -> tuple[Text, bool]:
        """A named array needs no copy either, where nothing else reads it from here on."""
        read_once = self._is_computed(row) and self._uses[row] + self._uses[self._value(row)] == 1
        fresh = not isinstance(row, Var | Input) or read_once or not self._is_laid_out(row)
        return self._laid_out(row), fresh

    def _value(self, row: Node) -> Node:
        """What a name stands for."""
        return self._lets.get(row.name, row) if isinstance(row, Var) else row

    def _is_computed(self, row: Node) -> bool:
        """Whether a row is an array of its own: no argument of the function, and no second name of another array."""
        value = self._value(row)
        if not isinstance(value, Map) or list(self._lets.values()).count(value) > 1:
            return False
        first = value.args[0]  # -(-a) is printed as a, and a choice by a number as one of two arrays
        return not (value.op == "where" and self.is_number(first)) and not (
            value.op == "neg" and isinstance(first, Map) and first.op == "neg"
        )

    def _map(self, node: Map) -> Text:
        """The numerators of a softmax are told where their largest is, which is 2**64 by their making."""
        text = super()._map(node)
        if node.op in NUMERATORS:
            winner = Reduce("argmax", node.args[0])
            if winner in self._done and self._value(node.args[1]) == Reduce("max", node.args[0]):
                return call(text.head, *text.pieces, self._at(self.print(winner)))
        return text

    def _is_laid_out(self, row: Node) -> bool:
        """Whether a row surely lies in memory as the logits do: one made of values a class and a row alone does not."""
        value = self._value(row)
        if isinstance(value, Map):
            if value.op == "where" and isinstance(value.args[0], OneHot) and value.args[1].shape in ("batch", "scalar"):
                return value.args[2].shape == "scalar" or self._is_laid_out(value.args[2])
            rows = [a for a in value.args if a.shape == "row"]
            return bool(rows) and all(self._is_laid_out(a) for a in rows)
        return isinstance(value, Input) and value.shape == "row"

    def _laid_out(self, row: Node) -> Text:
        """A row, printed so that places of the logits are its own."""
        text = self.print(row)
        if self._is_laid_out(row):
            return text
        self.helpers.add("laid_out")
        return call("_laid_out", text, "logits")

    def _reduce(self, node: Reduce) -> Text:
        match without_one(node):
            case row, index if node.body not in self._done and self._is_computed(row):
                source, at = self._laid_out(row), self._at(self.print(index))
                rest, at_top = self._without_largest.get(row, ("", at))
                if at_top != at:
                    self.helpers |= {"sum_of_others", "places"}
                    return call("_sum_of_others", source, at, rest, at_top)
                self.helpers |= {"sum_without", "sum", "places"}
                return call("_sum_without", source, at)
        return super()._reduce(node)

    def reduce(self, op: str, body: Text) -> Text:
        if op in ("sum", "argmax", "excess"):
            self.helpers.add(op)
            return call(f"_{op}", body)
        return call(f"np.{op}", body, "axis=1", "keepdims=True")

    def total(self, op: str, body: Text) -> Text:
        return call(f"np.{op}", body)

    def _gather(self, node: Gather) -> Text:
        if node.source.shape != "row":
            return super()._gather(node)
        return self.gather(self._laid_out(node.source), self.print(node.index))

    def gather(self, source: Text, index: Text) -> Text:
        self.helpers |= {"take", "places"}
        return call("_take", source, self._at(index))

    def classes(self, size: str) -> str:
        return f"np.arange({size})"

    def spread(self, value: Text, *, number: bool) -> Text:
        return call("np.full_like", "logits", value) if number else call("np.broadcast_to", value, "logits.shape")

    def select(self, condition: Text, then: Text, otherwise: Text, *, numbers: bool) -> Text:
        where = call("np.where", condition, then, otherwise)
        # two Python numbers have no dtype of their own, and NumPy would make them float64
        return Text(f"{where.text}.astype(logits.dtype)", Precedence.ATOM) if numbers else where

    def put(self, row: Text, index: Text, value: Text, *, fresh: bool, number: bool) -> Text:
        self.helpers |= {"put", "places"}
        kept = row if fresh else Text(f'{row.within(Precedence.ATOM).text}.copy(order="K")')
        return call("_put", kept, self._at(index), value)

    def extremum(self, op: str, left: Text, right: Text, *, number: bool) -> Text:
        return call(f"np.{op}", left, right)
