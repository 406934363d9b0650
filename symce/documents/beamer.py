"""NAME-slides.tex of a handout: beamer frames, one statement or figure each; running text is kept as speaker's notes.

How much fits on a frame is estimated here: steps of a proof, lines of code, rows of a table, lines of a note. LaTeX
then measures, and scales down what is too large after all: nothing leaves a frame.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any, TypeVar

from symce.documents.blocks import (
    Block,
    Bullets,
    Code,
    Display,
    Formula,
    Handout,
    Laws,
    Letters,
    Live,
    Note,
    Paragraph,
    Picture,
    Recall,
    Section,
    Statement,
    Table,
)
from symce.documents.handout_latex import rules
from symce.documents.pictures import pictures
from symce.documents.tex.blocks import Blocks, Page, Values, laws
from symce.documents.tex.heights import formula_height
from symce.documents.tex.tables import text_width
from symce.documents.tex.text import plain
from symce.render import render

#: beamer at 16:9 and 10 pt, with margins of 9 mm
PAGE = Page(width=38.5, code=(("footnotesize", 88), ("scriptsize", 99), ("tiny", 135)), padding=2.0, rows=13)
#: lines of code on a frame, by size
CODE_ROWS = {"footnotesize": 18, "scriptsize": 21, "tiny": 28}
#: what a frame holds below its title, and a line of text, in pt
FRAME, TEXT = 200.0, 13.0
#: lines of text in a note's box
NOTE_ROWS = 11.0
#: with up to so many letters, what they mean stands below the statement that uses them
FEW_LETTERS = 3
LAW = 25.0
T = TypeVar("T")
#: what one frame holds beside other things; the rest has frames of its own
_Light = Paragraph | Bullets | Letters | Display | Formula | Recall


def files(handout: Handout) -> Mapping[str, bytes]:
    """NAME-slides.tex and the figures that it shows, by their paths below the folder in which they are to be written.

    Raises FigureError where Matplotlib is missing.
    """
    return {f"{handout.name}-slides.tex": render_slides(handout).encode(), **pictures(handout, "pdf")}


def render_slides(handout: Handout) -> str:
    """The text of NAME-slides.tex."""
    blocks = Blocks(handout, PAGE, "hyperlink")
    several = sum(section.level == 1 for section in handout.sections) > 1
    opening = _Frames(blocks, plain(handout.title))
    opening.write(handout.abstract)
    sections = []
    for section in handout.sections:
        frames = _Frames(blocks, plain(section.title))
        frames.write(section.blocks)
        sections.append(_section(section, frames, alone=not several))
    used = rules(handout, LAW)
    return render(
        "latex/slides.tex.jinja",
        command=handout.command,
        title=plain(handout.title),
        author=plain(handout.author),
        opening=opening.frames,
        opening_notes=opening.notes,
        contents=several,
        sections=sections,
        rules=_counted(used, [_law_height(rule) for rule in used], FRAME),
        references=_counted(
            [blocks.texts.text(r) for r in handout.references],
            [TEXT * int(text_width(r, blocks.texts.labels) / PAGE.width + 1) + 3 for r in handout.references],
            FRAME,
        ),
    )


def _section(section: Section, frames: _Frames, *, alone: bool) -> Values:
    # a subsection starts with its first frame, if it has one, for it is often short
    opened = (section.level == 1 and not alone) or not frames.frames
    if not opened:
        frames.frames[0]["anchor"] = section.label
    return {
        "opened": opened,
        "command": "section" if section.level == 1 else "subsection",
        "number": section.number,
        "title": plain(section.title),
        "label": section.label,
        "frames": frames.frames,
        "notes": frames.notes,  # what no frame came after
    }


@dataclass
class _Frames:
    """Puts the blocks of a section on frames. ``title`` is that of frames whose content has none."""

    blocks: Blocks
    title: str
    frames: list[Values] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    waiting: list[_Light] = field(default_factory=list)

    def write(self, blocks: Sequence[Block]) -> None:
        for block in blocks:
            match block:
                case Paragraph(text):
                    self.notes.append(self.blocks.texts.text(text))
                case Bullets() | Letters() | Display() | Formula() | Recall():
                    self.waiting.append(block)
                case Statement():
                    self.statement(block)
                case Laws():
                    self.flush()
                    self.laws(block)
                case Picture():
                    self.flush()
                    self.add("picture", **self.blocks.values(block))
                case Table():
                    self.flush()
                    self.table(block)
                case Code():
                    self.flush()
                    self.code(block)
                case Note():
                    self.flush()
                    self.note(block)
                case Live():
                    pass
        self.flush()

    def add(self, frame: str, **values: object) -> None:
        """One more frame; the texts so far are what the speaker says to it."""
        self.frames.append({"frame": frame, "anchor": "", "speech": self.notes, **values})
        self.notes = []

    def flush(self) -> None:
        """A frame of what waited for company."""
        light = [part for block in self.waiting for part in self.split(block, FRAME / TEXT)]
        self.waiting = []
        for number, count, part in _numbered(light, [self.rows(b) for b in light], FRAME / TEXT):
            blocks = [self.blocks.values(b) for b in part]
            self.add("content", title=self.title, part=number, parts=count, blocks=blocks)

    def statement(self, block: Statement) -> None:
        where: list[str] = []
        last = self.waiting[-1] if self.waiting else None
        if isinstance(last, Letters) and len(last.meanings) <= FEW_LETTERS:
            self.waiting.pop()
            where = [self.blocks.formulas.meaning(m) for m in last.meanings]
        self.flush()
        values = self.blocks.values(block)
        self.add("statement", heading=block.item.heading, where=where, **values)
        steps = _list(values.pop("steps"))
        for number, count, part in _numbered(steps, [_step_height(s) for s in steps], FRAME):
            self.add("proof", heading=block.item.heading, **{**values, "steps": part, "part": number, "parts": count})

    def laws(self, block: Laws) -> None:
        """Rules with their reasons, as many on a frame as fit."""
        entries = laws(block.rules, self.blocks.formulas, LAW)
        heights = [_law_height(law) + TEXT * int(0.42 * len(law["why"]) / PAGE.width + 1) for law in entries]
        for number, count, part in _numbered(entries, heights, FRAME):
            self.add("laws", title=self.title, rules=part, part=number, parts=count)

    def table(self, block: Table) -> None:
        values = self.blocks.values(block)
        heights = _list(values["heights"])
        for number, count, part in _numbered(_list(values["rows"]), heights, PAGE.rows):
            self.add("table", **{**values, "rows": part, "part": number, "parts": count})

    def code(self, block: Code) -> None:
        values = self.blocks.values(block)
        pages = [[_box("listing", values["size"], c)] for c in _pages(_list(values["lines"]), str(values["size"]))]
        output = values.pop("output")
        if isinstance(output, dict):
            more = [[_box("output", output["size"], c)] for c in _pages(_list(output["lines"]), str(output["size"]))]
            if _together(pages[-1][0], more[0][0]):
                pages[-1] += more.pop(0)
            pages += more
        for number, boxes in enumerate(pages, start=1):
            self.add("code", **{**values, "boxes": boxes, "part": number, "parts": len(pages)})

    def note(self, block: Note) -> None:
        """A box on as many frames as its text needs; what stands in it and has frames of its own comes in its order."""
        light: list[_Light] = []
        outer, self.title = self.title, plain(block.title)
        for inner in block.blocks:
            if isinstance(inner, Paragraph | Bullets | Letters | Display | Formula | Recall):
                light += self.split(inner, NOTE_ROWS)
            elif not isinstance(inner, Live):
                self.box(block, light)
                light = []
                self.write([inner])
        self.box(block, light)
        self.title = outer

    def box(self, block: Note, light: list[_Light]) -> None:
        for number, count, part in _numbered(light, [self.rows(b) for b in light], NOTE_ROWS):
            values = [self.blocks.within.values(b) for b in part]
            self.add("note", kind=block.kind, title=plain(block.title), part=number, parts=count, blocks=values)

    def split(self, block: _Light, rows: float) -> list[_Light]:
        """A list that is too long for a frame, an entry each; anything else as it is."""
        if isinstance(block, Bullets) and not block.numbered and self.rows(block) > rows:
            return [Bullets((item,)) for item in block.items]
        if isinstance(block, Letters) and self.rows(block) > rows:
            return [Letters((meaning,)) for meaning in block.meanings]
        return [block]

    def rows(self, block: _Light) -> float:
        """About how many lines of a frame a block takes."""
        width = PAGE.boxed.width
        match block:
            case Paragraph(text):
                return 0.5 + int(self.width(text) / width + 1)
            case Bullets(items):
                return 0.5 + sum(int(self.width(i) / (width - 2) + 1) for i in items)
            case Letters(meanings):
                return 0.5 + sum(1.2 if m.definition is None else 2.5 for m in meanings)
            case Formula(_, rows):
                return 2.8 * len(rows) + 0.5
        return 3.5

    def width(self, text: str) -> float:
        return text_width(text, self.blocks.texts.labels)


def _numbered(things: Sequence[T], heights: Sequence[float], most: float) -> Iterator[tuple[int, int, list[T]]]:
    """Things in their order in parts that are at most ``most`` high (if no single thing is higher), of even heights.

    Each part with its number, from 1, and how many there are.
    """
    parts = _parts(things, heights, most)
    if len(parts) > 1:  # as many parts, the last one not nearly empty
        even = sum(heights) / len(parts)
        while len(evened := _parts(things, heights, even)) > len(parts):
            even = min(most, even * 1.05)
        parts = evened
    for number, part in enumerate(parts, start=1):
        yield number, len(parts), part


def _parts(things: Sequence[T], heights: Sequence[float], most: float) -> list[list[T]]:
    parts: list[list[T]] = []
    height = most
    for thing, own in zip(things, heights, strict=True):
        if not parts or height + own > most:
            parts.append([])
            height = 0.0
        parts[-1].append(thing)
        height += own
    return parts


def _counted(things: Sequence[T], heights: Sequence[float], most: float) -> list[Values]:
    return [{"part": n, "parts": count, "entries": part} for n, count, part in _numbered(things, heights, most)]


def _step_height(step: Values) -> float:
    """About how high a step is on a frame, in pt."""
    reason = 0.45 * (len(str(step["rule"])) + len(str(step["why"])))
    return 10 * int(reason / PAGE.width + 1) + sum(formula_height(str(n)) + 3 for n in _list(step["lines"])) + 6


def _law_height(rule: Mapping[str, str]) -> float:
    """About how high the line of a rule's name and law is, in pt."""
    return max(TEXT, formula_height(rule["law"])) + 5


def _pages(lines: list[str], size: str) -> list[list[str]]:
    """Lines of code on frames, about as many on each: broken at an empty line where one is near."""
    most = CODE_ROWS[size]
    pages: list[list[str]] = []
    rest = lines
    while len(rest) > most:
        even = ceil(len(rest) / ceil(len(rest) / most))
        empty = [n for n in range(3 * even // 4, most + 1) if not rest[n].strip()]
        cut = min(empty, key=lambda n: abs(n - even)) if empty else even
        pages.append(rest[:cut])
        rest = rest[cut:]
        while rest and not rest[0].strip():
            rest = rest[1:]
    return [*pages, rest] if rest else pages


def _box(what: str, size: object, lines: list[str]) -> Values:
    return {"what": what, "size": size, "lines": lines}


def _together(code: Values, output: Values) -> bool:
    """Whether a listing and what it printed fit on one frame."""
    used = [(len(_list(box["lines"])) + 1.5) / CODE_ROWS[str(box["size"])] for box in (code, output)]
    return sum(used) <= 1


def _list(value: object) -> list[Any]:
    assert isinstance(value, list)
    return value
