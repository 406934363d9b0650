"""Expressions of a RowProgram in C: the text of one value at one class of one row.

Numbers, which are the same for all rows, are computed in double and rounded where they meet a ``real``. A value that a
scope reads twice is named once.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable
from enum import IntEnum
from fractions import Fraction
from typing import NamedTuple, Protocol

from symce.kernel.ir import RELATIONS, Const, Gather, Input, Map, Node, OneHot, Size, Var, children
from symce.targets.layout import WIDTH
from symce.targets.native_plan import Plan


class Precedence(IntEnum):
    """How tightly C binds, loosest first."""

    CONDITIONAL = 0
    AND = 1
    EQUALITY = 2
    RELATION = 3
    SUM = 4
    PRODUCT = 5
    UNARY = 6
    ATOM = 7


class C(NamedTuple):
    """An expression, and how tightly its outermost operator binds."""

    text: str
    precedence: Precedence = Precedence.ATOM

    def within(self, precedence: Precedence) -> str:
        return self.text if self.precedence >= precedence else f"({self.text})"


class Layout(Protocol):
    """Where the values of a program lie: one row at a time, or many rows side by side."""

    plan: Plan
    temporaries: int  # how many values of the function have been named t1, t2, ...

    def at_class(self, name: str, k: str) -> str:
        """The entry of a stored row, or of an input with one number a class, at class ``k``."""
        ...

    def of_row(self, name: str) -> str:
        """A value of one number a row."""
        ...


_INFIX = {
    "add": ("+", Precedence.SUM),
    "sub": ("-", Precedence.SUM),
    "mul": ("*", Precedence.PRODUCT),
    "div": ("/", Precedence.PRODUCT),
}
_RELATION = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
#: operations of reals that are functions of the generated file
FUNCTIONS = {
    **{op: f"{op}_of" for op in ("exp", "expm1", "log", "log1p", "sqrt", "tanh", "abs", "sign", "sigmoid", "softplus")},
    **{
        op: op
        for op in (
            "product", "minimum", "maximum", "exp_difference", "exp_quotient", "exp_multiple", "difference_error",
            "expm1_less", "divergence",
        )
    },
    "pow": "power",
}  # fmt: skip
#: the arguments, by place, that functions take as numbers in double
_DOUBLES = {"pow": 1, "exp_quotient": 2, "exp_multiple": 2}
_OF_NUMBERS = {"abs": "fabs", "minimum": "fmin", "maximum": "fmax", "sign": "sign_of_number"}


class Scope:
    """The statements of one loop body, or of the code between two loops, as they are asked for.

    ``helpers`` collects the functions that the text calls; ``roots`` are all values that will be asked for.
    """

    def __init__(self, layout: Layout, helpers: set[str], k: str, roots: Iterable[Node]) -> None:
        self.layout, self.plan, self.helpers, self.k = layout, layout.plan, helpers, k
        self.statements: list[str] = []
        self._named: dict[Node, str] = {}
        self._counts = self._occurrences(roots)

    def define(self, node: Node, name: str) -> None:
        """A statement that names the value."""
        text = self.real(node)
        self.statements.append(f"const real {name} = {text.text};")
        self._named[node] = name

    def know(self, node: Node, name: str) -> None:
        """The value has a name already."""
        self._named[node] = name

    def real(self, node: Node, k: str | None = None) -> C:
        """The value as a real, or as a truth value, at class ``k``."""
        if self.plan.is_number(node):
            return self._rounded(node)
        at = self.k if k is None else k
        here = at == self.k
        if here and node in self._named:
            return C(self._named[node])
        if here and isinstance(node, Map | Gather) and self._counts[node] > 1 and not self._is_condition(node):
            value = self._plain(node, at)
            return C(self._temporary(node, value))
        return self._plain(node, at)

    def named(self, node: Node) -> str:
        """The value by a name, for a statement that reads it more than once."""
        value = self.real(node)
        if value.precedence == Precedence.ATOM and "(" not in value.text:
            return value.text
        return self._temporary(node, value)

    def number(self, node: Node) -> C:
        """A number in double."""
        match node:
            case Const():
                return _number(node.value)
            case Size():
                return C("(double) K", Precedence.UNARY)
            case Input():
                return C(self.layout.of_row(node.name))
            case Var():
                return C(self.layout.of_row(node.name))
            case Map():
                return self._operation(node, self.number) or self._number_function(node)
        raise TypeError(f"no number: {node!r}")

    def _temporary(self, node: Node, value: C) -> str:
        self.layout.temporaries += 1
        name = f"t{self.layout.temporaries}"
        self.statements.append(f"const real {name} = {value.text};")
        self._named[node] = name
        return name

    # --- the parts ------------------------------------------------------------------------------------------------
    def _occurrences(self, roots: Iterable[Node]) -> Counter[Node]:
        counts: Counter[Node] = Counter()
        seen: set[Node] = set()

        def visit(node: Node) -> None:
            counts[node] += 1
            if node in seen or self.plan.is_number(node):
                return
            seen.add(node)
            if isinstance(node, Gather):
                return
            if isinstance(node, Var):
                if self._is_local(node):
                    visit(self.plan.lets[node.name].value)
                return
            for child in children(node):
                visit(child)

        for root in roots:
            visit(root)
        return counts

    def _is_local(self, node: Var) -> bool:
        return self.plan.is_row(node) and node.name not in self.plan.stored

    def _rounded(self, node: Node) -> C:
        if isinstance(node, Const) and node.value.denominator == 1 and abs(node.value) < 2**24:
            return C(str(node.value.numerator), Precedence.UNARY if node.value < 0 else Precedence.ATOM)
        return C(f"(real) {self.number(node).within(Precedence.UNARY)}", Precedence.UNARY)

    def _plain(self, node: Node, k: str) -> C:
        match node:
            case Input():
                return C(
                    self.layout.at_class(node.name, k) if self.plan.is_row(node) else self.layout.of_row(node.name)
                )
            case Var():
                if not self.plan.is_row(node):
                    return C(self.layout.of_row(node.name))
                if node.name in self.plan.stored:
                    return C(self.layout.at_class(node.name, k))
                return self._local(node, k)
            case OneHot():
                index = self.real(node.index).text
                return C("1" if index == k else f"{k} == {index}", Precedence.EQUALITY)
            case Gather():
                return self.real(node.source, self.real(node.index).text)
            case Map():
                return self._operation(node, lambda a: self.real(a, k)) or self._function(node, k)
        raise TypeError(f"no value of one class: {node!r}")

    def _local(self, node: Var, k: str) -> C:
        """A row value that is not stored: a local name in the loop, or its expression at another class."""
        value = self.plan.lets[node.name].value
        if k != self.k or self._is_condition(value):
            return self.real(value, k)
        if value not in self._named:
            text = self._plain(value, k)
            self.statements.append(f"const real {node.name}_k = {text.text};")
            self._named[value] = f"{node.name}_k"
        return C(self._named[value])

    def _is_condition(self, node: Node) -> bool:
        match node:
            case OneHot():
                return True
            case Var():
                return self._is_condition(self.plan.lets[node.name].value)
            case Map():
                return node.op in (*RELATIONS, "and", "not")
        return False

    def _operation(self, node: Map, value: _Values) -> C | None:
        args = node.args
        if node.op == "neg":
            inner = value(args[0])
            text = inner.within(Precedence.UNARY)
            return C(f"-({text})" if text.startswith("-") else f"-{text}", Precedence.UNARY)
        if node.op in _INFIX:
            sign, precedence = _INFIX[node.op]
            left, right = (self._arithmetic(a, value) for a in args)
            return C(f"{left.within(precedence)} {sign} {right.within(Precedence(precedence + 1))}", precedence)
        if node.op in _RELATION:
            precedence = Precedence.EQUALITY if node.op in ("eq", "ne") else Precedence.RELATION
            sides = [value(a).within(Precedence.SUM) for a in args]
            return C(f"{sides[0]} {_RELATION[node.op]} {sides[1]}", precedence)
        if node.op == "and":
            return C(" && ".join(value(a).within(Precedence.EQUALITY) for a in args), Precedence.AND)
        if node.op == "not":
            return C(f"!{value(args[0]).within(Precedence.ATOM)}", Precedence.UNARY)
        if node.op == "where":
            condition, then, otherwise = (self._arithmetic(a, value) if i else value(a) for i, a in enumerate(args))
            if condition.text == "1":
                return then
            parts = (
                condition.within(Precedence.AND),
                then.within(Precedence.AND),
                otherwise.within(Precedence.CONDITIONAL),
            )
            return C("{} ? {} : {}".format(*parts), Precedence.CONDITIONAL)
        return None

    def _arithmetic(self, node: Node, value: _Values) -> C:
        """The value; a truth value as 1 or 0."""
        text = value(node)
        return C(f"(real) {text.within(Precedence.ATOM)}", Precedence.UNARY) if self._is_condition(node) else text

    def _function(self, node: Map, k: str) -> C:
        if node.op == "product" and self.plan.is_number(node.args[1]):  # a finite factor: 0 times it is 0
            return self.real(Map("mul", node.args), k)
        if node.op == "pow" and node.args[1] == Const(Fraction(2)) and self._is_plain(node.args[0], k):
            base = self.real(node.args[0], k).within(Precedence.UNARY)
            return C(f"{base} * {base}", Precedence.PRODUCT)
        if node.op not in FUNCTIONS:
            raise ValueError(f"no C function computes {node.op!r} at one class")
        double = _DOUBLES.get(node.op)
        args = []
        for place, arg in enumerate(node.args):
            number = place == double and self.plan.is_number(arg)
            args.append(self.number(arg) if number else self._arithmetic(arg, lambda a: self.real(a, k)))
        self.helpers.add(node.op)
        return C(f"{FUNCTIONS[node.op]}({', '.join(a.text for a in args)})")

    def _is_plain(self, node: Node, k: str) -> bool:
        return self.real(node, k).precedence == Precedence.ATOM

    def _number_function(self, node: Map) -> C:
        if node.op == "product":
            a, b = node.args
            zero = Const(Fraction(0))
            return self.number(Map("where", (Map("eq", (a, zero)), zero, Map("mul", (a, b)))))
        args = ", ".join(self.number(a).text for a in node.args)
        if node.op == "sigmoid":
            return C(f"1 / (1 + exp(-({args})))", Precedence.PRODUCT)
        if node.op == "softplus":
            return C(f"(fmax({args}, 0) + log1p(exp(-fabs({args}))))")
        if node.op == "sign":
            return C(f"(double) ((({args}) > 0) - (({args}) < 0))", Precedence.UNARY)
        return C(f"{_OF_NUMBERS.get(node.op, node.op)}({args})")


class _Values(Protocol):
    def __call__(self, node: Node, /) -> C: ...


def _number(value: Fraction) -> C:
    """An exact number as a literal of double, or as a quotient where no literal says it."""
    sign = Precedence.UNARY if value < 0 else Precedence.ATOM
    power = value.numerator.bit_length() - 1
    if value >= 2**31 and value == 2**power:
        return C(f"0x1p{power}")
    if Fraction(float(value)) == value:
        return C(repr(float(value)), sign)
    return C(f"{float(value.numerator)!r} / {float(value.denominator)!r}", Precedence.PRODUCT)


def wrapped(statement: str, indent: int) -> list[str]:
    """A statement as lines of at most WIDTH characters; a directive of the preprocessor says where it goes on."""
    space = " " * indent
    directive = statement.startswith("#")
    lines = textwrap.wrap(
        statement,
        WIDTH - 2 * directive,
        initial_indent=space,
        subsequent_indent=space + "    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [f"{line} \\" for line in lines[:-1]] + lines[-1:] if directive else lines
