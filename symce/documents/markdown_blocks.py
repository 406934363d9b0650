"""Every block of a handout as Markdown: what is said is decided here, how a dialect lays it out in its template."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

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
from symce.documents.markdown import Formulas
from symce.documents.markdown_text import Dialect, Words
from symce.documents.notation import expand
from symce.documents.view import Item, Line
from symce.render import render
from symce.rules import Rule

Values = dict[str, object]
_LISTS = (Bullets, Letters)
#: a list that follows another would be taken for its continuation
_END_OF_LIST = "<!-- -->"


@dataclass(frozen=True)
class BlockWriter:
    """Writes blocks of one handout in one dialect; ``picture`` is where a picture lies."""

    dialect: Dialect
    handout: Handout
    picture: str = "figures/{name}.svg"

    @property
    def words(self) -> Words:
        return Words(self.dialect, self.handout)

    @property
    def formulas(self) -> Formulas:
        return Formulas(self.handout.symbols)

    def text(self, blocks: Sequence[Block], *, boxed: bool = False) -> str:
        """Blocks as Markdown, an empty line between two; ``boxed``: they stand in a box, where indentation counts.

        What only a page with scripts can show is left out.
        """
        shown = [b for b in blocks if not isinstance(b, Live)]
        written = [self.block(b, boxed) for b in shown]
        for n, (before, after) in enumerate(pairwise(shown), start=1):
            if isinstance(before, _LISTS) and isinstance(after, _LISTS):
                written[n] = f"{_END_OF_LIST}\n\n{written[n]}"
        return "\n\n".join(written)

    def block(self, block: Block, boxed: bool = False) -> str:
        """One block, without an empty line before or after it."""
        if isinstance(block, Laws):
            return self.rules(block.rules)
        return self.laid_out(self.values(block), boxed)

    def heading(self, section: Section) -> str:
        """The heading of a section, with the label that references lead to."""
        marks = "#" * (section.level + 1)
        title = f"{section.number} {self.words.title(section.title)}"
        return self.laid_out({"kind": "heading", "marks": marks, "title": title, "label": section.label})

    def rules(self, rules: Sequence[Rule]) -> str:
        """Rules, each with its law and why it holds."""
        return "\n\n".join(self.laid_out(self.rule(rule)) for rule in rules)

    def laid_out(self, block: Values, boxed: bool = False) -> str:
        values = {"dialect": self.dialect.name, "block": block, "boxed": boxed}
        return render(f"markdown/handout_{self.dialect.template}.md.jinja", **values).strip("\n")

    # -- what each block says -----------------------------------------------------------------------------------------

    def values(self, block: Block) -> Values:
        words = self.words
        match block:
            case Paragraph():
                return {"kind": "paragraph", "text": words.paragraph(block.text)}
            case Bullets():
                texts = [words.paragraph(item) for item in block.items]
                return {"kind": "bullets", "numbered": block.numbered, "entries": texts}
            case Letters():
                meanings = [
                    {"letter": self.spelled(self.formulas.letter(m)), "words": words.words(m.words)}
                    for m in block.meanings
                ]
                return {"kind": "letters", "meanings": meanings}
            case Display():
                return self.display(self.formulas.equation(block.left, block.right))
            case Formula():
                return self.display(_chain(*(expand(f, self.handout.notation) for f in (block.left, *block.rows))))
            case Recall():
                formula = self.formulas.result(block.item.proof, boxed=block.boxed)
                return self.display(rf"{formula} \tag{{{words.handout.name_of(block.item.label)}}}")
            case Statement():
                return {"kind": "statement", "unfolded": block.unfolded} | {
                    "checks": words.text(block.checks),
                    **self.item(block.item),
                }
            case Picture():
                file = self.picture.format(name=block.figure.name)
                alt = words.alternative(block.figure.alt)
                return {"kind": "picture", "file": file, "alt": alt, **self.caption(block, block.figure.caption)}
            case Table():
                return {
                    "kind": "table",
                    "head": _row([words.text(cell, cell=True) for cell in block.head]),
                    "columns": _row(["--:" if n in block.numeric else ":--" for n in range(len(block.head))]),
                    "rows": [_row([words.text(cell, cell=True) for cell in row]) for row in block.rows],
                    **self.caption(block, block.caption),
                }
            case Code():
                return {
                    "kind": "code",
                    "language": block.language,
                    "code": block.code,
                    "output": block.output,
                    "fence": fence("`", block.code, block.output),
                    **self.caption(block, block.caption),
                }
            case Note():
                inner = self.text(block.blocks, boxed=True)
                title = words.title(block.title)
                return {"kind": "note", "sort": block.kind, "title": title, "text": inner, "fence": fence(":", inner)}
            case Laws():
                raise TypeError("rules are several blocks of Markdown; write them with the method rules")
            case Live():
                raise TypeError("a live figure has no form in Markdown; leave it out")

    def display(self, formula: str) -> Values:
        return {"kind": "display", "formula": self.spelled(formula)}

    def caption(self, block: Picture | Table | Code, caption: str) -> Values:
        return {"heading": block.heading, "label": block.label, "caption": self.words.text(caption)}

    def item(self, item: Item) -> Values:
        proof, formulas, words = item.proof, self.formulas, self.words
        return {
            "label": item.label,
            "heading": item.heading,
            "title": words.words(re.sub(r"^[a-z](?=[a-z])", lambda m: m[0].upper(), item.title)),
            "sort": item.kind,
            "assumptions": [
                {
                    "law": self.spelled(f"{formulas.math(a.left)} = {formulas.math(a.right)}"),
                    "words": words.words(a.words),
                }
                for a in item.assumptions
            ],
            "statement": self.spelled(formulas.result(proof, boxed=item.boxed)),
            "matrix": self.spelled(formulas.matrix(proof)),
            "steps": [self.step(line, item, first=n == 0) for n, line in enumerate(item.lines)],
        }

    def step(self, line: Line, item: Item, *, first: bool) -> Values:
        cites = self.words.reference(line.cites) if line.cites else ""
        formula = self.spelled(self.formulas.step(line, item.proof.statement, first=first))
        rule = self.words.rule(line.rule) if line.rule else ""
        return {
            "rule": rule,
            "cites": cites,
            "why": self.words.words(line.why),
            "formula": rf"{formula} \tag{{{line.number}}}",
        }

    def rule(self, rule: Rule) -> Values:
        law = self.spelled(self.formulas.equation(*rule.law, rule.relation))
        return {"kind": "rule", "name": rule.name, "why": self.words.words(rule.why), "law": law}

    def spelled(self, formula: str) -> str:
        return self.dialect.formula(formula)


def fence(mark: str, *texts: str) -> str:
    """A run of marks that is longer than any at the beginning of a line of these texts, and at least three."""
    runs = [run for text in texts for run in re.findall(rf"^\s*({re.escape(mark)}+)", text, re.MULTILINE)]
    return mark * max(3, *(len(run) + 1 for run in runs), 3)


def _chain(left: str, *rows: str) -> str:
    if len(rows) == 1:
        return f"{left} = {rows[0]}"
    lines = r" \cr ".join(f"{left if n == 0 else ''} &= {row}" for n, row in enumerate(rows))
    return rf"\begin{{aligned}} {lines} \end{{aligned}}"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
