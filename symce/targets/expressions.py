"""The printer core: the nodes of a RowProgram as Python expressions; a target gives the names of its library.

Every array keeps two axes, so that all broadcasts by itself: a value a row is a column (N, 1), a value a class (K,).
Scalars made of parameters and K alone stay Python numbers, which take the dtype of the array that they meet.
"""

from __future__ import annotations

import keyword
import math
import textwrap
from abc import ABC, abstractmethod
from collections.abc import Mapping, Set
from dataclasses import replace
from fractions import Fraction
from typing import ClassVar

from symce.kernel.ir import (
    EXACT,
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
    walk,
)
from symce.targets.layout import WIDTH, Precedence, Text, call, infix, lines, prefixed

_RELATION = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_ARITHMETIC = {
    "add": ("+", Precedence.SUM),
    "sub": ("-", Precedence.SUM),
    "mul": ("*", Precedence.PRODUCT),
    "div": ("/", Precedence.PRODUCT),
}
#: what an exponential of a scaled difference calls
_SCALED = ("exp_difference", "difference", "compensated", "known", "product_error", "rounding_of", "math")
#: what the difference of a softmax and a target calls
_LESS = ("less", "sum_in_parts", "difference", "compensated", "known", "product_error")
#: operations that are one helper of the generated module each
EXACT_HELPERS = {op: f"_{op}" for op in EXACT}
_ZERO, _ONE = Const(Fraction(0)), Const(Fraction(1))


