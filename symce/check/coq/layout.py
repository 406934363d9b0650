"""Text broken into lines of at most a given width: parts in a row, places where a line may end, groups.

A group is set on one line if it fits there; else every place that is directly in it ends a line. (Wadler, A prettier
printer.)
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Parts:
    """Parts in a row; ``indent`` is how much deeper the lines in it begin."""

    parts: tuple[Text, ...]
    grouped: bool = False
    indent: int = 0


@dataclass(frozen=True)
class Break:
    """A place where a line may end, a space if it does not; or where it always does."""

    always: bool = False


Text = str | Parts | Break

LINE = Break()
END = Break(always=True)

#: the lines of the texts are at most that long
WIDTH = 118


def cat(*parts: Text) -> Text:
    """The parts, one after the other."""
    return Parts(parts)


def group(*parts: Text) -> Text:
    """On one line, if there is room."""
    return Parts(parts, grouped=True)


def nest(*parts: Text, by: int = 2) -> Text:
    """What breaks in it is indented."""
    return Parts(parts, indent=by)


def brackets(inner: Text) -> Text:
    """In round brackets."""
    return group("(", nest(inner, by=1), ")")


#: how deep lines begin, whether the text is all on one line, the text
_Piece = tuple[int, bool, Text]


def layout(text: Text, width: int = WIDTH, indent: int = 0) -> str:
    """The text in lines of at most ``width`` characters, where that can be done."""
    out: list[str] = []
    column = indent
    stack: list[_Piece] = [(indent, False, text)]
    while stack:
        depth, flat, part = stack.pop()
        if isinstance(part, str):
            out.append(part)
            column += len(part)
        elif isinstance(part, Break):
            ends = part.always or not flat
            out.append("\n" + " " * depth if ends else " ")
            column = depth if ends else column + 1
        else:
            flat = flat or (part.grouped and _fits(width - column, part, stack))
            stack.extend((depth + part.indent, flat, p) for p in reversed(part.parts))
    return "".join(out)


def _fits(room: int, text: Text, rest: list[_Piece]) -> bool:
    """Whether a text fits in what is left of the line, with what follows it up to the next place that may end it."""
    stack: list[tuple[bool, Text]] = [(True, text)]
    following = len(rest)
    while room >= 0:
        if not stack:
            if not following:
                return True
            following -= 1
            stack.append(rest[following][1:])
        flat, part = stack.pop()
        if isinstance(part, str):
            room -= len(part)
        elif isinstance(part, Break):
            if part.always or not flat:
                return True
            room -= 1
        else:
            stack.extend((flat, p) for p in reversed(part.parts))
    return False
