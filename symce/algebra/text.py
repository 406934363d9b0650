"""symce's expressions on one line of text, for a terminal: ``π̂ⱼ − yⱼ``, or in ASCII, ``p[j] - y[j]``.

The ASCII form is the language that losses are written in, as far as that has words for what is shown.
"""

from __future__ import annotations

from sympy import Expr

from symce.algebra.letters import ascii_letter, subscript, superscript, unicode_letter
from symce.algebra.presentation import (
    Bars,
    Big,
    Call,
    Cases,
    Derivative,
    Dot,
    Exp,
    Fraction,
    Letter,
    Node,
    Number,
    Of,
    Power,
    Root,
    Terms,
    Times,
)
from symce.algebra.reading import read

_RELATIONS = {"=": "=", "!=": "≠", "<": "<", "<=": "≤", ">": ">", ">=": "≥"}
_BARE = ("log", "tanh")
_UNICODE_NAMES = {"sigma": "σ"}
_ASCII_NAMES = {"sigma": "sigmoid"}


def text(expr: Expr, *, ascii: bool = False) -> str:
    """An expression as one line of text, in Unicode or in ASCII.

    Raises TypeError for a kind of node without a notation.
    """
    return text_of(read(expr), ascii=ascii)


def text_of(node: Node, *, ascii: bool = False) -> str:
    """The same for a tree."""
    return (_Ascii() if ascii else _Unicode()).print(node)


class _Unicode:
    minus, negative, times = " − ", "−", " "

    def print(self, node: Node) -> str:
        match node:
            case Letter(name, indices):
                return self.letter(name, indices)
            case Number(digits):
                return digits
            case Terms(terms):
                return self.terms(terms)
            case Times(factors):
                return self.times.join(
                    self.factor(f, last=n == len(factors) - 1, first=n == 0) for n, f in enumerate(factors)
                )
            case Dot(left, right):
                return self.dot(self.factor(left, last=False), self.factor(right, last=True))
            case Fraction(top, bottom):
                return f"{self.above(top)}/{self.below(bottom)}"
            case Power(base, exponent):
                return self.power(base, exponent)
            case Root(radicand):
                return f"√({self.print(radicand)})"
            case Exp(exponent):
                return f"exp({self.print(exponent)})"
            case Bars(arg):
                return f"|{self.print(arg)}|"
            case Call(name, arg):
                return self.call(name, arg, last=True)
            case Of("E", vectors):
                return f"E[−log {unicode_letter(vectors[-1], ('X',))}], X ~ {unicode_letter(vectors[0])}"
            case Of(name, vectors):
                words = (" ‖ " if name == "KL" else ", ").join(unicode_letter(v) for v in vectors)
                return f"{'D_KL' if name == 'KL' else name}({words})"
            case Big(index, _, body, sign):
                inner = self.print(body)
                mark = ("Σ" if sign == "sum" else "Π") + subscript(index)
                return f"{mark} {parens(inner) if isinstance(body, Terms) else inner}"
            case Derivative(of, by, bracket):
                return self.derivative(of, by, bracket)
            case Cases(left, relation, right, then, otherwise):
                test = f"{self.print(left)} {_RELATIONS[relation]} {self.print(right)}"
                return f"{{{self.print(then)} if {test}, else {self.print(otherwise)}}}"
        raise TypeError(f"no text for {type(node).__name__}")

    def letter(self, name: str, indices: tuple[str, ...]) -> str:
        return unicode_letter(name, indices)

    def terms(self, terms: tuple[tuple[bool, Node], ...]) -> str:
        result = ""
        for position, (minus, term) in enumerate(terms):
            sign = (self.negative if minus else "") if position == 0 else (self.minus if minus else " + ")
            inner = self.print(term)
            result += sign + (parens(inner) if isinstance(term, Terms) else inner)
        return result

    def factor(self, node: Node, *, last: bool, first: bool = False) -> str:
        if isinstance(node, Call):
            return self.call(node.name, node.arg, last=last)
        inner = self.print(node)
        grouped = isinstance(node, Terms | Dot) or (isinstance(node, Big) and not last)
        fraction = isinstance(node, Fraction) and not (first and last)
        return parens(inner) if grouped or fraction else inner

    def dot(self, left: str, right: str) -> str:
        return f"{left} · {right}"

    def above(self, node: Node) -> str:
        inner = self.print(node)
        plain = isinstance(node, Letter | Number | Power | Exp | Of | Bars | Root)
        return inner if plain or (isinstance(node, Times) and not _reaches(node)) else parens(inner)

    def below(self, node: Node) -> str:
        inner = self.print(node)
        return inner if isinstance(node, Letter | Number | Power | Exp | Of | Bars | Root) else parens(inner)

    def call(self, name: str, arg: Node, *, last: bool) -> str:
        inner = self.print(arg)
        word = _UNICODE_NAMES.get(name, name)
        simple = isinstance(arg, Letter | Number | Big) or (isinstance(arg, Power) and isinstance(arg.base, Letter))
        bare = name in _BARE and last and simple
        return f"{word} {inner}" if bare else f"{word}({inner})"

    def power(self, base: Node, exponent: Node) -> str:
        if (
            isinstance(base, Call)
            and base.name == "tanh"
            and isinstance(exponent, Number)
            and superscript(exponent.digits)
        ):
            return f"tanh{superscript(exponent.digits)}({self.print(base.arg)})"
        inner = self.print(base) if isinstance(base, Letter | Number | Bars) else parens(self.print(base))
        if isinstance(exponent, Number) and superscript(exponent.digits):
            return inner + superscript(exponent.digits)
        raised = self.print(exponent)
        return f"{inner}^{raised if isinstance(exponent, Letter | Number) else parens(raised)}"

    def derivative(self, of: Node, by: tuple[Letter, ...], bracket: bool) -> str:
        order = superscript(str(len(by))) if len(by) > 1 else ""
        below = "".join(f"∂{self.print(b)}" for b in by)
        if bracket:
            return f"∂{order}/{below} [{self.print(of)}]"
        inner = self.print(of) if isinstance(of, Letter | Number) else parens(self.print(of))
        return f"∂{order}{inner}/{below}"


