"""Listings in LaTeX: coloured by Pygments' lexers, broken where a line is too long, any letter in its column.

The lines stand in fancyvrb's ``Verbatim`` with a backslash and braces as its ``commandchars``: these are LaTeX's,
whatever else is itself.
"""

from __future__ import annotations

from itertools import groupby

from pygments import lex
from pygments.lexers import get_lexer_by_name
from pygments.token import Token, _TokenType

from symce.documents.prose import latex_words
from symce.documents.tex.text import graphemes, math_of

#: what is coloured alike; the first that a token belongs to counts
_CLASSES: tuple[tuple[_TokenType, str], ...] = (
    (Token.Comment, "comment"),
    (Token.Literal.String, "string"),
    (Token.Literal.Number, "number"),
    (Token.Keyword, "keyword"),
    (Token.Operator.Word, "keyword"),
    (Token.Name.Function, "name"),
    (Token.Name.Class, "name"),
    (Token.Name.Decorator, "name"),
    (Token.Name.Builtin, "builtin"),
    (Token.Generic.Prompt, "comment"),
    (Token.Generic.Output, "output"),
)
_SPECIAL = {
    "\\": r"\codebackslash{}",
    "{": r"\codeopen{}",
    "}": r"\codeclose{}",
    "'": r"\straightquote{}",
    "`": r"\straightbacktick{}",
}
#: how far the rest of a broken line is set in, beyond the line itself
HANG = 4
Char = tuple[str, str]


def code_lines(code: str, language: str, columns: int) -> list[str]:
    """Lines for a Verbatim, none longer than ``columns``. ``language`` is a name of Pygments, or "" for plain text.

    Raises pygments.util.ClassNotFound for a language without a lexer.
    """
    return [_written(line) for whole in _lines(code, language) for line in _broken(whole, columns)]


def widest(code: str) -> int:
    """How many columns the longest line takes."""
    return max((len(graphemes(line)) for line in code.expandtabs(4).splitlines()), default=0)


def _lines(code: str, language: str) -> list[list[Char]]:
    """The characters of every line, each with its class."""
    code = code.expandtabs(4)
    tokens = lex(code, get_lexer_by_name(language, stripnl=False)) if language else [(Token.Text, code)]
    lines: list[list[Char]] = [[]]
    for kind, text in tokens:
        name = next((name for group, name in _CLASSES if kind in group), "")
        for position, part in enumerate(text.split("\n")):
            if position:
                lines.append([])
            lines[-1] += [(name, ch) for ch in graphemes(part)]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _broken(line: list[Char], columns: int) -> list[list[Char]]:
    """A line as one or more, broken at a space where there is one; what goes on is set in and marked."""
    indent = next((n for n, (_, ch) in enumerate(line) if ch != " "), 0)
    hang = min(indent + HANG, columns // 2)
    result: list[list[Char]] = []
    rest, room = line, columns
    while len(rest) > room:
        spaces = [n for n in range(room // 2, room + 1) if rest[n][1] == " "]
        cut = spaces[-1] if spaces else room
        result.append(rest[:cut])
        rest = rest[cut + 1 :] if spaces else rest[cut:]
        room = columns - hang
    result.append(rest)
    return [result[0], *([*_mark(hang), *part] for part in result[1:])]


def _mark(hang: int) -> list[Char]:
    return [("", " ")] * (hang - 2) + [("wrap", ""), ("", " ")]


def _written(line: list[Char]) -> str:
    text = ""
    for name, chars in groupby(line, key=lambda c: c[0]):
        run = "".join(_char(ch) for _, ch in chars)
        if name == "wrap":
            text += r"\codewrap{}"
        elif name and run.strip():
            text += rf"\code{name}{{{run}}}"
        else:
            text += run
    return text


def _char(ch: str) -> str:
    if ch in _SPECIAL:
        return _SPECIAL[ch]
    if mathematics := math_of(ch):
        return rf"\codeglyph{{{mathematics}}}"
    if ch.isascii():
        return ch if ch.isprintable() else " "
    return rf"\codeglyph{{{_accented(ch)}}}"


def _accented(ch: str) -> str:
    """A letter with an accent as it is; what no font of LaTeX has as a box, so that the columns stay."""
    words = latex_words(ch, math=False)
    return words if "U+" not in words else r"\codebox{}"
