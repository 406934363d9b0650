"""The seed of the project, a chapter of lecture notes, as a list of its elements: what docs/seed.md accounts for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

SEED = Path(__file__).with_name("cross-entropy.md")


@dataclass(frozen=True)
class Element:
    """``line`` counts from 1; ``kind``: heading, equation, table, code, drawing, note, item or text."""

    line: int
    kind: str
    text: str


def elements() -> list[Element]:
    """Every element of the seed but rules and blank lines."""
    lines = SEED.read_text(encoding="utf-8").splitlines()
    found: list[Element] = []
    position = 0
    while position < len(lines):
        line = lines[position]
        position += 1
        start = position
        if not line.strip() or line.strip() == "---":
            continue
        if line.startswith("```"):
            body = []
            while not lines[position].startswith("```"):
                body.append(lines[position])
                position += 1
            position += 1
            found.append(
                Element(start, "code" if line.strip("`").strip() else "drawing", " ".join(" ".join(body).split()))
            )
        elif line.startswith("$$"):
            body = [line]
            while not (body[-1].rstrip().endswith("$$") and (len(body) > 1 or len(line.strip()) > 2)):
                body.append(lines[position])
                position += 1
            found.append(Element(start, "equation", " ".join(" ".join(body).strip("$ ").split())))
        elif line.startswith("|"):
            body = [line]
            while position < len(lines) and lines[position].startswith("|"):
                body.append(lines[position])
                position += 1
            found.append(Element(start, "table", " ".join(body)))
        elif line.startswith("!!!"):
            body = [line]
            while position < len(lines) and lines[position].startswith("    "):
                body.append(lines[position].strip())
                position += 1
            found.append(Element(start, "note", " ".join(body)))
        elif line.startswith("#"):
            found.append(Element(start, "heading", line.lstrip("# ")))
        elif re.match(r"(- |\d+\. )", line):
            found.append(Element(start, "item", re.sub(r"^(- |\d+\. )", "", line)))
        else:
            found.append(Element(start, "text", line))
    return found
