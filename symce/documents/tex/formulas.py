"""Formulas of a document in LaTeX, over several lines where the page is too narrow for one."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from sympy import Expr

from symce.algebra.latex import Printer, latex
from symce.algebra.letters import Symbols
from symce.algebra.lines import latex_lines
from symce.algebra.matrix import matrix_derivative, matrix_form
from symce.algebra.reading import read
from symce.derivation.proof import Proof, Relation
from symce.documents.letters import Meaning
from symce.documents.prose import latex_words
from symce.documents.view import Item, Line

#: what the number of an equation takes of a line, in em
NUMBER = 4.0
#: a statement that takes more of a page than this stands on a line of its own above its proof
WIDE = 0.45
_NOTHING: Mapping[str, str] = MappingProxyType({})
SIGNS: dict[Relation, str] = {"=": "=", "<=": r"\le", ">=": r"\ge"}


@dataclass(frozen=True)
class Formulas:
    """Writes formulas with the letters of ``symbols`` for a page that is ``page`` em wide."""

    symbols: Symbols
    page: float

    def math(self, expr: Expr) -> str:
        """An expression on one line."""
        return latex(expr, self.symbols)

    def width(self, expr: Expr) -> float:
        """About how wide an expression is, in em."""
        return Printer(self.symbols).print(read(expr)).width

    def lines(self, expr: Expr, width: float) -> list[str]:
        """An expression on lines that are at most ``width`` em wide, as far as it can be broken."""
        return latex_lines(expr, width, self.symbols)

    def equation(self, left: Expr, right: Expr, width: float, relation: Relation = "=") -> str:
        """left = right (or at most, or at least), over several lines where it is long."""
        sign = SIGNS[relation]
        room = width - self.width(left) - 1.5
        if room < width / 2:  # a long left side stands on a line of its own
            first = self.lines(left, width)
            rest = self.lines(right, width - 3)
            rows = [*first, f"{sign} {rest[0]}", *rest[1:]]
            whole = self.width(left) + self.width(right) + 1.5
            return f" {sign} ".join([first[0], rest[0]]) if whole <= width else _block("&" + r" \\ &\quad ".join(rows))
        lines = self.lines(right, room)
        if len(lines) == 1:
            return f"{self.math(left)} {sign} {lines[0]}"
        return _block(rf"{self.math(left)} &{sign} " + r" \\ &\quad ".join(lines))

    def meaning(self, meaning: Meaning) -> str:
        """What a letter means, as the text of an entry of a list."""
        letter, words = self.math(meaning.letter), latex_words(meaning.words)
        if meaning.definition is None:
            return f"${letter}$: {words}"
        lines = self.lines(meaning.definition, self.page - self.width(meaning.letter) - 6)
        if len(lines) == 1:
            return rf"$\displaystyle {letter} = {lines[0]}$" + (f": {words}" if words else "")
        formula = self.equation(meaning.letter, meaning.definition, self.page - 4)
        return rf"{words or f'${letter}$'},\[ {formula} \]"

    def result(self, proof: Proof, width: float) -> str:
        """What a proof shows: its statement and what it was found to be."""
        return self.equation(proof.statement, proof.result, width, proof.relation)

    def matrix(self, proof: Proof) -> str:
        """The result as vectors and matrices; "" where it has no customary form."""
        derivative = matrix_derivative(proof.statement, self.symbols)
        form = derivative and matrix_form(proof.result, derivative[1], self.symbols)
        return f"{derivative[0]} {SIGNS[proof.relation]} {form}" if derivative and form else ""

    def chain(self, left: str, rows: Sequence[str]) -> str:
        """A chain of equalities that are LaTeX already, one below the other."""
        return _block(rf"{left} &= " + r" \\[4pt] &= ".join(rows))

    def item(self, item: Item, labels: Mapping[str, str], elsewhere: Mapping[str, str] = _NOTHING) -> dict[str, object]:
        """A statement with its proof, as templates/latex/proof.tex.jinja prints it.

        ``labels`` give what the statement with a label is called, such as Theorem 3; ``elsewhere`` those that stand in
        no part of this document.
        """
        proof, names = item.proof, {**elsewhere, **labels}
        statement = self.result(proof, self.page - 2)
        return {
            "kind": item.kind,
            "title": latex_words(item.title),
            "label": item.label,
            "assumptions": [
                {"law": f"{self.math(a.left)} = {self.math(a.right)}", "words": latex_words(a.words)}
                for a in item.assumptions
            ],
            "statement": rf"\boxed{{{statement}}}" if item.boxed else statement,
            "matrix": self.matrix(proof),
            "left": self.math(proof.statement),
            "wide": self.wide(proof.statement),
            "steps": [self.step(line, proof.statement, names, labels) for line in item.lines],
        }

    def wide(self, statement: Expr) -> bool:
        """Whether a statement leaves too little room for the steps beside it."""
        return self.width(statement) > WIDE * self.page

    def step(self, line: Line, statement: Expr, names: Mapping[str, str], here: Container[str]) -> dict[str, object]:
        """One line of a proof and why it holds; ``here`` are the labels that can be linked to."""
        kind, _, number = names[line.cites].rpartition(" ") if line.cites else ("", "", "")
        beside = 1.0 if self.wide(statement) else self.width(statement)
        return {
            "number": line.number,
            "rule": line.rule,
            "why": latex_words(line.why),
            "cites": line.cites,
            "kind": kind,
            "cited": number,
            "here": line.cites in here,
            "sign": SIGNS[line.relation],
            "lines": self.lines(line.expr, self.page - NUMBER - beside),
        }


def _block(rows: str) -> str:
    return rf"\begin{{aligned}} {rows} \end{{aligned}}"
