"""Every block of a handout as the values that templates/html/blocks.html.jinja lays out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sympy import Expr

from symce.algebra.latex import latex
from symce.derivation.proof import Relation
from symce.documents import html_live, mathml
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
from symce.documents.html_text import code, escape, reference, text
from symce.documents.letters import Meaning
from symce.documents.notation import expand
from symce.documents.prose import marked_words
from symce.documents.tex.formulas import SIGNS, Formulas
from symce.documents.view import Item, Line
from symce.figures import svg
from symce.rules import Rule

#: what a formula may take of the column, in em, and of that what a step leaves to its number
COLUMN, NUMBER = 34.5, 4.0

Values = dict[str, object]


@dataclass(frozen=True)
class Writer:
    """Blocks of one handout as values. Raises DocumentError for what the handout refers to and does not have."""

    handout: Handout

    def section(self, section: Section) -> Values:
        level = section.level + 1
        return {
            "label": section.label,
            "number": section.number,
            "title": escape(section.title),
            "level": level,
            "blocks": self.blocks(section.blocks, level),
        }

    def blocks(self, blocks: Sequence[Block], level: int) -> list[Values]:
        """``level`` is that of the heading above: headings within begin one deeper."""
        return [self.block(block, level) for block in blocks]

    def block(self, block: Block, level: int) -> Values:
        match block:
            case Paragraph():
                return {"kind": "paragraph", "text": self.text(block.text)}
            case Bullets():
                return {"kind": "bullets", "numbered": block.numbered, "entries": [self.text(i) for i in block.items]}
            case Letters():
                return {"kind": "letters", "meanings": [self.meaning(m) for m in block.meanings]}
            case Display():
                return self.display(self.equation(block.left, "=", block.right))
            case Formula():
                return self.display(self.chain(block))
            case Recall():
                return self.display(self.statement(block.item), block.boxed, reference(block.item.label, self.handout))
            case Statement():
                return {"kind": "statement", "level": level + 1, "unfolded": block.unfolded} | {
                    "checks": self.text(block.checks),
                    **self.item(block.item),
                }
            case Laws(rules):
                return {"kind": "laws", "rules": [self.rule(rule) for rule in rules]}
            case Picture():
                themes = [(theme, self.picture(block, theme)) for theme in ("light", "dark")]
                return {"kind": "picture", "themes": themes, **self.caption(block, block.figure.caption)}
            case Table():
                return {
                    "kind": "table",
                    "head": [self.text(cell) for cell in block.head],
                    "rows": [[self.text(cell) for cell in row] for row in block.rows],
                    "numeric": set(block.numeric),
                    **self.caption(block, block.caption),
                }
            case Code():
                return {
                    "kind": "code",
                    "code": code(block.code, block.language),
                    "output": escape(block.output),
                    **self.caption(block, block.caption),
                }
            case Note():
                values = {"kind": "note", "sort": block.kind, "title": escape(block.title)}
                return {**values, "blocks": self.blocks(block.blocks, level)}
            case Live():
                live = html_live.values(block, self.handout)
                return {"kind": "live", "level": level + 1, "title": escape(block.title), **live, **self.labels(block)}

    def display(self, formula: str, boxed: bool = False, source: str = "") -> Values:
        return {"kind": "display", "formula": formula, "boxed": boxed, "source": source}

    # -- statements and their proofs ----------------------------------------------------------------------------------

    def item(self, item: Item) -> Values:
        matrix = self.formulas.matrix(item.proof)
        return {
            "label": item.label,
            "heading": item.heading,
            "title": self.words(re.sub(r"^[a-z](?=[a-z])", lambda m: m[0].upper(), item.title)),
            "sort": item.kind,
            "boxed": item.boxed,
            "assumptions": [
                {"law": mathml.inline(f"{self.latex(a.left)} = {self.latex(a.right)}"), "words": self.words(a.words)}
                for a in item.assumptions
            ],
            "statement": self.statement(item),
            "matrix": mathml.display(matrix) if matrix else "",
            "left": mathml.display(self.latex(item.proof.statement)),
            "steps": [self.step(line) for line in item.lines],
        }

    def statement(self, item: Item) -> str:
        return self.equation(item.proof.statement, item.proof.relation, item.proof.result)

    def step(self, line: Line) -> Values:
        return {
            "number": line.number,
            "formula": self.right(line.relation, line.expr),
            "rule": line.rule,
            "why": self.words(line.why),
            "cites": reference(line.cites, self.handout) if line.cites else "",
        }

    def rule(self, rule: Rule) -> Values:
        return {
            "name": rule.name,
            "why": self.words(rule.why),
            "law": self.equation(rule.law[0], rule.relation, rule.law[1]),
        }

    def meaning(self, meaning: Meaning) -> Values:
        if meaning.definition is None:
            formula = mathml.inline(self.latex(meaning.letter))
        else:
            formula = self.equation(meaning.letter, "=", meaning.definition)
        return {"formula": formula, "defined": meaning.definition is not None, "words": self.words(meaning.words)}

    # -- formulas -----------------------------------------------------------------------------------------------------

    @property
    def formulas(self) -> Formulas:
        return Formulas(self.handout.symbols, COLUMN)

    def equation(self, left: Expr, relation: Relation, right: Expr) -> str:
        """left = right as MathML, over several lines where it is long."""
        return mathml.display(self.formulas.equation(left, right, COLUMN, relation))

    def chain(self, block: Formula) -> str:
        """A chain of equalities that is given as LaTeX, one row below the other."""
        if len(block.rows) == 1:
            return mathml.display(self.expand(f"{block.left} = {block.rows[0]}"))
        rows = r" \\ ".join(f"{block.left if n == 0 else ''} &= {row}" for n, row in enumerate(block.rows))
        return mathml.display(self.expand(rf"\begin{{aligned}} {rows} \end{{aligned}}"))

    def right(self, relation: Relation, expr: Expr) -> str:
        """The line of a step: a relation, and what stands after it."""
        first, *rest = self.formulas.lines(expr, COLUMN - NUMBER)
        if not rest:
            return mathml.display(f"{SIGNS[relation]} {first}")
        rows = r" \\ &\quad ".join([f"{SIGNS[relation]} & {first}", *rest])
        return mathml.display(rf"\begin{{aligned}} {rows} \end{{aligned}}")

    def latex(self, expr: Expr) -> str:
        return latex(expr, self.handout.symbols)

    def expand(self, math: str) -> str:
        return expand(math, self.handout.notation)

    # -- texts --------------------------------------------------------------------------------------------------------

    def text(self, marked: str) -> str:
        return text(marked, self.handout)

    def words(self, sentence: str) -> str:
        """A sentence of a rule or a loss: what is mathematics in it is found by itself."""
        return self.text(marked_words(sentence))

    def caption(self, block: Picture | Table | Code, caption: str) -> Values:
        return {"caption": self.text(caption), **self.labels(block)}

    def labels(self, block: Picture | Table | Code | Live) -> Values:
        return {"label": block.label, "heading": block.heading}

    def picture(self, block: Picture, theme: str) -> str:
        return svg(block.figure, notation=self.handout.notation, theme="dark" if theme == "dark" else "light")
