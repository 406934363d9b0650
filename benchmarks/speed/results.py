"""What a run found, as it is kept: written after every cell, so that an interrupted run loses nothing it had."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.speed.peers import CONTESTANTS
from benchmarks.speed.shapes import Cell
from benchmarks.speed.timing import Timed

KINDS = {c.name: c.kind for c in CONTESTANTS}


class NotMeasured(Exception):
    """There is no such number; the message says why."""


class NotAsked(NotMeasured):
    """The run was not asked for it."""

    def __init__(self) -> None:
        super().__init__("not part of this run")


@dataclass
class Memory:
    """Peak extra bytes of contestants at a shape."""

    cell: Cell
    bytes: dict[str, int] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)


@dataclass
class Results:
    machine: dict[str, str]
    threads: int
    timed: list[Timed] = field(default_factory=list)
    memory: list[Memory] = field(default_factory=list)
    start: dict[str, float] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)  # sections that gave nothing, and why
    complete: bool = False

    def cell(self, section: str, loss: str, shape: tuple[int, int], dtype: str = "float32") -> Timed:
        """What was timed there. Raises NotMeasured."""
        for timed in self.timed:
            c = timed.cell
            if (c.section, c.loss, (c.rows, c.classes), c.dtype) == (section, loss, shape, dtype):
                return timed
        key = Cell(section, loss, *shape, dtype).key
        raise NotMeasured(self.absent[key]) if key in self.absent else NotAsked

    def section(self, section: str) -> list[Timed]:
        return [timed for timed in self.timed if timed.cell.section == section]

    def save(self, path: Path) -> None:
        """Write the file anew, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".part")
        fresh.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")
        os.replace(fresh, path)

    @classmethod
    def load(cls, path: Path) -> Results:
        raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        for field_, kind in (("timed", Timed), ("memory", Memory)):
            raw[field_] = [kind(**{**entry, "cell": Cell(**entry["cell"])}) for entry in raw[field_]]
        return cls(**raw)


def there(timed: Timed, name: str) -> str:
    """The name, if it was timed in the cell. Raises NotMeasured with the reason if not."""
    if name not in timed.samples:
        raise NotMeasured(timed.absent.get(name, f"{name} was not part of it"))
    return name


def fastest(timed: Timed, kind: str, but: str = "") -> str:
    """The fastest of a kind in a cell. Raises NotMeasured if none was there."""
    names = [n for n in timed.samples if KINDS.get(n) == kind and n != but]
    if not names:
        raise NotMeasured(f"no {kind} could be timed")
    return min(names, key=timed.median)