class Printer(ABC):
    """Prints one program as the body of a function; a subclass names the functions of its array library.

    ``helpers`` collects what the printed text needs from its module: "math", "product", "exp_difference" and others.
    """

    #: elementwise functions of arrays, by operation; "{helper}" names a helper of the generated module
    functions: ClassVar[Mapping[str, str]]
    #: what a helper calls in its turn
    calls: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "sigmoid": ("known",),
        "softplus": ("known",),
        "exp_difference": ("difference", "compensated", "known"),
        "exp_quotient": ("quotient", *_SCALED),
        "exp_multiple": ("multiple", *_SCALED),
        "difference_error": ("difference",),
        "excess": ("sum_in_parts", "difference"),
        "softmax_less": _LESS,
        "softmax_less_quotient": ("quotient", "rounding_of", *_LESS),
        "softmax_less_multiple": ("multiple", "rounding_of", *_LESS),
    }
    #: whether a maximum is printed as the entry at the argmax even where nothing else needs the argmax
    max_is_gather: ClassVar[bool] = False
    #: names that generated code uses for itself
    reserved: ClassVar[Set[str]] = frozenset(
        {"logits", "target", "v", "K", "classes", "value", "gradient", "hvp", "math", "l", "O", "I"}
    )

    def __init__(self) -> None:
        self.helpers: set[str] = set()
        self._names: dict[str, str] = {}
        self._numbers: set[str] = set()
        self._conditions: set[str] = set()
        self._done: dict[Node, Var] = {}
        self._counts_classes = False

    # --- what a target decides ------------------------------------------------------------------------------------
    @abstractmethod
    def reduce(self, op: str, body: Text) -> Text:
        """A reduction of a row to a column; argmax gives indices, excess the sum less 1."""

    @abstractmethod
    def spread(self, value: Text, *, number: bool) -> Text:
        """A number (or an array that broadcasts) in the shape of the logits."""

    @abstractmethod
    def total(self, op: str, body: Text) -> Text:
        """A reduction of a value a class to one number."""

    @abstractmethod
    def gather(self, source: Text, index: Text) -> Text:
        """The entries of a row at a column of indices."""

    @abstractmethod
    def classes(self, size: str) -> str:
        """The class indices 0 .. size-1."""

    @abstractmethod
    def select(self, condition: Text, then: Text, otherwise: Text, *, numbers: bool) -> Text:
        """where(condition, then, otherwise); ``numbers``: both branches are Python numbers, of no dtype."""

    def put(self, row: Text, index: Text, value: Text, *, fresh: bool, number: bool) -> Text | None:
        """The row with the value, a column, at a column of indices; None where the target prints it as a choice.

        ``fresh``: nobody else holds the row's array; ``number``: the value is a Python number.
        """
        return None

    def prepared(self) -> list[str]:
        """Statements that the text printed since the last call needs before it; none, unless a target has some."""
        return []

    def writable(self, row: Node) -> tuple[Text, bool]:
        """A row that an entry is to be written to, and whether its array is nobody else's and needs no copy."""
        return self.print(row), not isinstance(row, Var | Input)

    @abstractmethod
    def extremum(self, op: str, left: Text, right: Text, *, number: bool) -> Text:
        """minimum or maximum of two; ``number``: the right one is a Python number."""

    # --- the body of a function -----------------------------------------------------------------------------------
    def body(self, program: RowProgram) -> str:
        """The statements that compute the program's outputs and return them, indented by four spaces."""
        self._names, self._numbers, self._conditions, self._done = {}, set(), set(), {}
        self._counts_classes = False
        text: list[str] = []
        for let in program.lets:
            text += self._let(let)
        outputs = [(name, self._output(name, node)) for name, node in program.outputs.items()]
        text += self.prepared()
        if len(outputs) == 1:
            text += lines("return ", outputs[0][1], 4)
        else:
            for name, value in outputs:
                text += lines(f"{name} = ", value, 4)
            text.append(f"    return {', '.join(name for name, _ in outputs)}")
        return "\n".join([*self._preamble(program), *text])

    def _preamble(self, program: RowProgram) -> list[str]:
        nodes = [n for root in (*(let.value for let in program.lets), *program.outputs.values()) for n in walk(root)]
        sized = any(
            isinstance(n, Size) or (isinstance(n, Reduce) and n.body.shape in ("scalar", "batch")) for n in nodes
        )
        text = ["    K = logits.shape[1]"] if sized else []
        if self._counts_classes:
            text.append(f"    classes = {self.classes('K' if sized else 'logits.shape[1]')}")
        return text

    def _let(self, let: Let) -> list[str]:
        name = let.name
        while keyword.iskeyword(name) or name in self.reserved or name in self._names.values():
            name += "_"
        value = self.print(let.value)
        text = self.prepared()
        text += [f"    # {line}" for line in textwrap.wrap(let.note, WIDTH - 6)]
        text += lines(f"{name} = ", value, 4)
        self._names[let.name] = name
        if self.is_number(let.value):
            self._numbers.add(let.name)
        if self.is_condition(let.value):
            self._conditions.add(let.name)
        self._done[let.value] = Var(let.name, let.value.shape)
        return text

    def _output(self, name: str, node: Node) -> Text:
        """An output; a derivative is a row, also where it is one number for all classes or rows."""
        printed = self.print(node)
        if name == "value" or node.shape == "row":
            return printed
        return self.spread(printed, number=self.is_number(node))

    # --- kinds of values ------------------------------------------------------------------------------------------
    def is_number(self, node: Node) -> bool:
        """Whether the printed expression is a Python number, made of parameters and K alone."""
        match node:
            case Var():
                return node.name in self._numbers
            case Map():
                return all(self.is_number(a) for a in node.args)
            case Const() | Size():
                return True
        return isinstance(node, Input) and node.shape == "scalar"

    def is_condition(self, node: Node) -> bool:
        """Whether the value is a truth value."""
        if isinstance(node, Var):
            return node.name in self._conditions
        return isinstance(node, OneHot) or (isinstance(node, Map) and node.op in (*RELATIONS, "and", "not"))

    # --- expressions ----------------------------------------------------------------------------------------------
    def print(self, node: Node) -> Text:
        """The expression as text."""
        if node in self._done and not isinstance(node, Const | Size | Input | Var):
            node = self._done[node]
        match node:
            case Const():
                return number(node.value)
            case Size():
                return Text("K")
            case Var():
                return Text(self._names[node.name])
            case Input():
                return Text(node.name)
            case OneHot():
                self._counts_classes = True
                return infix(Text("classes"), "==", self.print(node.index), Precedence.COMPARISON)
            case Gather():
                return self._gather(node)
            case Reduce():
                return self._reduce(node)
        return self._number_map(node) if self.is_number(node) else self._map(node)

    def _gather(self, node: Gather) -> Text:
        source, index = self.print(node.source), self.print(node.index)
        if node.source.shape == "row":
            return self.gather(source, index)
        if node.source.shape == "class":
            return Text(f"{source.within(Precedence.ATOM).text}[{index.text}]")
        return source

    def _reduce(self, node: Reduce) -> Text:
        winner = Reduce("argmax", node.body)
        if node.op == "max" and node.body.shape == "row" and (self.max_is_gather or winner in self._done):
            return self.print(Gather(node.body, winner))
        body = self.print(node.body)
        if node.op == "excess":
            self._helps(node.op)
        if node.body.shape == "row":
            return self.reduce(node.op, body)
        if node.body.shape == "class":
            return self.total(node.op, body)
        if node.op == "argmax":
            raise ValueError("argmax of a value that is the same for every class has no meaning")
        return infix(Text("K"), "*", body, Precedence.PRODUCT) if node.op == "sum" else body

    def _operator(self, node: Map) -> Text | None:
        """Operators that are written alike for numbers and arrays; None for any other operation."""
        args = tuple(Map("where", (a, _ONE, _ZERO)) if self.is_condition(a) else a for a in node.args)
        if node.op == "neg" and isinstance(args[0], Const):
            return number(-args[0].value)
        if node.op == "neg":
            return self.print(args[0].args[0]) if _is_neg(args[0]) else _negative(self.print(args[0]))  # type: ignore[union-attr]
        if node.op == "add" and _is_neg(args[1]):
            return self._operator(Map("sub", (args[0], args[1].args[0])))  # type: ignore[union-attr]
        if node.op == "add" and _is_neg(args[0]):
            return self._operator(Map("sub", (args[1], args[0].args[0])))  # type: ignore[union-attr]
        if node.op in _ARITHMETIC:
            sign, precedence = _ARITHMETIC[node.op]
            return infix(self.print(args[0]), sign, self.print(args[1]), precedence)
        if node.op == "pow":
            return _power(self.print(args[0]), self.print(args[1]))
        if node.op in _RELATION:
            sides = [self.print(a).within(Precedence.SUM) for a in node.args]
            return infix(sides[0], _RELATION[node.op], sides[1], Precedence.COMPARISON)
        return None

    def _map(self, node: Map) -> Text:
        operator = self._operator(node)
        if operator is not None:
            return operator
        if node.op == "not":
            return Text(f"~{self.print(node.args[0]).within(Precedence.UNARY).text}", Precedence.UNARY)
        if node.op == "and":
            return infix(self.print(node.args[0]), "&", self.print(node.args[1]), Precedence.BITWISE_AND)
        if node.op == "where":
            condition, then, otherwise = node.args
            if self.is_number(condition):
                return _conditional(*(self.print(a) for a in node.args))
            placed = self._put(condition, then, otherwise)
            if placed is not None:
                return placed
            numbers = self.is_number(then) and self.is_number(otherwise)
            return self.select(*(self.print(a) for a in node.args), numbers=numbers)
        if node.op in ("minimum", "maximum"):
            left, right = node.args if not self.is_number(node.args[0]) else node.args[::-1]
            return self.extremum(node.op, self.print(left), self.print(right), number=self.is_number(right))
        if node.op == "product" and self.is_number(node.args[1]):
            return self._map(Map("mul", node.args))  # a finite factor: 0 times it is 0
        if self.functions[node.op].startswith("_"):
            self._helps(node.op)
        return call(self.functions[node.op], *(self.print(a) for a in node.args))

    def _put(self, condition: Node, then: Node, otherwise: Node) -> Text | None:
        """A choice that concerns one class of each row, as one entry written; None for any other choice."""
        if (
            not isinstance(condition, OneHot)
            or condition.index.shape != "batch"
            or not (then.shape == "batch" or self.is_number(then))
        ):
            return None
        otherwise = self._done.get(otherwise, otherwise)
        if self.is_number(otherwise):
            row, fresh = self.spread(self.print(otherwise), number=True), True
        elif otherwise.shape == "row":
            row, fresh = self.writable(otherwise)
        else:
            return None
        value = self.print(then)
        return self.put(row, self.print(condition.index), value, fresh=fresh, number=self.is_number(then))

    def _helps(self, helper: str) -> None:
        self.helpers |= {helper, *self.calls.get(helper, ())}

    def _number_map(self, node: Map) -> Text:
        """An operation on Python numbers."""
        operator = self._operator(node)
        if operator is not None:
            return operator
        args = [self.print(a) for a in node.args]
        x = args[0]
        match node.op:
            case "not":
                return Text(f"not {x.within(Precedence.NOT).text}", Precedence.NOT)
            case "and":
                return infix(x, "and", args[1], Precedence.AND)
            case "where":
                return _conditional(*args)
            case "minimum" | "maximum":
                return call(node.op[:3], *args)
            case "abs":
                return call("abs", x)
            case "product":
                a, b = node.args
                return self._number_map(Map("where", (Map("eq", (a, _ZERO)), _ZERO, Map("mul", (a, b)))))
            case "sign":
                a = node.args[0]
                return Text(f"({self.print(Map('gt', (a, _ZERO))).text}) - ({self.print(Map('lt', (a, _ZERO))).text})",
                            Precedence.SUM)  # fmt: skip
            case "sigmoid":
                a = node.args[0]
                return self.print(Map("div", (_ONE, Map("add", (_ONE, Map("exp", (Map("neg", (a,)),)))))))
            case "softplus":
                a = node.args[0]
                tail = Map("log1p", (Map("exp", (Map("neg", (Map("abs", (a,)),)),)),))
                return self.print(Map("add", (Map("maximum", (a, _ZERO)), tail)))
        self.helpers.add("math")
        return call(f"math.{node.op}", x)


