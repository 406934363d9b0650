"""NAME.md: a derivation as one Markdown file, for GitHub and for MkDocs Material; and formulas as Markdown wants them.

Both read ``$...$`` and ``$$`` on lines of its own, but a Markdown parser sees the mathematics first. Therefore no
backslash stands before a punctuation mark (it would be taken for an escape), and no underscore can close an emphasis.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sympy import Expr

from symce.algebra.latex import latex
from symce.algebra.letters import Symbols
from symce.algebra.lines import latex_lines
from symce.algebra.matrix import matrix_derivative, matrix_form
from symce.derivation.proof import Proof, Relation
from symce.documents.letters import Meaning
from symce.documents.prose import markdown_words
from symce.documents.view import Document, Item, Line
from symce.render import render

#: what a formula may take of a page, in em
PAGE = 44.0
_SPELLED = {
    r"\|": r"\Vert ",
    r"\,": r"\thinspace ",
    r"\!": r"\negthinspace ",
    r"\:": r"\mspace{4mu} ",
    r"\;": r"\mspace{5mu} ",
    r"\{": r"\lbrace ",
    r"\}": r"\rbrace ",
    r"\\": r"\cr ",
    "<": r"\lt ",
    ">": r"\gt ",
}
_SIGNS: dict[Relation, str] = {"=": "=", "<=": r"\le", ">=": r"\ge"}


def render_markdown(document: Document) -> str:
    """The text of NAME.md."""
    return render("markdown/document.md.jinja", **_Writer(document).values())


def math_for_markdown(text: str) -> str:
    """LaTeX that no Markdown parser changes on the way to the mathematics."""
    # GitHub refuses \operatorname
    text = re.sub(r"\\operatorname\{([^{}]*)\}", r"\\mathop{\\mathrm{\1}}", text)
    text = re.sub(r"\\.|[<>]", lambda m: _SPELLED.get(m[0], m[0]), text)
    return re.sub(r"(?<=\S)_\{", " _{", re.sub(r"  +", " ", text)).strip()


@dataclass(frozen=True)
class Formulas:
    """Writes formulas for Markdown with the letters of ``symbols``; one formula, however long, is one line of text."""

    symbols: Symbols

    def math(self, expr: Expr) -> str:
        """An expression on one line of the page."""
        return math_for_markdown(latex(expr, self.symbols))

    def equation(self, left: Expr, right: Expr, relation: Relation = "=") -> str:
        """left = right (or at most, or at least), over several lines of the page where it is long."""
        return self.aligned(self.math(left), right, relation)

    def aligned(self, left: str, right: Expr, relation: Relation = "=") -> str:
        """As ``equation``, with a left side that is LaTeX already; "" for a line that goes on from the one before."""
        sign = _SIGNS[relation]
        lines = [math_for_markdown(line) for line in latex_lines(right, PAGE, self.symbols)]
        if len(lines) == 1:
            return f"{left} {sign} {lines[0]}".strip()
        rows = r" \cr &\quad ".join(lines)
        return rf"\begin{{aligned}} {left} &{sign} {rows} \end{{aligned}}"

    def letter(self, meaning: Meaning) -> str:
        """A letter, with its definition where it has one."""
        letter = self.math(meaning.letter)
        return letter if meaning.definition is None else f"{letter} = {self.math(meaning.definition)}"

    def result(self, proof: Proof, *, boxed: bool) -> str:
        """What a proof shows: its statement and what it was found to be."""
        statement = self.equation(proof.statement, proof.result, proof.relation)
        return rf"\boxed{{{statement}}}" if boxed else statement

    def matrix(self, proof: Proof) -> str:
        """The result as vectors and matrices; "" where it has no customary form."""
        derivative = matrix_derivative(proof.statement, self.symbols)
        form = derivative and matrix_form(proof.result, derivative[1], self.symbols)
        return math_for_markdown(f"{derivative[0]} {_SIGNS[proof.relation]} {form}") if derivative and form else ""

    def step(self, line: Line, statement: Expr, *, first: bool) -> str:
        """One line of a proof; the first has the statement on its left."""
        return self.aligned(self.math(statement) if first else "", line.expr, line.relation)


@dataclass(frozen=True)
class _Writer:
    document: Document

    @property
    def formulas(self) -> Formulas:
        return Formulas(self.document.symbols)

    def values(self) -> dict[str, object]:
        """What the template prints: Markdown, ready to stand where it is put."""
        d = self.document
        return {
            "name": d.name,
            "source": d.source,
            "title": markdown_words(d.title, math=False),
            "doc": markdown_words(d.doc),
            "reference": markdown_words(d.reference, math=False),
            "statement": self.formulas.equation(*d.statement) if d.statement else "",
            "meanings": [self.meaning(m) for m in d.meanings],
            "parts": [
                {
                    "title": markdown_words(part.title, math=False),
                    "meanings": [self.meaning(m) for m in part.meanings],
                    "entries": [self.item(i) for i in part.items],
                }
                for part in d.parts
            ],
            "rules": [
                {
                    "name": rule.name,
                    "why": markdown_words(rule.why),
                    "law": self.formulas.equation(*rule.law, rule.relation),
                }
                for rule in d.rules
            ],
        }

    def meaning(self, meaning: Meaning) -> str:
        words = markdown_words(meaning.words)
        return f"${self.formulas.letter(meaning)}$" + (f": {words}" if words else "")

    def item(self, item: Item) -> dict[str, object]:
        proof, formulas = item.proof, self.formulas
        return {
            "heading": item.heading,
            "title": markdown_words(item.title),
            "label": item.label,
            "assumptions": [
                {"law": f"{formulas.math(a.left)} = {formulas.math(a.right)}", "words": markdown_words(a.words)}
                for a in item.assumptions
            ],
            "statement": formulas.result(proof, boxed=item.boxed),
            "matrix": formulas.matrix(proof),
            "steps": [self.step(line, proof.statement, first=n == 0) for n, line in enumerate(item.lines)],
        }

    def step(self, line: Line, statement: Expr, *, first: bool) -> dict[str, object]:
        cited = self.document.items[line.cites] if line.cites else None
        return {
            "number": line.number,
            "rule": line.rule,
            "why": markdown_words(line.why),
            "cites": f"[{cited.heading}](#{cited.label})" if cited else "",
            "formula": self.formulas.step(line, statement, first=first),
        }
