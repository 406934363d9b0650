"""symce's expressions in LaTeX, in the notation of the textbooks: ``\\hat{\\pi}_j - y_j``.

Every printed piece knows about how wide it is (in em of the text), so that a document can break a long line before
LaTeX would run over the margin; see ``latex_lines``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sympy import Expr

from symce.algebra.letters import Symbols, latex_letter, latex_vector
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
    holds,
)
from symce.algebra.reading import read

_NAMES = {
    "log": r"\log",
    "tanh": r"\tanh",
    "sigma": r"\sigma",
    "sign": r"\operatorname{sign}",
    "softplus": r"\operatorname{softplus}",
}
_RELATIONS = {"=": "=", "!=": r"\ne", "<": "<", "<=": r"\le", ">": ">", ">=": r"\ge"}
#: functions that are written without parentheses where their argument is plain
_BARE = ("log", "tanh")


def latex(expr: Expr, symbols: Symbols | None = None) -> str:
    """An expression in LaTeX, for math mode.

    ``symbols``: LaTeX of parameters that have letters of their own. Raises TypeError for a kind of node without a
    notation.
    """
    return Printer(symbols).print(read(expr)).text


@dataclass(frozen=True)
class Box:
    """LaTeX, its width in em, and whether it is too tall for plain parentheses."""

    text: str
    width: float
    tall: bool = False

    def __add__(self, other: Box) -> Box:
        return Box(join(self.text, other.text), self.width + other.width, self.tall or other.tall)


def join(left: str, right: str) -> str:
    """Two pieces of LaTeX, with a space where the words would run together or the eye wants one."""
    if not left or not right:
        return left + right
    return left + ("" if left[-1] in " ([" or right[0] in " )],^_" else " ") + right


def op(text: str, width: float) -> Box:
    return Box(text, width)


PLUS, MINUS, SIGN = op("+", 1.25), op("-", 1.25), op("-", 0.8)
DOT = op(r"\cdot", 0.75)


class Printer:
    """Prints trees; ``symbols`` as in ``latex``."""

    def __init__(self, symbols: Symbols | None = None) -> None:
        self.symbols = symbols
        # a long formula is printed again at every level at which it may be broken; the node is kept, so its id is too
        self._printed: dict[int, tuple[Node, Box]] = {}

    def print(self, node: Node) -> Box:
        """One node, without parentheses around it."""
        if id(node) not in self._printed:
            self._printed[id(node)] = (node, self._print(node))
        return self._printed[id(node)][1]

    def _print(self, node: Node) -> Box:
        match node:
            case Letter(name, indices):
                return self.letter(name, indices)
            case Number(digits):
                return op(digits, 0.5 * len(digits))
            case Terms(terms):
                return self.signed(terms)
            case Times(factors):
                return self.product(factors)
            case Dot(left, right):
                return self.factor(left, last=False) + DOT + self.factor(right, last=True)
            case Fraction(top, bottom):
                above, below = self.print(top), self.print(bottom)
                return Box(rf"\frac{{{above.text}}}{{{below.text}}}", max(above.width, below.width) + 0.3, True)
            case Power(base, exponent):
                return self.power(base, exponent)
            case Root(radicand):
                inner = self.print(radicand)
                return Box(rf"\sqrt{{{inner.text}}}", inner.width + 0.9, inner.tall)
            case Exp(exponent):
                raised = self.print(exponent)
                return Box(f"e^{script(raised.text)}", 0.5 + 0.75 * raised.width, raised.tall)
            case Bars(arg):
                inner = self.print(arg)
                return Box(rf"\left\lvert {inner.text} \right\rvert", inner.width + 0.7, inner.tall)
            case Call(name, arg):
                return self.call(name, arg, last=True)
            case Of(name, vectors):
                return self.quantity(name, vectors)
            case Big(_, _, body):
                inner = self.print(body)
                return self.big(node) + (parens(inner) if isinstance(body, Terms) else inner)
            case Derivative():
                return self.derivative(node)
            case Cases(left, relation, right, then, otherwise):
                test = self.print(left) + op(_RELATIONS[relation], 1.4) + self.print(right)
                yes, no = self.print(then), self.print(otherwise)
                rows = rf"{yes.text} & \text{{if }} {test.text} \\ {no.text} & \text{{otherwise}}"
                text = rf"\begin{{cases}} {rows} \end{{cases}}"
                return Box(text, max(yes.width, no.width) + max(test.width + 1, 4) + 2, True)
        raise TypeError(f"no LaTeX for {type(node).__name__}")

    def letter(self, name: str, indices: tuple[str, ...] = ()) -> Box:
        text = latex_letter(name, indices, self.symbols)
        glyphs = len(
            re.sub(r"\\(hat|mathrm|mathcal|boldsymbol|mathbf)\b|[{}_ ]", "", re.sub(r"\\[a-z]+(?=_|$)", "x", text))
        )
        return op(text, 0.6 + 0.42 * (glyphs - 1))

    def signed(self, terms: tuple[tuple[bool, Node], ...]) -> Box:
        box = Box("", 0)
        for position, (minus, term) in enumerate(terms):
            box += self.sign(minus, first=position == 0) + self.term(term, last=position == len(terms) - 1)
        return box if len(terms) != 1 else Box("-" + box.text[2:], box.width, box.tall)

    def sign(self, minus: bool, *, first: bool) -> Box:
        if first:
            return SIGN if minus else Box("", 0)
        return MINUS if minus else PLUS

    def term(self, node: Node, *, last: bool) -> Box:
        box = self.print(node)
        return parens(box) if isinstance(node, Terms) or (isinstance(node, Cases) and not last) else box

    def product(self, factors: tuple[Node, ...]) -> Box:
        box = Box("", 0)
        for position, node in enumerate(factors):
            factor = self.factor(node, last=position == len(factors) - 1)
            box = box + DOT + factor if position and factor.text[0].isdigit() else box + factor
        return box

    def factor(self, node: Node, *, last: bool) -> Box:
        """A node as a factor: in parentheses where it holds a sum or reaches to the right."""
        if isinstance(node, Call):
            return self.call(node.name, node.arg, last=last)
        box = self.print(node)
        if isinstance(node, Terms | Dot) or (not last and reaches(node)):
            return parens(box)
        return box

    def call(self, name: str, arg: Node, *, last: bool) -> Box:
        word = self.function(name)
        inner = self.print(arg)
        bare = name in _BARE and plain(arg)
        if not bare or (reaches(arg) and not last):
            return Box(f"{word.text}{parens(inner).text}", word.width + inner.width + 0.9, inner.tall)
        box = Box(join(word.text, inner.text), word.width + inner.width + 0.2, inner.tall)
        return box if last else Box(f"{word.text}{parens(inner).text}", box.width + 0.8, inner.tall)

    def function(self, name: str) -> Box:
        text = _NAMES.get(name) or (name if len(name) == 1 else rf"\operatorname{{{name}}}")
        return op(text, 0.55 * len(name) if name != "sigma" else 0.6)

    def quantity(self, name: str, vectors: tuple[str, ...]) -> Box:
        if name == "E":  # of -log q_X for an X that is drawn from p
            drawn, model = (latex_vector(vectors[0], self.symbols), latex_letter(vectors[-1], ("X",), self.symbols))
            return op(rf"\mathbb{{E}}_{{X \sim {drawn}}}[-\log {model}]", 6.5)
        head = "D_{KL}" if name == "KL" else name
        between = r" \| " if name == "KL" else ", "
        text = f"{head}({between.join(latex_vector(v, self.symbols) for v in vectors)})"
        return op(text, 0.8 + 0.5 * len(name) + 1.2 * len(vectors))

    def power(self, base: Node, exponent: Node) -> Box:
        raised = self.print(exponent)
        if isinstance(base, Call) and base.name == "tanh":
            word, inner = op(r"\tanh", 2.1), self.call("tanh", base.arg, last=False)
            return Box(
                f"{word.text}^{script(raised.text)}{inner.text.removeprefix(word.text)}", inner.width + 0.6, inner.tall
            )
        box = self.print(base)
        if not isinstance(base, Letter | Number | Bars | Root):
            box = parens(box)
        return Box(f"{box.text}^{script(raised.text)}", box.width + 0.75 * raised.width, box.tall or raised.tall)

    def big(self, node: Big) -> Box:
        return Box(rf"\{node.sign}_{{{latex_letter(node.index)}=1}}^{{{node.size}}}", 1.75, True)

    def derivative(self, node: Derivative) -> Box:
        inner = self.print(node.of)
        if node.bracket:
            before = self.operator(node.by)
            sides = (r"\left[", r"\right]") if inner.tall else ("[", "]")
            return Box(f"{before.text}{sides[0]}{inner.text}{sides[1]}", before.width + inner.width + 1.2, True)
        return self.operator(node.by, inner)

    def operator(self, by: tuple[Letter, ...], of: Box | None = None) -> Box:
        """The fraction of a derivative: the function ``of`` above, if any, and the variables below."""
        below = Box("", 0)
        for variable in by:
            below = below + op(r"\partial", 0.6) + self.print(variable)
        order = f"^{len(by)}" if len(by) > 1 else ""
        above = op(rf"\partial{order}", 0.6 + 0.4 * bool(order))
        if of is not None:
            above += of
        return Box(rf"\frac{{{above.text}}}{{{below.text}}}", max(above.width, below.width) + 0.3, True)


def reaches(node: Node) -> bool:
    """Whether what follows a node would be read as part of it."""
    return isinstance(node, Big | Cases) or (isinstance(node, Call) and node.name in _BARE)


def plain(node: Node) -> bool:
    """Whether the argument of log needs no parentheses."""
    if isinstance(node, Power):
        return isinstance(node.base, Letter)  # log (x)^2 could be either
    return isinstance(node, Letter | Number | Fraction | Big | Exp | Derivative | Root)


def script(text: str) -> str:
    """An exponent, in braces where it is more than one character."""
    return text if len(text) == 1 else f"{{{text}}}"


def parens(box: Box) -> Box:
    if box.tall:
        return Box(rf"\left({box.text}\right)", box.width + 1.2, True)
    return Box(f"({box.text})", box.width + 0.8)


def is_long(node: Node) -> bool:
    """Whether a bracket holds a sum sign or a fraction."""
    return holds(node, Big) or holds(node, Fraction) or holds(node, Derivative)
