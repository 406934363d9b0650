"""What is wrong with a loss, where, and what would be right."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

#: how many characters of a long line are shown on each side of the caret
_BESIDE = 60


@dataclass(frozen=True)
class Source:
    """Where a text stands: a file (or ``<loss NAME>``), the line of its first character, and that character's column.

    ``field`` is the name of the text: value, logits, expected. Lines and columns count from 1.
    """

    file: str
    field: str
    text: str
    line: int = 1
    column: int = 1


class LossError(ValueError):
    """A loss that does not follow the grammar.

    ``file``, ``line`` and ``column`` say where; ``source_line`` is the line of the text that is at fault (shortened if
    long, and with what a terminal could not show as U+FFFD) and ``caret_line`` marks the place in it, both empty where
    the fault is not within a text; ``message`` says what is wrong and ``remedy`` what would be right. ``str`` gives it
    all.
    """

    def __init__(self, message: str, source: Source, offset: int | None = None, remedy: str = "") -> None:
        self.message = message
        self.source = source
        self.offset = offset
        self.remedy = remedy
        self.file = source.file
        before = source.text[: offset or 0]
        row = before.count("\n")
        within = len(before) - (before.rfind("\n") + 1)
        self.line = source.line + row
        self.column = within + (source.column if row == 0 else 1)
        self.source_line, self.caret_line = "", ""
        if offset is not None:
            self.source_line, self.caret_line = _excerpt(source.text.split("\n")[row], within)
        super().__init__(message, source, offset, remedy)

    def __str__(self) -> str:
        known = self.offset is not None or (self.source.line, self.source.column) != (1, 1)
        where = f"{self.file}:{self.line}:{self.column}" if known else self.file
        lines = [f"{where}: {self.source.field}: {self.message}" if self.source.field else f"{where}: {self.message}"]
        if self.offset is not None:
            lines += [f"    {self.source_line}", f"    {self.caret_line}"]
        if self.remedy:
            lines.append(f"  {self.remedy}")
        return "\n".join(lines)

    def within(self, text: str) -> LossError:
        """The same error, shown on its line of the file that holds the loss, of which ``text`` is the whole."""
        lines = text.split("\n")
        row = min(self.line, len(lines)) - 1
        offset = sum(len(line) + 1 for line in lines[:row]) + min(self.column - 1, len(lines[row]))
        return LossError(self.message, Source(self.file, self.source.field, text), offset, self.remedy)


def _excerpt(line: str, place: int) -> tuple[str, str]:
    """The part of a line around a place, as a terminal shows it, and a line with a caret under the place."""
    start, stop = max(0, place - _BESIDE), place + _BESIDE
    left, right = "..." if start else "", "..." if stop < len(line) else ""
    shown = "".join(map(_visible, line[start:stop]))
    return f"{left}{shown}{right}".rstrip(), " " * (len(left) + place - start) + "^"


def _visible(character: str) -> str:
    """The character if it takes one column of a terminal and does nothing else."""
    if character == "\t":
        return " "
    narrow = unicodedata.east_asian_width(character) not in ("W", "F") and not unicodedata.combining(character)
    return character if character.isprintable() and narrow else "\ufffd"
