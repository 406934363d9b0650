"""A derivation as plain text for a terminal: numbered steps, the names of their rules in a column."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from sympy import Expr

from symce.algebra.text import text
from symce.documents.letters import Meaning
from symce.documents.prose import unicode_words
from symce.documents.view import Document, Item, Line
from symce.rules.rule import Relation

_SIGNS: dict[Relation, str] = {"=": "=", "<=": "≤", ">=": "≥"}
#: the narrowest terminal that is served
NARROWEST = 50


def render_terminal(document: Document, *, width: int = 100, ascii: bool = False, why: bool = True) -> str:
    """The document as lines of at most ``width`` columns (50 at least), as far as a formula can be broken.

    ``ascii``: formulas in the language of losses. ``why``: with the reasons of the steps.
    """
    return "\n".join(_Writer(document, max(width, NARROWEST), ascii, why).lines()) + "\n"


def render_rules(
    title: str, rules: Sequence[tuple[str, str]], *, width: int = 100, ascii: bool = False, why: bool = True
) -> str:
    """Rules by their names under a title, each with its reason beside it; arguments as those of render_terminal."""
    width = max(width, NARROWEST)
    column = max((columns(name) for name, _ in rules), default=0)
    lines = [title, ("-" if ascii else "─") * columns(title)]
    for name, reason in rules:
        words = reason if ascii else unicode_words(reason)
        # beside the names where that leaves room to read, else below
        indent = column + 4 if column + 4 <= width / 2 else 6
        first = f"  {pad(name, column)}  " if indent > 6 else " " * indent
        if not why or indent == 6:
            lines.append(f"  {name}")
        if why:
            lines += textwrap.wrap(words, width, initial_indent=first, subsequent_indent=" " * indent)
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class _Writer:
    document: Document
    width: int
    ascii: bool
    why: bool

    def lines(self) -> list[str]:
        d = self.document
        lines = [d.title, ("=" if self.ascii else "═") * columns(d.title), ""]
        if d.doc:
            lines += [*self.wrapped(d.doc, ""), ""]
        if d.statement:
            lines += [*self.formula(self.math(d.statement[0]), d.statement[1], "  "), ""]
            lines += [line for m in d.meanings for line in self.meaning(m)]
        if d.reference:
            lines += ["", *textwrap.wrap(f"Reference: {d.reference}", self.width)]
        for part in d.parts:
            lines += ["", part.title, ("-" if self.ascii else "─") * columns(part.title)]
            lines += [line for m in part.meanings for line in self.meaning(m)]
            for item in part.items:
                lines += ["", *self.item(item)]
        return lines

    def meaning(self, meaning: Meaning) -> list[str]:
        letter = self.math(meaning.letter)
        if meaning.definition is not None:
            lines = self.formula(letter, meaning.definition, "  ")
            return [*lines, *self.wrapped(meaning.words, "      ")]
        return self.wrapped(meaning.words, "  " + pad(letter, 6) + " ")

    def item(self, item: Item) -> list[str]:
        lines = self.wrapped(f"{item.heading} ({item.title}).", "")
        for assumption in item.assumptions:
            law = f"{self.math(assumption.left)} = {self.math(assumption.right)}"
            lines += self.wrapped(f"Assume {law}. {assumption.words}", "  ", prose=False)
        proof = item.proof
        lines += self.formula(self.math(proof.statement), proof.result, "  ", proof.relation)
        if item.lines:
            lines.append("  Proof")
        column = min(max((columns(self.by(line)) for line in item.lines), default=0), 26)
        for line in item.lines:
            lines += self.step(line, column)
        return lines

    def step(self, line: Line, column: int) -> list[str]:
        head = f"  {f'({line.number})':>6}  {pad(self.by(line), column)}  "
        lines = self.formula("", line.expr, head, line.relation)
        if self.why and line.why:
            lines += self.wrapped(line.why, " " * 10)
        return lines

    def by(self, line: Line) -> str:
        if not line.cites:
            return line.rule
        heading = self.document.items[line.cites].heading
        return line.rule or heading

    def formula(self, left: str, right: Expr, head: str, relation: Relation = "=") -> list[str]:
        """head, left = right, broken before plus and minus where it is longer than the line."""
        sign = relation if self.ascii else _SIGNS[relation]
        whole = f"{left} {sign} {self.math(right)}".strip()
        indent = columns(head) + 4
        lines: list[str] = []
        for word in re.split(r" (?=[+\-−·] )", whole):
            room = self.width - (columns(head) if len(lines) < 2 else indent)
            if lines and columns(lines[-1]) + 1 + columns(word) <= room:
                lines[-1] += f" {word}"
            else:
                lines.append(word)
        return [head + lines[0], *(" " * indent + line for line in lines[1:])]

    def math(self, expr: Expr) -> str:
        return text(expr, ascii=self.ascii)

    def wrapped(self, words: str, indent: str, *, prose: bool = True) -> list[str]:
        if prose and not self.ascii:
            words = unicode_words(words)
        if not words:
            return [indent.rstrip()] if indent.strip() else []
        return textwrap.wrap(words, self.width, initial_indent=indent, subsequent_indent=" " * columns(indent))


def columns(line: str) -> int:
    """The columns that a line takes; a combining mark takes none."""
    return sum(not unicodedata.combining(ch) for ch in line)


def pad(line: str, width: int) -> str:
    return line + " " * (width - columns(line))
