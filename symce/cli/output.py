"""Terminal, pipe or machine: results go to standard output, progress and errors to standard error.

A terminal gets colours, tables and a bar; a pipe plain lines, of any length and without control characters; ``--json``
one document and nothing else.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

T = TypeVar("T")


def console(*, stderr: bool = False) -> Console:
    """A console on the stream as it is now; nothing in a text is taken for markup or given a colour by itself."""
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=True)


def say(text: str = "", style: str = "") -> None:
    """A line of the result. Where the stream lacks a character of it, that one is shown as ``?``."""
    _print(text, style, stderr=False)


def tell(text: str, style: str = "") -> None:
    """A line beside the result: progress, a note, an error."""
    _print(text, style, stderr=True)


def _print(text: str, style: str, *, stderr: bool) -> None:
    stream = sys.stderr if stderr else sys.stdout
    encoding = getattr(stream, "encoding", None) or "utf-8"
    console(stderr=stderr).print(Text(text.encode(encoding, "replace").decode(encoding), style=style), soft_wrap=True)


def speaks_unicode() -> bool:
    """Whether standard output has the letters of a formula: not under an ASCII or Latin-1 locale."""
    try:
        "π̂ⱼ − Σₖ ∂ℒ".encode(sys.stdout.encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def say_json(document: Any) -> None:
    """One JSON document on standard output; ASCII alone, so that no locale can break it."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False) + "\n")
    sys.stdout.flush()


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[str] = ()) -> None:
    """A table: on a terminal fitted to its width, in a pipe one line a row, columns aligned, nothing cut.

    ``right`` names the columns of numbers.
    """
    cells = [[*row] for row in rows]
    out = console()
    if out.is_terminal:
        grid = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
        for heading in headings:
            grid.add_column(heading, justify="right" if heading in right else "left", overflow="fold")
        for row in cells:
            grid.add_row(*(Text(cell) for cell in row))
        out.print(grid, soft_wrap=False)
        return
    widths = [max(map(cell_len, column)) for column in zip(headings, *cells, strict=True)]
    for row in ([*headings], *cells):
        line = ""
        for heading, cell, width in zip(headings, row, widths, strict=True):
            space = " " * (width - cell_len(cell))  # a combining mark, as the hat of p, takes no column
            line += f"{space}{cell}  " if heading in right else f"{cell}{space}  "
        say(line.rstrip())


@contextmanager
def steps(quiet: bool = False) -> Iterator[Steps]:
    """Progress of a command. ``quiet`` (for ``--json``) shows a bar on a terminal all the same, but no lines."""
    err = console(stderr=True)
    if not err.is_terminal:
        yield Steps(None, quiet)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as progress:
        yield Steps(progress, quiet)


class Steps:
    """Says what is being worked on: a bar on a terminal, a line a stage in a pipe."""

    def __init__(self, progress: Progress | None, quiet: bool) -> None:
        self._progress = progress
        self._quiet = quiet
        self._task: TaskID | None = None

    def over(self, stage: str, items: Sequence[T], names: Iterable[str]) -> Iterator[T]:
        """The items, one after the other, with the name of the one that is worked on."""
        if not items:
            return
        self._begin(f"{stage} ({len(items)})" if self._progress is None else stage, len(items))
        for item, name in zip(items, names, strict=True):
            if self._progress is not None and self._task is not None:
                self._progress.update(self._task, description=f"{stage} {name}")
            yield item
            if self._progress is not None and self._task is not None:
                self._progress.advance(self._task)

    def stage(self, what: str) -> None:
        """A stage of unknown length begins."""
        self._begin(what, None)

    def _begin(self, what: str, total: int | None) -> None:
        if self._progress is None:
            if not self._quiet:
                tell(what)
            return
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = self._progress.add_task(what, total=total)
