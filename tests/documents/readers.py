"""Readers of what the printers print, written from the conventions of the page alone, for the tests of parentheses.

A sum reaches to the next plus or minus, log takes the next factor, everything else is as in any textbook. The value of
what is read is compared with the value of the expression that was printed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass

import mpmath as mp
from numeric import Point

from symce.algebra.indices import ClassIndex

Value = Callable[[Point], mp.mpf]
_TOKEN = re.compile(r"\\[A-Za-z]+|[A-Za-z]|\d+|\S")
_NAMES = {"\\alpha": "alpha", "\\gamma": "gamma", "\\epsilon": "eps", "\\beta": "beta"}


def entry(point: Point, name: str, index: str) -> mp.mpf:
    where = point.indices[ClassIndex(index)]
    if name != "p":
        return point.value((name, where))
    weights = [mp.exp(point.value(("z", n))) for n in range(1, point.size + 1)]
    return weights[where - 1] / mp.fsum(weights)


def symbol(point: Point, name: str) -> mp.mpf:
    return mp.mpf(point.size) if name == "K" else point.value((name,))


def total(point: Point, index: str, body: Value) -> mp.mpf:
    return mp.fsum(body(point.at(ClassIndex(index), n)) for n in range(1, point.size + 1))


@dataclass
class Latex:
    """A recursive-descent reader of LaTeX."""

    text: str

    def __post_init__(self) -> None:
        text = self.text.replace(r"\left", "").replace(r"\right", "").replace(r"\hat{\pi}", "p")
        self.tokens = [*_TOKEN.findall(text), "end"]
        self.at = 0

    def read(self) -> Value:
        value = self.sum()
        assert self.next == "end", f"{self.text}: stopped at {self.tokens[self.at :]}"
        return value

    @property
    def next(self) -> str:
        return self.tokens[self.at]

    def take(self, wanted: str | None = None) -> str:
        token = self.next
        assert wanted is None or token == wanted, f"{self.text}: {token!r} where {wanted!r} should stand"
        self.at += 1
        return token

    def sum(self) -> Value:
        minus = self.next == "-" and bool(self.take())
        terms = [(minus, self.product())]
        while self.next in ("+", "-"):
            terms.append((self.take() == "-", self.product()))
        return lambda p: mp.fsum(-t(p) if sign else t(p) for sign, t in terms)

    def product(self) -> Value:
        factors = [self.factor()]
        while self.next not in ("+", "-", ")", "}", r"\rvert", "end"):
            if self.next == r"\cdot":
                self.take()
            factors.append(self.factor())
        return lambda p: mp.fprod(f(p) for f in factors)

    def factor(self) -> Value:
        base = self.atom()
        if self.next != "^":
            return base
        self.take()
        power = self.group()
        return lambda p: mp.power(base(p), power(p))

    def group(self) -> Value:
        if self.next == "{":
            self.take()
            value = self.sum()
            self.take("}")
            return value
        return self.atom(single=True)

    def script(self) -> str:
        self.take("_")
        if self.next != "{":
            return self.take()
        self.take()
        script = ""
        while self.next != "}":
            script += self.take()
        self.take()
        return script

    def atom(self, *, single: bool = False) -> Value:
        token = self.take()
        if token == "(":
            value = self.sum()
            self.take(")")
            return value
        if token == r"\lvert":
            inside = self.sum()
            self.take(r"\rvert")
            return lambda p: abs(inside(p))
        if token == r"\frac":
            top, bottom = self.group(), self.group()
            return lambda p: top(p) / bottom(p)
        if token == r"\sqrt":
            inner = self.group()
            return lambda p: mp.sqrt(inner(p))
        if token == r"\sum":
            script = self.script()
            self.take("^")
            self.group()
            body, index = self.product(), script.split("=")[0]
            return lambda p: total(p, index, body)
        if token in (r"\log", r"\tanh"):
            return self.function(mp.log if token == r"\log" else mp.tanh)
        if token == "e":
            return lambda p: mp.e
        if token.isdigit():
            return lambda p: mp.mpf(int(token))
        assert token in _NAMES or token in ("p", "y", "z", "K", r"\delta"), f"{self.text}: {token!r} is no letter"
        name = _NAMES.get(token, token)
        if single or self.next != "_":
            return lambda p: symbol(p, name)
        script = self.script()
        if token == r"\delta":
            return lambda p: mp.mpf(p.indices[ClassIndex(script[0])] == p.indices[ClassIndex(script[1])])
        return lambda p: entry(p, name, script)

    def function(self, function: Callable[[mp.mpf], mp.mpf]) -> Value:
        power: Value | None = None
        if self.next == "^":
            self.take()
            power = self.group()
        inner = self.atom() if self.next in (r"\sum", "(") else self.factor()
        if power is None:
            return lambda p: function(inner(p))
        return lambda p: mp.power(function(inner(p)), power(p))


def ascii_value(node: ast.AST, point: Point) -> mp.mpf:
    """The value of the ASCII form, read as Python's grammar reads it."""
    match node:
        case ast.Expression(body):
            return ascii_value(body, point)
        case ast.Constant(value):
            return mp.mpf(value)
        case ast.Name(name):
            return symbol(point, name)
        case ast.Subscript(ast.Name(name), ast.Name(index)):
            return entry(point, name, index)
        case ast.UnaryOp(ast.USub(), operand):
            return -ascii_value(operand, point)
        case ast.BinOp(left, operator, right):
            a, b = ascii_value(left, point), ascii_value(right, point)
            match operator:
                case ast.Add():
                    return a + b
                case ast.Sub():
                    return a - b
                case ast.Mult():
                    return a * b
                case ast.Div():
                    return a / b
                case ast.Pow():
                    return mp.power(a, b)
        case ast.Call(ast.Name("Sum"), [body, ast.Name(index)]):
            return total(point, index, lambda p: ascii_value(body, p))
        case ast.Call(ast.Name("where"), [ast.Compare(ast.Name(left), [ast.Eq()], [ast.Name(right)]), then, other]):
            same = point.indices[ClassIndex(left)] == point.indices[ClassIndex(right)]
            return ascii_value(then if same else other, point)
        case ast.Call(ast.Name(name), [arg]):
            function = {"log": mp.log, "exp": mp.exp, "tanh": mp.tanh, "sqrt": mp.sqrt, "abs": abs}[name]
            return function(ascii_value(arg, point))
    raise AssertionError(f"not in the language of losses: {ast.dump(node)}")
