"""Expressions of a RowProgram in Triton: a value at the classes of a block, or at one class, of the row of a program.

Numbers, which are the same for all rows, are computed before the kernel starts: it gets them in float64, and rounds
them where they meet another value. An exponent is one that the compiler knows.
"""

from __future__ import annotations

import keyword
import re
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple, Protocol

from symce.kernel.ir import RELATIONS, Const, Gather, Input, Map, Node, OneHot, Var
from symce.targets.layout import Precedence, Text, call, infix, prefixed
from symce.targets.native_plan import Plan
from symce.targets.torch_expressions import TorchPrinter

#: Operations that are a function of ``_arithmetic`` each, or of Triton's language.
FUNCTIONS = {
    **{op: f"_{op}_of" for op in ("exp", "expm1", "log", "log1p", "sqrt", "tanh", "sign", "sigmoid", "softplus")},
    **{
        op: f"_{op}"
        for op in (
            "product", "minimum", "maximum", "exp_difference", "exp_quotient", "exp_multiple", "difference_error",
            "expm1_less", "divergence", "fine_numerator", "fine_numerator_quotient", "fine_numerator_multiple",
            "fine_less",
        )
    },
    "div": "_divided",
    "pow": "_power",
    "abs": "tl.abs",
}  # fmt: skip
_INFIX = {
    "add": ("+", Precedence.SUM),
    "sub": ("-", Precedence.SUM),
    "mul": ("*", Precedence.PRODUCT),
}
_RELATION = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
#: the arguments, by place, that functions take in float64
_WIDE = {"exp_quotient": 2, "exp_multiple": 2, "fine_numerator_quotient": 2, "fine_numerator_multiple": 2}
_WORDS = """
    K LIMIT GRADIENT ENTRIES ONE_HOT WEIGHTED SMOOTHED REAL BLOCK row start columns inside counted size steps stride
    base index count limit losses infinities tl triton keep spread weight low high grown x out float range l O I
"""
#: Names that a kernel uses itself, and how the others of its names end.
_TAKEN = frozenset(_WORDS.split())
_ENDING = re.compile(r".*(_at|_values|_lanes|_here|_bits|_real|_bigger)|.+_entry_[0-9]+|number_[0-9]+|EXPONENT_[0-9]+")


def tl_name(name: str) -> str:
    """The name in a kernel."""
    return f"{name}_" if keyword.iskeyword(name) or name in _TAKEN or _ENDING.fullmatch(name) else name


class Number(NamedTuple):
    """A number that is computed before the kernel starts: its name there, and its text on the host."""

    name: str
    text: str


class Numbers:
    """The numbers that the kernels of a form get, and the exponents that the compiler is told, in order."""

    def __init__(self) -> None:
        self.values: list[Number] = []
        self.exponents: list[Number] = []

    def value(self, text: str, name: str = "") -> str:
        """The name of a number."""
        return self._name(self.values, text, name or f"number_{len(self.values) + 1}")

    def exponent(self, text: str) -> str:
        """The name of an exponent."""
        return self._name(self.exponents, text, f"EXPONENT_{len(self.exponents) + 1}")

    @staticmethod
    def _name(there: list[Number], text: str, name: str) -> str:
        known = next((n for n in there if n.text == text), None)
        if known is None:
            known = Number(name, text)
            there.append(known)
        return known.name


class Place(Protocol):
    """Where the values of a row lie in a kernel."""

    def at_class(self, source: Input, k: str) -> Text:
        """The entry of an input at class ``k``, or at those of the block."""
        ...

    def is_known(self, name: str, k: str) -> bool:
        """Whether a row value has a name at class ``k``."""
        ...


