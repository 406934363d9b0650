"""What a check found, as data and as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    ``step`` is the number of the step (0: the statement; None: the document as a whole). A step that is false comes
    with ``where`` (K and the point), the values of the free ``indices``, and the values of the line before and of the
    line itself, to 30 digits.
    """

    message: str
    step: int | None = None
    rule: str = ""
    where: str = ""
    indices: Mapping[str, int] | None = None
    before: str = ""
    after: str = ""

    def text(self) -> str:
        """In words, with the values."""
        place = {None: "", 0: "the statement: "}.get(self.step, f"step {self.step} ({self.rule}): ")
        lines = [place + self.message]
        if self.where:
            at = ", ".join(f"{name} = {value}" for name, value in (self.indices or {}).items())
            lines.append(f"    at {self.where}" + (f", {at}" if at else ""))
        if self.before:
            lines += [f"    the line before: {self.before}", f"    this line:       {self.after}"]
        return "\n".join(lines)


@dataclass(frozen=True)
class Report:
    """The outcome for one proof.

    ``comparisons`` is how many pairs of values were compared, ``points`` where. ``excluded`` says at which points the
    proof has no value and why; ``needless`` names assumptions without which every step holds as well.
    """

    name: str
    problems: tuple[Problem, ...]
    comparisons: int
    points: tuple[str, ...]
    excluded: tuple[str, ...] = ()
    needless: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Nothing is wrong."""
        return not self.problems

    @property
    def first_false(self) -> Problem | None:
        """The first step whose value is not that of the line before, or None."""
        return next((p for p in self.problems if p.where), None)

    def text(self) -> str:
        """The report for people."""
        head = f"{self.name}: " + (
            f"holds ({self.comparisons} comparisons at {len(self.points)} points)"
            if self.ok
            else f"{len(self.problems)} problem{'s' if len(self.problems) > 1 else ''}"
        )
        lines = [head, *(f"  {line}" for p in self.problems for line in p.text().splitlines())]
        lines += [f"  not checked at {reason}" for reason in self.excluded]
        lines += [f"  every step holds without the assumption {a}, too" for a in self.needless]
        return "\n".join(lines)
