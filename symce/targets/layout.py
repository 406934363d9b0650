"""Python expressions as text with a precedence, and their layout in lines of at most 120 characters.

The layout follows ``ruff format``, so that generated code is formatted without a formatter at hand: a call breaks
between its arguments, a chain of operators before each operator.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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


def prefixed(sign: str, x: Text) -> Text:
    """The text with an operator before it, for its pieces too; the precedence stays."""
    if x.head or len(x.pieces) < 2:
        return Text(sign + x.text, x.precedence, sign + x.head if x.head else "", x.pieces)
    return Text(sign + x.text, x.precedence, pieces=(prefixed(sign, x.pieces[0]), *x.pieces[1:]))


def infix(left: Text, operator: str, right: Text, precedence: Precedence) -> Text:
    """A binary, left-associative operator; parentheses only where Python needs them."""
    a, b = left.within(precedence), right.within(Precedence(precedence + 1))
    first = a.pieces if a.precedence == precedence and not a.head and len(a.pieces) > 1 else (a,)
    return Text(f"{a.text} {operator} {b.text}", precedence, pieces=(*first, prefixed(f"{operator} ", b)))


def lines(prefix: str, expression: Text, indent: int, suffix: str = "", *, operand: bool = False) -> list[str]:
    """``prefix expression suffix`` in lines of at most WIDTH characters, indented by ``indent`` spaces.

    ``operand``: the expression already stands within brackets, so that a chain may break without new ones.
    """
    pad, inner = " " * indent, " " * (indent + 4)
    whole = f"{pad}{prefix}{expression.text}{suffix}"
    if len(whole) <= WIDTH or not expression.pieces:
        return [whole]
    leaves = list(_leaves(expression))
    bracketed = bool(leaves[0].pieces or leaves[-1].pieces)
    pair = len(expression.pieces) == 2 and bracketed and not operand
    if len(expression.pieces) == 1 or expression.head or (pair and _one_line_within(leaves, indent)):
        return _within_brackets(prefix, leaves, indent, suffix)
    if operand:
        broken = [line for piece in expression.pieces for line in lines("", piece, indent, operand=True)]
        return [f"{pad}{prefix}{broken[0][indent:]}", *broken[1:-1], broken[-1] + suffix]
    if len(inner) + len(expression.text) <= WIDTH:
        return [f"{pad}{prefix}(", inner + expression.text, f"{pad}){suffix}"]
    return [f"{pad}{prefix}(", *lines("", expression, indent + 4, operand=True), f"{pad}){suffix}"]


def _one_line_within(leaves: Sequence[Text], indent: int) -> bool:
    """Whether a call before a plain operand is broken to one line of arguments; else ruff sets brackets around both."""
    if leaves[-1].pieces or not leaves[0].head:
        return True
    return indent + 4 + len(", ".join(piece.text for piece in leaves[0].pieces)) <= WIDTH


def _leaves(expression: Text) -> Iterator[Text]:
    """The operands of a chain and of the chains in it, from left to right, each with the operator before it."""
    if expression.head or len(expression.pieces) < 2:
        yield expression
    else:
        for piece in expression.pieces:
            yield from _leaves(piece)


def _within_brackets(prefix: str, leaves: Sequence[Text], indent: int, suffix: str) -> list[str]:
    """Operands side by side, broken within their own brackets alone, as ruff does for one operator beside a call."""
    done: list[str] = []
    current = " " * indent + prefix
    for n, leaf in enumerate(leaves):
        current += " " if n else ""
        following = " " + leaves[n + 1].text if n + 1 < len(leaves) else suffix
        if n + 1 < len(leaves) and leaves[n + 1].pieces:
            following = following.partition("(")[0] + "("
        if not leaf.pieces or len(current + leaf.text + following) <= WIDTH:
            current += leaf.text
            continue
        done.append(current + leaf.text.partition("(")[0] + "(")
        done += arguments(leaf.pieces, indent + 4) if leaf.head else lines("", leaf.pieces[0], indent + 4, operand=True)
        current = " " * indent + ")"
    return [*done, current + suffix]


def arguments(args: Sequence[Text], indent: int) -> list[str]:
    """The arguments of a broken call or definition: on one line if they fit, else each on a line of its own."""
    together = " " * indent + ", ".join(a.text for a in args)
    if len(together) <= WIDTH:
        return [together]
    return [line for a in args for line in lines("", a, indent, ",", operand=True)]


def definition(name: str, args: Sequence[str], result: str = "", indent: int = 0) -> str:
    """The first lines of a function: ``def name(args) -> result:``."""
    suffix = f" -> {result}:" if result else ":"
    return "\n".join(lines("def ", call(name, *args), indent, suffix))