class Expressions:
    """Prints values, and collects the numbers that the text needs."""

    def __init__(self, plan: Plan, place: Place, numbers: Numbers) -> None:
        self.plan, self.place, self.numbers = plan, place, numbers
        self._host = _Host(plan)

    def value(self, node: Node, k: str = "columns") -> Text:
        """The value at class ``k``, in the dtype that is computed in, or as a truth value."""
        if self.plan.is_number(node) and not isinstance(node, Const):
            return Text(self._number(node) + "_real")
        match node:
            case Const():
                return literal(node.value)
            case Input() if node.shape in ("row", "class"):
                return Text(tl_name(node.name)) if self.place.is_known(node.name, k) else self.place.at_class(node, k)
            case Input():
                return Text(tl_name(node.name))
            case Var():
                if not self.plan.is_row(node) or self.place.is_known(node.name, k):
                    return Text(tl_name(node.name))
                return self.value(self.plan.lets[node.name].value, k)
            case OneHot():
                return infix(Text(k), "==", self.value(node.index), Precedence.COMPARISON)
            case Gather():
                return self.value(node.source, self.value(node.index).text)
            case Map():
                return self._map(node, k)
        raise TypeError(f"no value of one class: {node!r}")

    def _map(self, node: Map, k: str) -> Text:
        args = node.args
        if node.op == "neg":
            inner = self._arithmetic(args[0], k).within(Precedence.PRODUCT)
            if inner.text.startswith("-") or (inner.precedence == Precedence.PRODUCT and not inner.pieces):
                inner = inner.within(Precedence.ATOM)
            return replace(prefixed("-", inner.within(Precedence.UNARY)), precedence=Precedence.UNARY)
        if node.op in _INFIX:
            sign, precedence = _INFIX[node.op]
            return infix(self._arithmetic(args[0], k), sign, self._arithmetic(args[1], k), precedence)
        if node.op in _RELATION:
            sides = [self.value(a, k).within(Precedence.SUM) for a in args]
            return infix(sides[0], _RELATION[node.op], sides[1], Precedence.COMPARISON)
        if node.op == "and":
            sides = [self.value(a, k).within(Precedence.SUM) for a in args]
            return infix(sides[0], "&", sides[1], Precedence.BITWISE_AND)
        if node.op == "not":
            return call("tl.where", self.value(args[0], k), "False", "True")
        if node.op == "where":
            if isinstance(args[0], OneHot) and k != "columns" and self.value(args[0].index).text == k:
                return self._arithmetic(args[1], k)
            return call("tl.where", self.value(args[0], k), self._operand(args[1], k), self._operand(args[2], k))
        if node.op == "product" and self.plan.is_number(args[1]):  # a finite factor: 0 times it is 0
            return self._map(Map("mul", args), k)
        if node.op not in FUNCTIONS:
            raise ValueError(f"no function of Triton computes {node.op!r} at one class")
        if node.op == "pow":
            return call("_power", self._operand(args[0], k), self._exponent(args[1]))
        if node.op == "div" and isinstance(args[1], Const) and _is_power_of_2(args[1].value):  # exact either way
            return infix(self._arithmetic(args[0], k), "*", literal(1 / args[1].value), Precedence.PRODUCT)
        if node.op == "div" and isinstance(args[0], Const):
            return call("_divided", call("tl.full", "()", literal(args[0].value), "REAL"), self._operand(args[1], k))
        wide = _WIDE.get(node.op)
        return call(
            FUNCTIONS[node.op],
            *(Text(self._number(a)) if place == wide else self._operand(a, k) for place, a in enumerate(args)),
        )

    def _arithmetic(self, node: Node, k: str) -> Text:
        """The value as an operand; a truth value as 1 or 0."""
        text = self.value(node, k)
        return call("tl.where", text, "1.0", "0.0") if self.is_condition(node) else text

    def _operand(self, node: Node, k: str) -> Text:
        """The value as an argument, which must have a dtype; a number that any dtype holds needs none."""
        text = self._arithmetic(node, k)
        if isinstance(node, Const):
            return text if node.value in (0, 1) else call("tl.full", "()", text, "REAL")
        return text

    def is_condition(self, node: Node) -> bool:
        match node:
            case OneHot():
                return True
            case Var():
                return self.is_condition(self.plan.lets[node.name].value)
            case Map():
                return node.op in (*RELATIONS, "and", "not")
        return False

    # --- numbers --------------------------------------------------------------------------------------------------
    def _number(self, node: Node) -> str:
        name = tl_name(node.name) if isinstance(node, Input | Var) else ""
        return self.numbers.value(self._host.text(node), name)

    def _exponent(self, node: Node) -> Text:
        if isinstance(node, Const):
            return literal(node.value)
        if not self.plan.is_number(node):
            raise ValueError("the Triton target has no power with an exponent that is not one number for all rows")
        return Text(self.numbers.exponent(self._host.text(node)))


class _Host(TorchPrinter):
    """Numbers as Python's own, with what they are made of written out."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self._plan = plan

    def text(self, node: Node) -> str:
        return self.print(self._whole(node)).text

    def _whole(self, node: Node) -> Node:
        match node:
            case Var():
                return self._whole(self._plan.lets[node.name].value)
            case Map():
                return Map(node.op, tuple(self._whole(a) for a in node.args))
        return node


def literal(value: Fraction) -> Text:
    """An exact number as a literal that is one of a float."""
    sign = Precedence.UNARY if value < 0 else Precedence.ATOM
    if value.denominator == 1 and abs(value) < 2**31:
        return Text(f"{value.numerator}.0", sign)
    return Text(repr(float(value)).replace("e+", "e"), sign)  # as ruff format has it


def _is_power_of_2(value: Fraction) -> bool:
    return value > 0 and (value.numerator & (value.numerator - 1)) == 0 == (value.denominator & (value.denominator - 1))
