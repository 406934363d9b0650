"""The few marks of running text, read once; each format writes the pieces in its own way.

``$...$`` LaTeX, with \\ph (\\bph as a vector) for the predicted probability, \\pt (\\bpt) for a true distribution and
\\qm (\\bqm) for a model's: which letters these are is a matter of notation. ```code```, ``*emphasis*``, ``**strong**``,
``[#label]`` a reference to whatever has that label, ``[words](https://...)`` a link. A backslash before a mark takes
its meaning away.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

Style = Literal["text", "math", "code", "emphasis", "strong", "reference", "link"]


class MarkupError(ValueError):
    """A text has a mark that is opened and not closed, or a reference to a label that nothing has."""


@dataclass(frozen=True)
class Piece:
    """One run of a text. ``text`` is LaTeX for math, the label for a reference; ``target`` is the address of a link."""

    style: Style
    text: str
    target: str = ""


_PATTERN = re.compile(
    r"\\(?P<escaped>[$`*\[\\])"
    r"|\$(?P<math>[^$]+)\$"
    r"|`(?P<code>[^`]+)`"
    r"|\*\*(?P<strong>[^*]+)\*\*"
    r"|\*(?P<emphasis>[^*]+)\*"
    r"|\[#(?P<reference>[\w.-]+)\]"
    r"|\[(?P<link>[^\]]+)\]\((?P<target>https?://[^)\s]+)\)"
)
_STYLES = {"escaped": "text"}


@cache
def pieces(text: str) -> tuple[Piece, ...]:
    """A text as its pieces. Raises MarkupError for a mark without its partner."""
    found: list[Piece] = []
    position = 0
    for match in _PATTERN.finditer(text):
        found += _plain(text[position : match.start()], text)
        style = "link" if match["link"] else match.lastgroup or ""
        found.append(Piece(_STYLES.get(style, style), match[style], match["target"] or ""))  # type: ignore[arg-type]
        position = match.end()
    return (*found, *_plain(text[position:], text))


def _plain(run: str, text: str) -> list[Piece]:
    for mark in ("$", "`", "*", "[#"):
        if mark in run:
            raise MarkupError(f"the mark {mark!r} has no partner in: {text}")
    return [Piece("text", run)] if run else []
