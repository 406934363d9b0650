"""Every block of a handout as what a LaTeX template prints: values alone, no layout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

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
    Statement,
    Table,
)
from symce.documents.notation import expand
from symce.documents.prose import latex_words
from symce.documents.tex.code import code_lines, widest
from symce.documents.tex.formulas import Formulas
from symce.documents.tex.tables import columns
from symce.documents.tex.text import Texts, plain
from symce.documents.view import Item
from symce.rules import Rule

Values = dict[str, object]
#: what "(Theorem 12)" takes beside a formula, in em
TAG = 8.0
#: where the figures of a handout lie, beside its .tex
FOLDER = "figures"


@dataclass(frozen=True)
class Page:
    """What fits on a page: ``width`` of the text in em; sizes of code with the columns that a line then has.

    A box takes ``padding`` em of its content's width. Tables of more than ``rows`` rows are broken over pages.
    """

    width: float
    code: tuple[tuple[str, int], ...]
    padding: float
    rows: int

    @property
    def boxed(self) -> Page:
        """The page as it is within a box."""
        narrower = tuple((size, int(count * (1 - self.padding / self.width))) for size, count in self.code)
        return replace(self, width=self.width - self.padding, code=narrower)


def laws(rules: Sequence[Rule], formulas: Formulas, width: float) -> list[dict[str, str]]:
    """Rules as a template prints them: each with its name, its law at most ``width`` em wide, and why it holds."""
    return [
        {
            "name": rule.name,
            "why": latex_words(rule.why),
            "law": formulas.equation(*rule.law, width, rule.relation),
        }
        for rule in rules
    ]


@dataclass(frozen=True)
class Blocks:
    """Writes the blocks of a handout for a page. ``link`` as in Texts; ``box`` within a note.

    ``counters`` are where LaTeX's own counters are: a handout of some sections has the numbers of the whole, and a
    counter must jump where what comes before is not there.
    """

    handout: Handout
    page: Page
    link: Literal["hyperref", "hyperlink"]
    box: bool = False
    counters: dict[str, int] = field(default_factory=dict)

    @cached_property
    def texts(self) -> Texts:
        live = frozenset(b.label for b in self.handout.blocks if isinstance(b, Live))
        elsewhere = self.handout.elsewhere
        names = {**elsewhere, **self.handout.labels}
        return Texts(names, live | elsewhere.keys(), self.handout.notation, self.link)

    @cached_property
    def formulas(self) -> Formulas:
        return Formulas(self.handout.symbols, self.page.width)

    @cached_property
    def within(self) -> Blocks:
        """The writer of what stands in a box."""
        return Blocks(self.handout, self.page.boxed, self.link, box=True, counters=self.counters)

    def jump(self, counter: str, number: int, last: int | None = None) -> int | None:
        """What to set a counter to so that its next value is ``number``; None where it is there by itself.

        ``last`` is the last number that is given then, where several are given at once.
        """
        before = self.counters.get(counter, 0)
        self.counters[counter] = number if last is None else last
        return number - 1 if before != number - 1 else None

    def values(self, block: Block) -> Values:
        """One block, its kind under "block"; {} for a live figure, which paper cannot show."""
        match block:
            case Paragraph(text):
                return {"block": "paragraph", "text": self.texts.text(text)}
            case Bullets(items, numbered):
                return {"block": "bullets", "numbered": numbered, "items": [self.texts.text(i) for i in items]}
            case Letters(meanings):
                return {"block": "letters", "meanings": [self.formulas.meaning(m) for m in meanings]}
            case Display(left, right):
                return {"block": "display", "formula": self.formulas.equation(left, right, self.page.width)}
            case Formula(left, rows):
                words = [expand(part, self.handout.notation) for part in (left, *rows)]
                return {"block": "display", "formula": self.formulas.chain(words[0], words[1:])}
            case Statement(item, checks=checks):
                return {**self.statement(item), "checks": self.texts.text(checks)}
            case Recall():
                return self.recall(block)
            case Laws(rules):
                return {"block": "laws", "rules": laws(rules, self.formulas, self.page.width)}
            case Picture():
                return self.picture(block)
            case Table():
                return self.table(block)
            case Code():
                return self.code(block)
            case Note(kind, title, blocks):
                inner = [v for v in map(self.within.values, blocks) if v]
                return {"block": "note", "kind": kind, "title": plain(title), "blocks": inner}
        return {}

    def statement(self, item: Item) -> Values:
        numbers = [line.number for line in item.lines]
        return {
            "block": "statement",
            "number": item.number,
            "jump": self.jump("theorem", item.number),
            "jump_equation": self.jump("equation", numbers[0], numbers[-1]) if numbers else None,
            **self.formulas.item(item, self.handout.labels, self.handout.elsewhere),
        }

    def recall(self, block: Recall) -> Values:
        formula = self.formulas.result(block.item.proof, self.page.width - TAG)
        return {
            "block": "recall",
            "formula": rf"\boxed{{{formula}}}" if block.boxed else formula,
            "source": self.texts.reference(block.item.label),
        }

    def picture(self, block: Picture) -> Values:
        return {
            "block": "picture",
            "number": block.number,
            "jump": self.jump("figure", block.number),
            "label": block.label,
            "file": f"{FOLDER}/{block.figure.name}.pdf",
            "title": plain(block.figure.title),
            "caption": self.texts.text(block.figure.caption),
            "box": self.box,
        }

    def table(self, block: Table) -> Values:
        layout = columns(block, self.page.width * 1.08, self.texts.labels)  # tables are set in a smaller size
        return {
            "block": "table",
            "number": block.number,
            "jump": self.jump("table", block.number),
            "label": block.label,
            "caption": self.texts.text(block.caption),
            "preamble": layout.preamble,
            "head": [self.texts.text(cell) for cell in block.head],
            "rows": [[self.texts.text(cell) for cell in row] for row in block.rows],
            "heights": list(layout.heights),
            "long": sum(layout.heights) > self.page.rows and not self.box,
            "box": self.box,
        }

    def code(self, block: Code) -> Values:
        size, room = self.size(block.code)
        return {
            "block": "code",
            "number": block.number,
            "jump": self.jump("listing", block.number),
            "label": block.label,
            "caption": self.texts.text(block.caption),
            "size": size,
            "lines": code_lines(block.code, block.language, room),
            "output": self.output(block.output),
        }

    def output(self, text: str) -> Values | None:
        """What a listing printed; None where it printed nothing."""
        if not text:
            return None
        size, room = self.size(text)
        return {"size": size, "lines": code_lines(text, "", room)}

    def size(self, code: str) -> tuple[str, int]:
        """The largest size in which the longest line fits; the smallest, and its lines are broken, where none does."""
        longest = widest(code)
        return next(((size, room) for size, room in self.page.code if longest <= room), self.page.code[-1])
