"""Some sections of a handout, with the numbers that everything has in the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from symce.documents.blocks import Handout, Statement
from symce.documents.view import rules_of


class HandoutError(ValueError):
    """What was asked for is no part of the handout; the message says what there is."""


def only(handout: Handout, labels: Sequence[str]) -> Handout:
    """The handout with the sections of these labels (and their subsections), or the subsections of these.

    What they refer to in other sections keeps its name but is no link. Raises HandoutError for an unknown label.
    """
    known = {s.label: s for s in handout.sections}
    unknown = [label for label in labels if label not in known]
    if unknown:
        tops = ", ".join(s.label for s in handout.sections if s.level == 1)
        raise HandoutError(f"there is no section {unknown[0]!r}; the sections are: {tops}")
    numbers = {known[label].number for label in labels}
    kept = tuple(
        s
        for s in handout.sections
        if s.number in numbers or s.number.split(".")[0] in numbers or _holds(numbers, s.number)
    )
    part = replace(handout, sections=kept, abstract=())
    items = [block.item for block in part.blocks if isinstance(block, Statement)]
    elsewhere = {label: name for label, name in handout.labels.items() if label not in part.labels}
    return replace(part, rules=rules_of(items), elsewhere=elsewhere)


def _holds(numbers: set[str], number: str) -> bool:
    """Whether a section is the one that a chosen subsection stands in: its title comes with it."""
    return any(chosen.startswith(f"{number}.") for chosen in numbers)
