"""NAME.md: a derivation as one Markdown file, for GitHub and for MkDocs Material.

Both read ``$...$`` and ``$$`` on lines of its own, but a Markdown parser sees the mathematics first. Therefore no
backslash stands before a punctuation mark (it would be taken for an escape), and no underscore can close an emphasis.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sympy import Expr

from symce.algebra.latex import latex
from symce.algebra.lines import latex_lines
from symce.algebra.matrix import matrix_derivative, matrix_form
from symce.documents.letters import Meaning
from symce.documents.prose import markdown_words
from symce.documents.view import Document, Item, Line
from symce.render import render

#: what a formula may take of a page, in em
PAGE = 44.0
_SPELLED = {
    r"\|": r"\Vert ",
    r"\,": r"\thinspace ",
    r"\{": r"\lbrace ",
    r"\}": r"\rbrace ",
    r"\\": r"\cr ",
    "<": r"\lt ",
    ">": r"\gt ",
}


def render_markdown(document: Document) -> str:
    """The text of NAME.md."""
    return render("markdown/document.md.jinja", **_Writer(document).values())


def math_for_markdown(text: str) -> str:
    """LaTeX that no Markdown parser changes on the way to the mathematics."""
    for plain, spelled in _SPELLED.items():
        text = text.replace(plain, spelled)
    return re.sub(r"(?<=\S)_\{", " _{", re.sub(r"  +", " ", text)).strip()


@dataclass(frozen=True)
class _Writer:
    document: Document

    def values(self) -> dict[str, object]:
        """What the template prints: Markdown, ready to stand where it is put."""
        d = self.document
        return {
            "name": d.name,
            "source": d.source,
            "title": markdown_words(d.title, math=False),
            "doc": markdown_words(d.doc),
            "reference": markdown_words(d.reference, math=False),
            "statement": self.equation(*d.statement) if d.statement else "",
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
                {"name": rule.name, "why": markdown_words(rule.why), "law": self.equation(*rule.law)}
                for rule in d.rules
            ],
        }

    def meaning(self, meaning: Meaning) -> str:
        letter = self.math(meaning.letter)
        if meaning.definition is not None:
            letter += f" = {self.math(meaning.definition)}"
        words = markdown_words(meaning.words)
        return f"${letter}$" + (f": {words}" if words else "")

    def item(self, item: Item) -> dict[str, object]:
        proof = item.proof
        derivative = matrix_derivative(proof.statement, self.document.symbols)
        form = derivative and matrix_form(proof.result, derivative[1], self.document.symbols)
        statement = self.equation(proof.statement, proof.result)
        return {
            "heading": item.heading,
            "title": markdown_words(item.title),
            "label": item.label,
            "assumptions": [
                {"law": f"{self.math(a.left)} = {self.math(a.right)}", "words": markdown_words(a.words)}
                for a in item.assumptions
            ],
            "statement": rf"\boxed{{{statement}}}" if item.boxed else statement,
            "matrix": math_for_markdown(f"{derivative[0]} = {form}") if derivative and form else "",
            "steps": [self.step(line, proof.statement, first=n == 0) for n, line in enumerate(item.lines)],
        }

    def step(self, line: Line, statement: Expr, *, first: bool) -> dict[str, object]:
        cited = self.document.items[line.cites] if line.cites else None
        left = self.math(statement) if first else ""
        return {
            "number": line.number,
            "rule": line.rule,
            "why": markdown_words(line.why),
            "cites": f"[{cited.heading}](#{cited.label})" if cited else "",
            "formula": self.aligned(left, line.expr),
        }

    def equation(self, left: Expr, right: Expr) -> str:
        return self.aligned(self.math(left), right)

    def aligned(self, left: str, right: Expr) -> str:
        lines = [math_for_markdown(line) for line in latex_lines(right, PAGE, self.document.symbols)]
        if len(lines) == 1:
            return f"{left} = {lines[0]}".strip()
        rows = r" \cr &\quad ".join(lines)
        return rf"\begin{{aligned}} {left} &= {rows} \end{{aligned}}"

    def math(self, expr: Expr) -> str:
        return math_for_markdown(latex(expr, self.document.symbols))
