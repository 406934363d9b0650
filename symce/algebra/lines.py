"""Long formulas broken over lines: at the outermost plus or minus first, then within a bracket, then between factors.

LaTeX's own ``\\left( ... \\right)`` cannot be broken, so the brackets that are open at a break have a fixed size.
"""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Expr

from symce.algebra.latex import DOT, Box, Printer, is_long
from symce.algebra.letters import Symbols
from symce.algebra.presentation import Big, Derivative, Dot, Fraction, Node, Number, Terms, Times
from symce.algebra.reading import read

#: how far a line after the first is set in, in em
INDENT = 2.0


NOTHING = Box("", 0)


@dataclass(frozen=True)
class Piece:
    """What is not broken; ``sign`` is shown where the line breaks before the piece (a product needs one then)."""

    box: Box
    sign: Box = NOTHING


def latex_lines(expr: Expr, width: float, symbols: Symbols | None = None) -> list[str]:
    """An expression as one or more lines of LaTeX, none wider than ``width`` em as far as it can be broken at all."""
    breaker = _Breaker(Printer(symbols), width)
    lines: list[Box] = []
    for piece in breaker.pieces(read(expr)):
        limit = width - (INDENT if len(lines) > 1 else 0)
        if lines and lines[-1].width + piece.box.width <= limit:
            lines[-1] += piece.box
        else:
            lines.append(piece.sign + piece.box if lines else piece.box)
    return [line.text for line in lines]


@dataclass(frozen=True)
class _Breaker:
    printer: Printer
    width: float

    def pieces(self, node: Node) -> list[Piece]:
        box = self.printer.print(node)
        if box.width <= self.width - 2 * INDENT:
            return [Piece(box)]
        match node:
            case Terms(terms):
                return self.terms(terms)
            case Times(factors):
                return self.factors(factors)
            case Dot(left, right):
                after = self.operand(right, last=True)
                return [*self.operand(left, last=False), Piece(DOT + after[0].box), *after[1:]]
            case Fraction(top, bottom) if isinstance(top, Terms | Times):
                rest = top.factors if isinstance(top, Times) else (top,)
                return self.factors((Fraction(Number("1"), bottom), *rest))
            case Big(_, _, body):
                inner = self.bracket(body) if isinstance(body, Terms) else self.pieces(body)
                return self.prefixed(self.printer.big(node), inner)
            case Derivative(of, by, True):
                return self.prefixed(self.printer.operator(by), self.bracket(of, "[", "]"))
        return [Piece(box)]

    def terms(self, terms: tuple[tuple[bool, Node], ...]) -> list[Piece]:
        result: list[Piece] = []
        for position, (minus, term) in enumerate(terms):
            inner = self.pieces(term) if not isinstance(term, Terms) else self.bracket(term)
            result += self.prefixed(self.printer.sign(minus, first=position == 0), inner)
        return result

    def factors(self, factors: tuple[Node, ...]) -> list[Piece]:
        result: list[Piece] = []
        for position, factor in enumerate(factors):
            first, *rest = self.operand(factor, last=position == len(factors) - 1)
            result += [Piece(first.box, DOT if position else NOTHING), *rest]
        return result

    def operand(self, node: Node, *, last: bool) -> list[Piece]:
        box = self.printer.factor(node, last=last)
        if box.width <= self.width - 2 * INDENT:
            return [Piece(box)]
        if isinstance(node, Terms | Dot) or (isinstance(node, Big) and not last):
            return self.bracket(node)
        return self.pieces(node)

    def bracket(self, node: Node, left: str = "(", right: str = ")") -> list[Piece]:
        size = "bigg" if is_long(node) else "big"
        inner = self.prefixed(Box(rf"\{size}l{left}", 0.7), self.pieces(node))
        last = inner[-1]
        return [*inner[:-1], Piece(last.box + Box(rf"\{size}r{right}", 0.7), last.sign)]

    def prefixed(self, prefix: Box, pieces: list[Piece]) -> list[Piece]:
        first, *rest = pieces
        return [Piece(prefix + first.box, first.sign), *rest]