def number(value: Fraction) -> Text:
    """An exact number as a literal, or as a quotient where no literal says it."""
    sign = Precedence.UNARY if value < 0 else Precedence.ATOM
    if value.denominator == 1 and abs(value) < 2**31:
        return Text(str(value.numerator), sign)
    power = value.numerator.bit_length() - 1
    if value == 2**power:
        return Text(f"2.0**{power}", Precedence.POWER)
    literal = repr(float(value))
    if Fraction(literal) == value or math.isinf(float(value)):
        return Text(literal, sign)
    return infix(number(Fraction(value.numerator)), "/", number(Fraction(value.denominator)), Precedence.PRODUCT)


def _is_neg(node: Node) -> bool:
    return isinstance(node, Map) and node.op == "neg"


def _negative(inner: Text) -> Text:
    """-inner; -(a * b) needs no parentheses, as it is the same number as -a * b, bit for bit."""
    x = inner.within(Precedence.PRODUCT)
    if x.precedence == Precedence.POWER or x.text.startswith("-"):  # ruff format: -(x**2)
        x = x.within(Precedence.ATOM)
    if not x.head and len(x.pieces) > 1:
        first = _negative(x.pieces[0])
        return Text(first.text + x.text[len(x.pieces[0].text) :], x.precedence, pieces=(first, *x.pieces[1:]))
    return replace(prefixed("-", x), precedence=Precedence.UNARY)


def _conditional(condition: Text, then: Text, otherwise: Text) -> Text:
    parts = [part.within(Precedence.AND).text for part in (then, condition, otherwise)]
    return Text("{} if {} else {}".format(*parts), Precedence.CONDITIONAL)


def _power(base: Text, exponent: Text) -> Text:
    a, b = base.within(Precedence.ATOM), exponent.within(Precedence.UNARY)

    def simple(t: Text) -> bool:
        return t.text.lstrip("-").replace(".", "").replace("_", "").isalnum()

    # as ruff format: x**2, but (1 - p) ** gamma
    if simple(a) and simple(b):
        return Text(f"{a.text}**{b.text}", Precedence.POWER)
    return Text(f"{a.text} ** {b.text}", Precedence.POWER, pieces=(a, prefixed("** ", b)))
