"""NAME.tex: a derivation as a LaTeX article that compiles by itself, with numbered steps and named rules."""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Expr

from symce.algebra.latex import Printer, latex
from symce.algebra.lines import latex_lines
from symce.algebra.matrix import matrix_derivative, matrix_form
from symce.algebra.reading import read
from symce.documents.letters import Meaning
from symce.documents.prose import latex_words
from symce.documents.view import Document, Item, Line
from symce.render import render

#: the width of the text in em, less what an equation's number needs
PAGE, NUMBER = 40.0, 4.0
#: what the law of a rule may take of the page, beside the rule's name
LAW = 27.0


def render_latex(document: Document) -> str:
    """The text of NAME.tex."""
    return render("latex/document.tex.jinja", **_Writer(document).values())


@dataclass(frozen=True)
class _Writer:
    document: Document

    def values(self) -> dict[str, object]:
        """What the template prints: LaTeX, ready to stand where it is put."""
        d = self.document
        return {
            "name": d.name,
            "source": d.source,
            "title": latex_words(d.title, math=False),
            "doc": latex_words(d.doc),
            "reference": latex_words(d.reference, math=False),
            "statement": self.equation(*d.statement, PAGE) if d.statement else "",
            "meanings": [self.meaning(m) for m in d.meanings],
            "parts": [
                {
                    "title": latex_words(part.title, math=False),
                    "meanings": [self.meaning(m) for m in part.meanings],
                    "entries": [self.item(i) for i in part.items],
                }
                for part in d.parts
            ],
            "rules": [
                {
                    "name": rule.name,
                    "why": latex_words(rule.why),
                    "law": self.equation(*rule.law, LAW, indent=False),
                }
                for rule in d.rules
            ],
        }

    def meaning(self, meaning: Meaning) -> str:
        letter, words = self.math(meaning.letter), latex_words(meaning.words)
        if meaning.definition is None:
            return f"${letter}$: {words}"
        lines = latex_lines(meaning.definition, PAGE - self.width(meaning.letter) - 6, self.document.symbols)
        if len(lines) == 1:
            return rf"$\displaystyle {letter} = {lines[0]}$" + (f": {words}" if words else "")
        formula = self.equation(meaning.letter, meaning.definition, PAGE - 4)
        return rf"{words or f'${letter}$'},\[ {formula} \]"

    def item(self, item: Item) -> dict[str, object]:
        proof = item.proof
        derivative = matrix_derivative(proof.statement, self.document.symbols)
        form = derivative and matrix_form(proof.result, derivative[1], self.document.symbols)
        statement = self.equation(proof.statement, proof.result, PAGE - 2)
        return {
            "kind": item.kind,
            "title": latex_words(item.title),
            "label": item.label,
            "assumptions": [
                {"law": f"{self.math(a.left)} = {self.math(a.right)}", "words": latex_words(a.words)}
                for a in item.assumptions
            ],
            "statement": rf"\boxed{{{statement}}}" if item.boxed else statement,
            "matrix": f"{derivative[0]} = {form}" if derivative and form else "",
            "left": self.math(proof.statement),
            "steps": [self.step(line, proof.statement) for line in item.lines],
        }

    def step(self, line: Line, statement: Expr) -> dict[str, object]:
        width = PAGE - NUMBER - self.width(statement)
        return {
            "rule": line.rule,
            "why": latex_words(line.why),
            "cites": line.cites,
            "kind": self.document.items[line.cites].kind.capitalize() if line.cites else "",
            "lines": latex_lines(line.expr, width, self.document.symbols),
        }

    def equation(self, left: Expr, right: Expr, width: float, *, indent: bool = True) -> str:
        """left = right, over several lines where it is long."""
        symbols = self.document.symbols
        room = width - self.width(left) - 1.5
        if room < width / 2:  # a long left side stands on a line of its own
            first = latex_lines(left, width, symbols)
            rest = latex_lines(right, width - 3, symbols)
            rows = [*first, f"= {rest[0]}", *rest[1:]]
            whole = self.width(left) + self.width(right) + 1.5
            return " = ".join([first[0], rest[0]]) if whole <= width else _block("&" + r" \\ &\quad ".join(rows))
        lines = latex_lines(right, room, symbols)
        if len(lines) == 1:
            return f"{self.math(left)} = {lines[0]}"
        return _block(rf"{self.math(left)} &= " + r" \\ &\quad ".join(lines))

    def math(self, expr: Expr) -> str:
        return latex(expr, self.document.symbols)

    def width(self, expr: Expr) -> float:
        return Printer(self.document.symbols).print(read(expr)).width


def _block(rows: str) -> str:
    return rf"\begin{{aligned}} {rows} \end{{aligned}}"
