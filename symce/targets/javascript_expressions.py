"""The nodes of a RowProgram as JavaScript: one row at a time, each value of it a number or one number a class.

Where an array library computes whole arrays, JavaScript says what an entry is: a value a class is
``each(K, (k) => ...)``, a reduction ``sum(K, (k) => ...)``. A reduction inside such a function would be computed anew
for every class, so it gets a name first.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import ClassVar

from symce.kernel.ir import EXACT, OF_ROWS, Const, Gather, Input, Let, Map, Node, OneHot, Reduce, RowProgram, Var
from symce.targets.expressions import Printer
from symce.targets.javascript_layout import arrow, statement
from symce.targets.layout import WIDTH, Precedence, Text, call, infix, prefixed

#: What the kernels import from runtime.js, where their text calls it.
RUNTIME = (
    "argmax", "differenceError", "divergence", "each", "excess", "expDifference", "expMultiple", "expQuotient",
    "expm1Less", "max", "power", "product", "sigmoid", "softplus", "sum",
)  # fmt: skip
#: Words that are no names in strict code, and names that a row function uses or must not hide.
_WORDS = """
arguments await break case catch class const continue debugger default delete do else enum eval export extends false
finally for function if implements import in instanceof interface let new null package private protected public return
static super switch this throw true try typeof var void while with yield undefined NaN Infinity Math Float64Array Object
globalThis symce K k logits target v value gradient grad hvp valueAndGrad parameters kernel evaluate
"""
_TAKEN = frozenset((*_WORDS.split(), *RUNTIME))
_MATH = ("exp", "expm1", "log", "log1p", "sqrt", "tanh", "abs", "sign")
#: How a reduction is called that the program gives no name.
_UNNAMED = {"sum": "total", "max": "largest", "argmax": "winner", "excess": "excess"}


def free_name(name: str, taken: Sequence[str] = ()) -> str:
    """The name with as many underscores behind it as make it a free name of a row function."""
    while name in _TAKEN or name in taken:
        name += "_"
    return name


def camel_case(name: str) -> str:
    """top_class -> topClass."""
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


class JavascriptPrinter(Printer):
    """Prints one program as the body of a function of one row."""

    functions: ClassVar[Mapping[str, str]] = {
        **{op: f"Math.{op}" for op in _MATH},
        **{op: op for op in ("product", "sigmoid", "softplus")},
        **{op: camel_case(op) for op in EXACT if op not in OF_ROWS},
    }

    def __init__(self, params: Sequence[str]) -> None:
        super().__init__()
        self.params = {name: free_name(name) for name in params}  # by their names in a loss
        self._at = "k"
        self._unnamed: list[Let] = []

    def argument(self, param: str) -> str:
        """What a parameter of the loss is called in a function of a row."""
        return self.params[param]

    # --- the body of a function -----------------------------------------------------------------------------------
    def body(self, program: RowProgram) -> str:
        """The statements that compute the program's outputs for one row and return them, indented by two spaces."""
        self._names, self._numbers, self._conditions, self._done = {}, set(), set(), {}
        text: list[str] = []
        for let in program.lets:
            text += self._let(let)
        if len(program.outputs) == 1:
            ((name, node),) = program.outputs.items()
            text += self._statement("return ", node, spread=name != "value")
        else:
            for name, node in program.outputs.items():
                text += self._statement(f"const {name} = ", node, spread=name != "value")
            text.append(f"  return [{', '.join(program.outputs)}];")
        if any(re.search(r"\bK\b", line.partition("//")[0]) for line in text):
            text.insert(0, "  const K = logits.length;")
        return "\n".join(text)

    def _let(self, let: Let) -> list[str]:
        name = self._names.get(let.name) or self._free(camel_case(let.name))
        comment = [f"  // {line}" for line in textwrap.wrap(let.note, WIDTH - 5)]
        self._done.pop(let.value, None)  # here it is computed
        text = self._statement(f"const {name} = ", let.value, comment=comment)
        self._names[let.name] = name
        if self.is_number(let.value):
            self._numbers.add(let.name)
        if self.is_condition(let.value):
            self._conditions.add(let.name)
        self._done.setdefault(let.value, Var(let.name, let.value.shape))
        return text

    def _free(self, name: str) -> str:
        return free_name(name, (*self.params.values(), *self._names.values()))

    def _statement(self, start: str, node: Node, *, spread: bool = False, comment: Sequence[str] = ()) -> list[str]:
        """``start`` and the value of a node; ``spread``: one number a class, also where it is the same for all."""
        vector = node.shape in ("row", "class")
        flat = self._flat(node, within=vector or spread)
        text = [line for let in self._take_unnamed() for line in self._let(let)]
        text += comment
        if vector and isinstance(flat, Var | Input) and not self.is_condition(flat):
            return [*text, f"  {start}{self._name(flat)};"]
        if vector and self.is_condition(flat) and not spread:
            return [*text, *statement(f"{start}(k) => ", self.print(flat), 2, ";")]
        if vector or spread:
            return [*text, *statement(f"{start}each(K, ", arrow(self.print(flat)), 2, ");")]
        return [*text, *statement(start, self.print(flat), 2, ";")]

    def _name(self, node: Var | Input) -> str:
        if isinstance(node, Var):
            return self._names[node.name]
        return self.params.get(node.name, node.name)

    def _take_unnamed(self) -> list[Let]:
        taken, self._unnamed = self._unnamed, []
        return taken

    def _flat(self, node: Node, *, within: bool) -> Node:
        """The node with a name for each reduction in it that is ``within`` a function of the class."""
        if node in self._done and not isinstance(node, Const | Input | Var):
            return self._done[node]
        match node:
            case Map():
                return Map(node.op, tuple(self._flat(a, within=within) for a in node.args))
            case Gather():
                return Gather(self._flat(node.source, within=True), self._named(self._flat(node.index, within=True)))
            case OneHot():
                return OneHot(self._named(self._flat(node.index, within=True)))
            case Reduce():
                winner = Reduce("argmax", node.body)
                if node.op == "max" and winner in self._done:
                    return self._flat(Gather(node.body, self._done[winner]), within=within)
                flat = Reduce(node.op, self._flat(node.body, within=True))
                return self._named(flat) if within else flat
        return node

    def _named(self, node: Node) -> Node:
        """The node under a name, so that it is computed once."""
        if isinstance(node, Const | Input | Var):
            return node
        if node not in self._done:
            stem = _UNNAMED[node.op] if isinstance(node, Reduce) else "at"
            # a blank in it: no name of the program is this one
            let = Let(f"{stem} {len(self._done)}", node)
            self._names[let.name] = self._free(stem)
            self._unnamed.append(let)
            self._done[node] = Var(let.name, node.shape)
        return self._done[node]

    # --- expressions ----------------------------------------------------------------------------------------------
    def print(self, node: Node) -> Text:
        """The expression as text: the number, or the entry of class ``k`` of one number a class."""
        if node in self._done and not isinstance(node, Const | Input | Var):
            node = self._done[node]
        match node:
            case Var() | Input():
                name = self._name(node)
                if node.shape not in ("row", "class"):
                    return Text(name)
                return Text(f"{name}({self._at})" if self.is_condition(node) else f"{name}[{self._at}]")
            case OneHot():
                return infix(Text(self._at), "===", self.print(node.index), Precedence.COMPARISON)
        return super().print(node)

    def _gather(self, node: Gather) -> Text:
        before, self._at = self._at, self.print(node.index).text
        entry = self.print(node.source)
        self._at = before
        return entry

    def _operator(self, node: Map) -> Text | None:
        if node.op in ("eq", "ne"):
            sides = [self.print(a).within(Precedence.SUM) for a in node.args]
            return infix(sides[0], "===" if node.op == "eq" else "!==", sides[1], Precedence.COMPARISON)
        if node.op == "pow":
            base, exponent = (self.print(a) for a in node.args)
            if not isinstance(node.args[1], Const):  # IEEE 754 says 1 ** x = 1 for every x, JavaScript does not
                return call("power", base, exponent)
            a, b = base.within(Precedence.ATOM), exponent.within(Precedence.UNARY)
            return Text(f"{a.text} ** {b.text}", Precedence.POWER, pieces=(a, prefixed("** ", b)))
        return super()._operator(node)

    def _map(self, node: Map) -> Text:
        if node.op in OF_ROWS:
            # by rounded probabilities: a figure does not show the digits that more would give
            return self._map(Map("sub", node.args[:2]))
        if node.op == "not":
            return Text(f"!{self.print(node.args[0]).within(Precedence.ATOM).text}", Precedence.UNARY)
        if node.op == "and":
            return infix(self.print(node.args[0]), "&&", self.print(node.args[1]), Precedence.AND)
        if node.op == "where":
            return self.select(*(self.print(a) for a in node.args), numbers=False)
        return super()._map(node)

    def _number_map(self, node: Map) -> Text:
        return self._map(node)  # all numbers are alike

    # --- what a target decides ------------------------------------------------------------------------------------
    def reduce(self, op: str, body: Text) -> Text:
        return call(op, "K", arrow(body))

    def total(self, op: str, body: Text) -> Text:
        return call(op, "K", arrow(body))

    def gather(self, source: Text, index: Text) -> Text:
        return Text(f"{source.within(Precedence.ATOM).text}[{index.text}]")

    def classes(self, size: str) -> str:
        return f"each({size}, (k) => k)"

    def spread(self, value: Text, *, number: bool) -> Text:
        return call("each", "K", arrow(value))

    def select(self, condition: Text, then: Text, otherwise: Text, *, numbers: bool) -> Text:
        a, b, c = (part.within(Precedence.AND) for part in (condition, then, otherwise))
        return Text(
            f"{a.text} ? {b.text} : {c.text}",
            Precedence.CONDITIONAL,
            pieces=(a, prefixed("? ", b), prefixed(": ", c)),
        )

    def extremum(self, op: str, left: Text, right: Text, *, number: bool) -> Text:
        return call(f"Math.{op[:3]}", left, right)
