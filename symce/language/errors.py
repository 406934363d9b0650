"""What is wrong with a loss, where, and what would be right."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """Where a text stands: a file (or ``<loss NAME>``), the line of its first character, and that character's column.

    ``field`` is the name of the text: value, logits, expected.
    """

    file: str
    field: str
    text: str
    line: int = 1
    column: int = 1


class LossError(ValueError):
    """A loss that does not follow the grammar: file, line, column, the line with a caret, and the remedy."""

    def __init__(self, message: str, source: Source, offset: int | None = None, remedy: str = "") -> None:
        self.message = message
        self.remedy = remedy
        self.file = source.file
        before = source.text[: offset or 0]
        self.line = source.line + before.count("\n")
        within = len(before) - (before.rfind("\n") + 1)
        self.column = within + (source.column if "\n" not in before else 1)
        where = f"{self.file}:{self.line}:{self.column}" if offset is not None else self.file
        lines = [f"{where}: {source.field}: {message}" if source.field else f"{where}: {message}"]
        if offset is not None:
            shown = source.text.split("\n")[before.count("\n")]
            lines += [f"    {shown}", f"    {' ' * within}^"]
        if remedy:
            lines.append(f"  {remedy}")
        super().__init__("\n".join(lines))
