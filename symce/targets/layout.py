"""Python expressions as text with a precedence, and their layout in lines of at most 120 characters.

The layout follows ``ruff format``, so that generated code is formatted without a formatter at hand: a call breaks
between its arguments, a chain of operators before each operator.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

WIDTH = 120


class Precedence(IntEnum):
    """How tightly an expression binds in Python; an operand that binds more loosely needs parentheses."""

    CONDITIONAL = 1
    AND = 2
    NOT = 3
    COMPARISON = 4
    BITWISE_AND = 5
    SUM = 6
    PRODUCT = 7
    UNARY = 8
    POWER = 9
    ATOM = 10


@dataclass(frozen=True)
class Text:
    """An expression on one line, with the pieces that it may be broken into.

    A call has ``head`` (``np.where``) and the arguments in ``pieces``; a chain of operators has the operands in
    ``pieces``, each but the first with its operator before it.
    """

    text: str
    precedence: Precedence = Precedence.ATOM
    head: str = ""
    pieces: tuple[Text, ...] = ()

    def within(self, least: Precedence) -> Text:
        """The expression as an operand of an operator that needs at least this precedence."""
        if self.precedence >= least:
            return self
        return Text(f"({self.text})", pieces=(self,))


def call(head: str, *args: Text | str) -> Text:
    """A call of ``head``; keyword arguments are given as text."""
    pieces = tuple(a if isinstance(a, Text) else Text(a) for a in args)
    return Text(f"{head}({', '.join(p.text for p in pieces)})", head=head, pieces=pieces)


def infix(left: Text, operator: str, right: Text, precedence: Precedence) -> Text:
    """A binary, left-associative operator; parentheses only where Python needs them."""
    a, b = left.within(precedence), right.within(Precedence(precedence + 1))
    first = a.pieces if a.precedence == precedence and not a.head and len(a.pieces) > 1 else (a,)
    last = Text(f"{operator} {b.text}", b.precedence, f"{operator} {b.head}" if b.head else "", b.pieces)
    return Text(f"{a.text} {operator} {b.text}", precedence, pieces=(*first, last))


def lines(prefix: str, expression: Text, indent: int, suffix: str = "", *, operand: bool = False) -> list[str]:
    """``prefix expression suffix`` in lines of at most WIDTH characters, indented by ``indent`` spaces.

    ``operand``: the expression already stands within brackets, so that a chain may break without new ones.
    """
    pad, inner = " " * indent, " " * (indent + 4)
    whole = f"{pad}{prefix}{expression.text}{suffix}"
    if len(whole) <= WIDTH or not expression.pieces:
        return [whole]
    if expression.head:
        return [f"{pad}{prefix}{expression.head}(", *arguments(expression.pieces, indent + 4), f"{pad}){suffix}"]
    if len(expression.pieces) == 1:  # parentheses
        body = lines("", expression.pieces[0], indent + 4, operand=True)
        operator = expression.text.partition("(")[0]
        return [f"{pad}{prefix}{operator}(", *body, f"{pad}){suffix}"]
    if operand:
        broken = [line for piece in expression.pieces for line in lines("", piece, indent, operand=True)]
        return [f"{pad}{prefix}{broken[0][indent:]}", *broken[1:-1], broken[-1] + suffix]
    if len(inner) + len(expression.text) <= WIDTH:
        return [f"{pad}{prefix}(", inner + expression.text, f"{pad}){suffix}"]
    return [f"{pad}{prefix}(", *lines("", expression, indent + 4, operand=True), f"{pad}){suffix}"]


def arguments(args: Sequence[Text], indent: int) -> list[str]:
    """The arguments of a broken call or definition: on one line if they fit, else each on a line of its own."""
    together = " " * indent + ", ".join(a.text for a in args)
    if len(together) <= WIDTH:
        return [together]
    return [line for a in args for line in lines("", a, indent, ",", operand=True)]


def definition(name: str, args: Sequence[str], result: str = "") -> str:
    """The first lines of a function: ``def name(args) -> result:``."""
    suffix = f" -> {result}:" if result else ":"
    return "\n".join(lines("def ", call(name, *args), 0, suffix))
