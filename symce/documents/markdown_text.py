"""Running text in the dialects of Markdown: one text in the marks of markup.py, written so that each shows the same.

Dialects differ in how mathematics within a line is told from text, in what a backslash may stand before, and in how a
place of the same page is referred to. What they would read differently is written as an entity, which all read alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal

from symce.documents.blocks import Handout, Live
from symce.documents.letters import DocumentError
from symce.documents.markdown import math_for_markdown
from symce.documents.markup import Piece, pieces
from symce.documents.notation import expand
from symce.documents.prose import marked_words

#: how a formula within a line is written
_BARE, _TICKED = "${}$", "$`{}`$"
#: what would begin a numbered list
_ITEM = re.compile(r"^(?P<digits>\d+)(?P<mark>[.)])(?=\s|$)")


@dataclass(frozen=True)
class Dialect:
    """One reader's Markdown.

    ``template``: what lays its blocks out. ``math``: a formula within a line. ``reference``: a link to a label.
    ``dollar``: a dollar that is only a dollar. ``bar``: a bar in code in a cell of a table, where a bare one may end
    the cell. ``spelled``: what LaTeX the reader refuses, as patterns, and what stands for it.
    """

    name: Literal["mkdocs", "github", "myst", "notebook"]
    template: Literal["mkdocs", "myst", "details"]
    math: str = _BARE
    reference: str = "[{heading}](#{label})"
    dollar: str = "&#36;"
    bar: str = r"\|"
    spelled: Mapping[str, str] = field(default_factory=dict)

    def formula(self, latex: str) -> str:
        """A formula as this reader wants it, without delimiters."""
        for refused, instead in self.spelled.items():
            latex = re.sub(refused, instead, latex)
        return math_for_markdown(latex)


MKDOCS = Dialect("mkdocs", "mkdocs", bar="|")
#: GitHub refuses \operatorname; a formula in backticks is safe from its Markdown, whatever stands beside it.
GITHUB = Dialect(
    "github",
    "details",
    math=_TICKED,
    dollar="<span>$</span>",
    spelled={r"\\operatorname\{([^{}]*)\}": r"\\mathop{\\mathrm{\1}}"},
)
MYST = Dialect("myst", "myst", reference="{{ref}}`{heading} <{label}>`")
NOTEBOOK = Dialect("notebook", "details")


@dataclass(frozen=True)
class Words:
    """Writes the texts of a handout in a dialect."""

    dialect: Dialect
    handout: Handout

    def text(self, marked: str, *, cell: bool = False) -> str:
        """A text in marks as Markdown on one line; ``cell``: as a cell of a table.

        Raises DocumentError for a reference to what is not there.
        """
        return "".join(self.piece(piece, cell) for piece in _joined(pieces(marked)))

    def paragraph(self, marked: str) -> str:
        """A text that begins a line: its first letters are no mark of a list, a heading or a box."""
        text = self.text(marked)
        text = _ITEM.sub(lambda m: f"{m['digits']}&#{ord(m['mark'])};", text)
        return f"&#{ord(text[0])};{text[1:]}" if text and text[0] in "#+-=:!?/>|%~" else text

    def words(self, sentence: str) -> str:
        """A sentence of a rule or a loss: what is mathematics in it is found by itself."""
        return self.text(marked_words(sentence))

    def title(self, plain: str) -> str:
        """A title, which has no marks."""
        return self.escaped(" ".join(plain.split()))

    def alternative(self, marked: str) -> str:
        """A text for those who do not see the picture: words alone."""
        return self.escaped("".join(piece.text for piece in pieces(marked)))

    def reference(self, label: str) -> str:
        """A link to what has this label; the bare name of what a page cannot show or the handout has left out."""
        labels = self.handout.labels
        if label not in labels and label not in self.handout.elsewhere:
            raise DocumentError(f"nothing in the handout {self.handout.name!r} has the label {label!r}")
        heading = self.handout.name_of(label)
        if label not in labels or label in self._live:
            return heading
        return self.dialect.reference.format(heading=heading, label=label)

    def rule(self, name: str) -> str:
        """A link to a rule in the list of rules."""
        if self.dialect.name == "myst":
            return self.dialect.reference.format(heading=name, label=f"rule-{name}")
        return f"[{name}](#rule-{name})"

    @property
    def _live(self) -> set[str]:
        return {block.label for block in self.handout.blocks if isinstance(block, Live)}

    def piece(self, piece: Piece, cell: bool) -> str:
        match piece.style:
            case "math":
                formula = self.dialect.formula(expand(piece.text, self.handout.notation))
                return self.dialect.math.format(formula.replace("|", r"\vert ").strip() if cell else formula)
            case "code":
                return f"`{piece.text.replace('|', self.dialect.bar) if cell else piece.text}`"
            case "emphasis":
                return f"*{self.escaped(piece.text, cell=cell)}*"
            case "strong":
                return f"**{self.escaped(piece.text, cell=cell)}**"
            case "link":
                return f"[{self.escaped(piece.text, cell=cell)}]({piece.target})"
            case "reference":
                return self.reference(piece.text)
        return self.escaped(piece.text, cell=cell)

    def escaped(self, text: str, *, cell: bool = False) -> str:
        """Text of which no letter is a mark of Markdown."""
        text = re.sub(r"&(?=#?\w+;)", "&amp;", text)
        text = re.sub(r"[\\<~^{]|\](?=[(\[:])|\[(?=\^)|!(?=\[|$)", lambda m: f"&#{ord(m[0])};", text)
        text = re.sub(r"([`*_])", r"\\\1", text).replace("$", self.dialect.dollar)
        return text.replace("|", "&#124;") if cell else text


def _joined(run: Iterable[Piece]) -> Iterator[Piece]:
    """Formulas that touch as one: where two meet, the dollars would be those of a formula on a line of its own."""
    for style, same in groupby(run, key=lambda piece: piece.style):
        if style == "math":
            yield Piece("math", " ".join(piece.text for piece in same))
        else:
            yield from same
