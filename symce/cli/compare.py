"""What is on disk against what is derived; nothing is written."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from symce.cli.folders import KERNELS, PROOFS
from symce.cli.install import content, is_ours

State = Literal["same", "differs", "missing", "unexpected"]


@dataclass(frozen=True)
class Comparison:
    """One file: its path, its state, and what it holds on disk and should hold (None: there is none)."""

    path: str
    state: State
    found: str | None
    derived: str | None

    def diff(self) -> list[str]:
        """A unified diff from what is on disk to what is derived, without line ends; empty for equal files."""
        old = (self.found or "").splitlines(keepends=True)
        new = (self.derived or "").splitlines(keepends=True)
        before = "/dev/null" if self.found is None else f"a/{self.path}"
        after = "/dev/null" if self.derived is None else f"b/{self.path}"
        lines = []
        for line in difflib.unified_diff(old, new, before, after):
            lines.append(line.removesuffix("\n"))
            if not line.endswith("\n"):
                lines.append("\\ No newline at end of file")
        return lines


def compare(folder: Path, files: Mapping[str, str], *, whole: bool) -> list[Comparison]:
    """Every file in order of path. ``whole``: the files are all that should be there, so that any other file with
    symce's header is unexpected."""
    result = []
    for path, derived in files.items():
        found = content(folder / path)
        state: State = "missing" if found is None else "same" if found == derived.encode() else "differs"
        result.append(Comparison(path, state, _text(found), derived))
    if whole:
        result += [
            Comparison(path, "unexpected", _text(content(folder / path)), None)
            for path in _generated(folder)
            if path not in files
        ]
    return sorted(result, key=lambda c: c.path)


def _generated(folder: Path) -> Iterable[str]:
    """The files of symce's folders that carry its header."""
    for name in (PROOFS, KERNELS):
        for path in sorted((folder / name).rglob("*")):
            if path.is_file() and path.suffix != ".pyc" and is_ours(path):
                yield path.relative_to(folder).as_posix()


def _text(data: bytes | None) -> str | None:
    return None if data is None else data.decode(errors="replace")