class _Ascii(_Unicode):
    minus, negative, times = " - ", "-", "*"

    def print(self, node: Node) -> str:
        match node:
            case Root(radicand):
                return f"sqrt({self.print(radicand)})"
            case Bars(arg):
                return f"abs({self.print(arg)})"
            case Of(name, vectors):
                return f"{name}({', '.join(ascii_letter(v) for v in vectors)})"
            case Big(index, _, body, sign):
                return f"{'Sum' if sign == 'sum' else 'Prod'}({self.print(body)}, {index})"
            case Cases(left, relation, right, then, otherwise):
                test = f"{self.print(left)} {'==' if relation == '=' else relation} {self.print(right)}"
                return f"where({test}, {self.print(then)}, {self.print(otherwise)})"
            case Call("log", Big(index, _, Exp(body))):
                return f"logsumexp({self.print(body)}, {index})"
            case Letter("delta", (left, right)):
                return f"where({right} == {left}, 1, 0)"
            case Letter("s", (index,)):
                return f"s[{index}]"
        return super().print(node)

    def letter(self, name: str, indices: tuple[str, ...]) -> str:
        return ascii_letter(name, indices)

    def factor(self, node: Node, *, last: bool, first: bool = False) -> str:
        inner = self.print(node)
        return parens(inner) if isinstance(node, Terms | Dot) or (isinstance(node, Fraction) and not first) else inner

    def dot(self, left: str, right: str) -> str:
        return f"{left}*{right}"

    def above(self, node: Node) -> str:
        return self.factor(node, last=True, first=False)

    def below(self, node: Node) -> str:
        inner = self.print(node)
        return parens(inner) if isinstance(node, Terms | Dot | Times | Fraction) else inner

    def call(self, name: str, arg: Node, *, last: bool) -> str:
        return f"{_ASCII_NAMES.get(name, name)}({self.print(arg)})"

    def power(self, base: Node, exponent: Node) -> str:
        sides = []
        for node in (base, exponent):
            tight = isinstance(node, Letter | Number | Call | Exp | Big | Bars | Root | Cases | Of)
            sides.append(self.print(node) if tight else parens(self.print(node)))
        return "**".join(sides)

    def derivative(self, of: Node, by: tuple[Letter, ...], bracket: bool) -> str:
        order = str(len(by)) if len(by) > 1 else ""
        below = "".join(f"d{self.print(b)}" for b in by)
        inner = self.print(of)
        if bracket:
            return f"d{order}/{below}[{inner}]"
        return f"d{order}{inner if isinstance(of, Letter | Number) else parens(inner)}/{below}"


def parens(inner: str) -> str:
    return f"({inner})"


def _reaches(node: Times) -> bool:
    return any(isinstance(f, Big | Call | Fraction) for f in node.factors)
