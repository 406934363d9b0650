"""What a handout is made of, before any format: sections of blocks, numbered, with labels that texts refer to.

Texts are in the marks of markup.py. A format is one module that writes every kind of block; what a format cannot show
(a live figure on paper) it leaves out, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sympy import Expr

from symce.algebra.letters import Symbols
from symce.documents.letters import Meaning
from symce.documents.view import Item
from symce.figures.figure import Figure
from symce.kernel.kernel import Kernel
from symce.rules import Rule


@dataclass(frozen=True)
class Paragraph:
    """Running text."""

    text: str


@dataclass(frozen=True)
class Bullets:
    """A list; ``numbered`` where the order counts."""

    items: tuple[str, ...]
    numbered: bool = False


@dataclass(frozen=True)
class Letters:
    """What letters mean that the next statements use."""

    meanings: tuple[Meaning, ...]


@dataclass(frozen=True)
class Display:
    """A formula on a line of its own: ``left`` = ``right``, as a definition."""

    left: Expr
    right: Expr


@dataclass(frozen=True)
class Formula:
    """A chain of equalities in LaTeX, for what has no index form: ``left`` = each of ``rows``, one below the other."""

    left: str
    rows: tuple[str, ...]


@dataclass(frozen=True)
class Statement:
    """A theorem with its proof. ``unfolded``: the proof is shown at once where a format can hide it.

    ``checks``: a sentence on what checks it, or nothing.
    """

    item: Item
    unfolded: bool = True
    checks: str = ""


@dataclass(frozen=True)
class Recall:
    """The result of a theorem that stands elsewhere in the handout, as a displayed formula without its proof."""

    item: Item
    boxed: bool = True


@dataclass(frozen=True)
class Laws:
    """Rules that stand in the text: the name of each, its law as a formula, and why it holds or is followed."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Picture:
    """A figure with its caption."""

    number: int
    label: str
    figure: Figure

    @property
    def heading(self) -> str:
        return f"Figure {self.number}"


@dataclass(frozen=True)
class Table:
    """A table; every cell is a text. ``numeric`` are the columns (from 0) that are set flush right."""

    number: int
    label: str
    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[int, ...] = ()

    @property
    def heading(self) -> str:
        return f"Table {self.number}"


@dataclass(frozen=True)
class Code:
    """A listing, and what it printed ("" where it prints nothing)."""

    number: int
    label: str
    caption: str
    language: Literal["python", "toml", "javascript", "console"]
    code: str
    output: str = ""

    @property
    def heading(self) -> str:
        return f"Listing {self.number}"


@dataclass(frozen=True)
class Note:
    """A box beside the text: what precisely holds, what to beware of."""

    kind: Literal["note", "tip", "warning", "example"]
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Live:
    """A figure that moves: sliders for the logits, the target and the parameters of these losses. For pages alone."""

    number: int
    label: str
    title: str
    kernels: tuple[Kernel, ...]
    logits: tuple[float, ...] = (2.0, 1.0, 0.5)
    true_class: int = 0

    @property
    def heading(self) -> str:
        return f"Live figure {self.number}"


Block = (
    Paragraph | Bullets | Letters | Display | Formula | Statement | Recall | Laws | Picture | Table | Code | Note | Live
)


@dataclass(frozen=True)
class Section:
    """A section; ``level`` 1 for a section, 2 for a subsection. ``number``: 3 or 3.1."""

    number: str
    label: str
    title: str
    level: int
    blocks: tuple[Block, ...]

    @property
    def heading(self) -> str:
        return f"Section {self.number}"


@dataclass(frozen=True)
class Handout:
    """A whole handout.

    ``name`` is the stem of its files. ``abstract`` are texts before the first section. ``rules`` are those that the
    proofs name, in the order of their first use; ``references`` what is cited, as texts. ``symbols`` are the letters
    of its notation, for formulas. ``elsewhere`` names what is referred to but stands in a part of the handout that was
    not asked for: text, and no link.
    """

    name: str
    title: str
    author: str
    abstract: tuple[Block, ...]
    sections: tuple[Section, ...]
    rules: tuple[Rule, ...]
    references: tuple[str, ...]
    symbols: Symbols
    notation: Literal["hat-pi", "p"] = "hat-pi"
    command: str = "python -m symce handout"
    elsewhere: Mapping[str, str] = field(default_factory=dict)

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Every block in the order of the text; a box before what stands in it."""
        tops = [*self.abstract, *(b for s in self.sections for b in s.blocks)]
        return tuple(inner for top in tops for inner in _with_inner(top))

    @property
    def labelled(self) -> tuple[tuple[str, str], ...]:
        """(label, heading) of everything that a text may refer to: "Theorem 3", "Figure 2", "Section 4.1"."""
        found = [(s.label, s.heading) for s in self.sections]
        for block in self.blocks:
            if isinstance(block, Statement):
                found.append((block.item.label, block.item.heading))
            elif isinstance(block, Picture | Table | Code | Live):
                found.append((block.label, block.heading))
        return tuple(found)

    @property
    def labels(self) -> dict[str, str]:
        """What a reference to each label is called, of those that can be linked to."""
        return dict(self.labelled)

    def name_of(self, label: str) -> str:
        """What a reference to a label is called, here or elsewhere. Raises KeyError for a label that nothing has."""
        return self.labels.get(label) or self.elsewhere[label]

    @property
    def texts(self) -> tuple[str, ...]:
        """Every text that is in the marks of markup.py."""
        found: list[str] = list(self.references)
        for block in self.blocks:
            match block:
                case Paragraph(text):
                    found.append(text)
                case Bullets(items):
                    found += items
                case Table():
                    found += [block.caption, *block.head, *(cell for row in block.rows for cell in row)]
                case Code():
                    found.append(block.caption)
                case Picture():
                    found += [block.figure.caption, block.figure.alt]
        return tuple(found)


def _with_inner(block: Block) -> tuple[Block, ...]:
    if isinstance(block, Note):
        return (block, *(inner for b in block.blocks for inner in _with_inner(b)))
    return (block,)
