"""Writes a handout down: one block after another, each with the next number, every label known once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from sympy import Expr

from symce.algebra.letters import Symbols
from symce.derivation.model import Model
from symce.derivation.proof import Proof
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
from symce.documents.letters import DocumentError, Glossary, Meaning
from symce.documents.markup import pieces
from symce.documents.view import Item, Numbering, foundations, rules_of
from symce.figures.figure import Figure
from symce.handout.checks import Checks
from symce.handout.notation import SYMBOLS
from symce.handout.options import Options
from symce.kernel.kernel import Kernel
from symce.listings import Run
from symce.rules import Rule


@dataclass
class _Open:
    number: str
    label: str
    title: str
    level: int
    blocks: list[Block] = field(default_factory=list)


class Author:
    """Every method adds what its name says at the end of the current section.

    Statements are shown once: what a proof rests on comes before it by itself, where nothing showed it yet.
    """

    def __init__(self, options: Options, checks: Checks | None = None) -> None:
        self.options = options
        self.checks = checks
        self.numbering = Numbering()
        self.glossary = Glossary(None)
        self.items: dict[str, Item] = {}
        self._abstract: list[Block] = []
        self._sections: list[_Open] = []
        self._boxes: list[list[Block]] = []
        self._counts: dict[str, int] = {}
        self._symbols: dict[str, str] = dict(SYMBOLS[options.notation])

    # -- structure ----------------------------------------------------------------------------------------------------

    def section(self, label: str, title: str) -> None:
        self._counts["section"] = self._counts.get("section", 0) + 1
        self._counts["subsection"] = 0
        self._sections.append(_Open(str(self._counts["section"]), label, title, 1))

    def subsection(self, label: str, title: str) -> None:
        self._counts["subsection"] += 1
        number = f"{self._counts['section']}.{self._counts['subsection']}"
        self._sections.append(_Open(number, label, title, 2))

    def note(self, kind: Literal["note", "tip", "warning", "example"], title: str) -> _Box:
        """A box; what is written within ``with author.note(...):`` stands in it."""
        return _Box(self, kind, title)

    # -- text ---------------------------------------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """A paragraph, in the marks of documents.markup; line breaks of the source are spaces."""
        self._add(Paragraph(_one_line(text)))

    def bullets(self, *items: str, numbered: bool = False) -> None:
        self._add(Bullets(tuple(_one_line(i) for i in items), numbered))

    def table(
        self,
        label: str,
        caption: str,
        head: Sequence[str],
        rows: Sequence[Sequence[str]],
        numeric: Sequence[int] = (),
    ) -> None:
        if wrong := next((r for r in rows if len(r) != len(head)), None):
            raise DocumentError(f"table {label!r}: a row has {len(wrong)} cells and the head {len(head)}: {wrong}")
        cells = tuple(tuple(_one_line(c) for c in row) for row in rows)
        self._add(Table(self._next("table"), label, _one_line(caption), tuple(head), cells, tuple(numeric)))

    # -- mathematics --------------------------------------------------------------------------------------------------

    def loss(self, model: Model) -> None:
        """From here on the letters are those of this loss; what it is stands as a displayed formula."""
        seen = self.glossary.seen - {"L", "y", "q", "c", *(p.name for p in model.loss.params)}
        self.glossary = Glossary(model)
        self.glossary.seen = seen | {"L"}
        self._symbols |= {p.name: p.symbol for p in model.loss.params if p.symbol}
        label, definition = model.named.args
        self._add(Display(label, definition))
        meanings = self.glossary.introduce((), (label, definition))
        if meanings:
            self._add(Letters(meanings))

    def theorem(self, proof: Proof, *, scope: str = "", boxed: bool = False, unfolded: bool = True) -> None:
        """A statement with its proof; before it, what it rests on and the letters that are new."""
        for foundation in foundations((proof,)):
            if foundation.name not in self.items:
                self.theorem(foundation)
        meanings = self.glossary.introduce((proof,))
        if meanings:
            self._add(Letters(meanings))
        item = self.numbering.item(proof, scope=scope, boxed=boxed)
        self.items[item.label] = item
        checks = self.checks.of(scope, proof.name) if self.checks else ""
        self._add(Statement(item, unfolded, checks))

    def recall(self, label: str, *, boxed: bool = True) -> None:
        """The result of a statement that was shown, as a displayed formula."""
        if label not in self.items:
            raise DocumentError(f"nothing with the label {label!r} stands before the place that recalls it")
        self._add(Recall(self.items[label], boxed))

    def formula(self, left: str, *rows: str) -> None:
        """A chain of equalities in LaTeX."""
        self._add(Formula(left, rows))

    def display(self, left: Expr, right: Expr) -> None:
        meanings = self.glossary.introduce((), (left, right))
        self._add(Display(left, right))
        if meanings:
            self._add(Letters(meanings))

    def letters(self, meanings: Sequence[Meaning]) -> None:
        """What letters mean that no proof prints."""
        if meanings:
            self._add(Letters(tuple(meanings)))

    def laws(self, rules: Sequence[Rule]) -> None:
        """Rules with their laws and reasons, where none of a proof's steps names them."""
        self._add(Laws(tuple(rules)))

    # -- pictures and code --------------------------------------------------------------------------------------------

    def figure(self, figure: Figure) -> None:
        self._add(Picture(self._next("figure"), f"fig-{figure.name}", figure))

    def live(self, label: str, title: str, kernels: Sequence[Kernel]) -> None:
        self._add(Live(self._next("live"), label, title, tuple(kernels)))

    def run(self, run: Run, caption: str = "") -> None:
        """A listing that was run, with what it printed."""
        listing = run.listing
        self.code(f"lst-{listing.name}", caption or listing.title, listing.code, output=run.output)

    def code(
        self,
        label: str,
        caption: str,
        code: str,
        *,
        language: Literal["python", "toml", "javascript", "console"] = "python",
        output: str = "",
    ) -> None:
        self._add(
            Code(self._next("listing"), label, _one_line(caption), language, code.strip("\n"), output.rstrip("\n"))
        )

    # -- the end ------------------------------------------------------------------------------------------------------

    @property
    def symbols(self) -> Symbols:
        return self._symbols

    def handout(self, name: str, title: str, references: Sequence[str], command: str) -> Handout:
        """What was written, whole. Raises DocumentError for a label that is used twice or never given."""
        sections = tuple(Section(s.number, s.label, s.title, s.level, tuple(s.blocks)) for s in self._sections)
        result = Handout(
            name,
            self.options.title or title,
            self.options.author or "Derived, checked and drawn by symce",
            tuple(self._abstract),
            sections,
            rules_of(self.items.values()),
            tuple(references),
            dict(self._symbols),
            self.options.notation,
            command,
        )
        check_labels(result)
        return result

    def _add(self, block: Block) -> None:
        if self._boxes:
            self._boxes[-1].append(block)
        elif self._sections:
            self._sections[-1].blocks.append(block)
        else:
            self._abstract.append(block)

    def _next(self, kind: str) -> int:
        self._counts[kind] = self._counts.get(kind, 0) + 1
        return self._counts[kind]


@dataclass
class _Box:
    author: Author
    kind: Literal["note", "tip", "warning", "example"]
    title: str

    def __enter__(self) -> None:
        self.author._boxes.append([])

    def __exit__(self, *_: object) -> None:
        self.author._add(Note(self.kind, self.title, tuple(self.author._boxes.pop())))


def check_labels(handout: Handout) -> None:
    """Raise DocumentError for a label that two things have, and for a reference to one that nothing has."""
    known = [label for label, _ in handout.labelled]
    twice = [label for position, label in enumerate(known) if label in known[:position]]
    if twice:
        raise DocumentError(f"two things have the label {twice[0]!r}; a reference needs one")
    labels = set(known)
    for text in handout.texts:
        for piece in pieces(text):
            if piece.style == "reference" and piece.text not in labels:
                raise DocumentError(f"nothing has the label {piece.text!r} that is referred to in: {text}")


def _one_line(text: str) -> str:
    return " ".join(text.split())
