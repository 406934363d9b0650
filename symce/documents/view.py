"""What every document shows, before any format: numbered statements and steps, references, assumptions, letters, rules.

A format is one module (latex.py, markdown.py, terminal.py) and, where it has one, a folder of templates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sympy import Expr

from symce.algebra.letters import Symbols
from symce.derivation.derive import Derivation
from symce.derivation.proof import CITATION, Proof
from symce.documents.letters import DocumentError, Glossary, Meaning
from symce.rules import CATALOGUE, Rule
from symce.theorems import chapters

#: rules that are theorems of symce.theorems, and the names of their proofs
FOUNDATIONS = {
    "softmax-jacobian": "softmax-jacobian",
    "sigmoid-derivative": "sigmoid",
    "softmax-sums-to-one": "softmax-sums-to-one",
    "derivative-of-logsumexp": "logsumexp",
}
FOUNDATION_TITLE = "What the derivation rests on"


@dataclass(frozen=True)
class Line:
    """One step: equation ``number``, by ``rule`` (or by the statement ``cites``), because of ``why``."""

    number: int
    expr: Expr
    rule: str
    why: str
    cites: str = ""


@dataclass(frozen=True)
class Assumption:
    """An equation that is assumed, and in words what it says."""

    left: Expr
    right: Expr
    words: str


@dataclass(frozen=True)
class Item:
    """A lemma, theorem or corollary with its proof. ``boxed``: the result of its section."""

    number: int
    kind: str
    label: str
    title: str
    proof: Proof
    lines: tuple[Line, ...]
    assumptions: tuple[Assumption, ...]
    boxed: bool

    @property
    def heading(self) -> str:
        """Lemma 3."""
        return f"{self.kind.capitalize()} {self.number}"


@dataclass(frozen=True)
class Part:
    """A section: the letters that it introduces, and its items."""

    title: str
    meanings: tuple[Meaning, ...]
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Document:
    """A whole document. ``statement`` is None for a chapter of theorems that belong to no loss."""

    name: str
    title: str
    doc: str
    reference: str
    source: str
    statement: tuple[Expr, Expr] | None
    meanings: tuple[Meaning, ...]
    parts: tuple[Part, ...]
    rules: tuple[Rule, ...]
    symbols: Symbols

    @property
    def items(self) -> dict[str, Item]:
        """Every item by its label."""
        return {item.label: item for part in self.parts for item in part.items}


def of_loss(derivation: Derivation, source: str = "") -> Document:
    """The document of a loss. ``source`` is the hash of its declaration, for the header."""
    loss, model = derivation.loss, derivation.model
    sections = [(s.title, s.proofs) for s in derivation.sections]
    based = _foundations(derivation.proofs)
    if based:
        sections.insert(0, (FOUNDATION_TITLE, based))
    symbols = {p.name: p.symbol for p in loss.params if p.symbol}
    named = model.named
    glossary = Glossary(model)
    return _document(
        (loss.name, loss.title, loss.doc, loss.reference, source),
        (named.label, named.definition),
        sections,
        glossary,
        symbols,
    )


def of_chapter(name: str, title: str, proofs: Sequence[Proof], source: str = "") -> Document:
    """The document of theorems that belong to no loss."""
    sections = [(title, tuple(proofs))]
    based = _foundations(proofs)
    if based:
        sections.insert(0, (FOUNDATION_TITLE, based))
    return _document((name, title, "", "", source), None, sections, Glossary(None), {})


def _document(
    words: tuple[str, str, str, str, str],
    statement: tuple[Expr, Expr] | None,
    sections: Sequence[tuple[str, Sequence[Proof]]],
    glossary: Glossary,
    symbols: Symbols,
) -> Document:
    meanings: tuple[Meaning, ...] = ()
    if statement:
        glossary.seen.add(str(statement[0]))  # the statement itself says what L is
        meanings = glossary.introduce((), statement)
    parts: list[Part] = []
    number, equation = 0, 0
    known: set[str] = set()
    for title, proofs in sections:
        items = []
        for proof in proofs:
            if proof.name in known:
                raise DocumentError(f"two proofs have the name {proof.name!r}; references need names that differ")
            number += 1
            lines = _lines(proof, known, equation)
            equation += len(lines)
            known.add(proof.name)
            boxed = proof is proofs[-1] and title != FOUNDATION_TITLE
            items.append(Item(number, proof.kind, proof.name, proof.title, proof, lines, _assumptions(proof), boxed))
        parts.append(Part(title, glossary.introduce(proofs), tuple(items)))
    rules = {line.rule: CATALOGUE[line.rule] for p in parts for i in p.items for line in i.lines if line.rule}
    return Document(*words, statement, meanings, tuple(parts), tuple(rules.values()), symbols)


def _lines(proof: Proof, known: set[str], equation: int) -> tuple[Line, ...]:
    lines = []
    for position, step in enumerate(proof.steps, start=equation + 1):
        cited = step.rule.removeprefix(CITATION)
        if step.rule.startswith(CITATION) and step.rule not in CATALOGUE:
            if cited not in known:
                raise DocumentError(f"{proof.name} cites {cited!r}, which does not stand before it in the document")
            lines.append(Line(position, step.expr, "", "", cited))
        elif step.rule not in CATALOGUE:
            raise DocumentError(f"{proof.name}: step by {step.rule!r}, which is no rule of the catalogue")
        else:
            based = FOUNDATIONS.get(step.rule, "")
            lines.append(Line(position, step.expr, step.rule, step.why, based if based in known else ""))
    return tuple(lines)


def _assumptions(proof: Proof) -> tuple[Assumption, ...]:
    found = []
    for name in proof.assumptions:
        rules = [r for r in CATALOGUE.values() if r.assumes == name]
        if not rules:
            raise DocumentError(f"{proof.name} assumes {name!r}, which no rule of the catalogue states")
        found += [Assumption(*r.law, r.why) for r in rules]
    return tuple(found)


def _foundations(proofs: Sequence[Proof]) -> tuple[Proof, ...]:
    """The theorems of symce.theorems that these proofs rest on, each after those that it rests on itself."""
    theorems = {p.name: p for chapter in chapters().values() for p in chapter}
    own = {p.name for p in proofs}
    found: dict[str, Proof] = {}

    def need(proof: Proof) -> None:
        for step in proof.steps:
            cited = "" if step.rule in CATALOGUE else step.rule.removeprefix(CITATION)
            name = FOUNDATIONS.get(step.rule, cited)
            if name in theorems and name not in own and name not in found and name != proof.name:
                need(theorems[name])
                found[name] = theorems[name]

    for proof in proofs:
        need(proof)
    return tuple(found.values())
