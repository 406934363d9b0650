"""What every document shows, before any format: numbered statements and steps, references, assumptions, letters, rules.

A format is one module (latex.py, markdown.py, terminal.py) and, where it has one, a folder of templates.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sympy import Expr, Integer

from symce.algebra.indices import K
from symce.algebra.letters import Symbols
from symce.derivation.derive import Derivation
from symce.derivation.proof import CITATION, Proof
from symce.documents.letters import DocumentError, Glossary, Meaning
from symce.rules import CATALOGUE, Rule
from symce.rules.rule import Relation
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
    """One step: equation ``number``, by ``rule`` (or by the statement ``cites``), because of ``why``.

    The line before is ``relation`` this one.
    """

    number: int
    expr: Expr
    rule: str
    why: str
    cites: str = ""
    relation: Relation = "="


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
    based = foundations(derivation.proofs)
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
    based = foundations(proofs)
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
    numbering = Numbering()
    for title, proofs in sections:
        last = proofs[-1] if title != FOUNDATION_TITLE else None
        items = tuple(numbering.item(proof, boxed=proof is last) for proof in proofs)
        parts.append(Part(title, glossary.introduce(proofs), items))
    rules = rules_of(item for part in parts for item in part.items)
    return Document(*words, statement, meanings, tuple(parts), rules, symbols)


def rules_of(items: Iterable[Item]) -> tuple[Rule, ...]:
    """The rules that these proofs name, in the order of their first use."""
    names = dict.fromkeys(line.rule for item in items for line in item.lines if line.rule)
    return tuple(CATALOGUE[name] for name in names)


@dataclass
class Numbering:
    """Gives statements and their steps their numbers, in the order in which a document shows them."""

    statements: int = 0
    equations: int = 0

    def __post_init__(self) -> None:
        self.known: dict[str, str] = {}

    def item(self, proof: Proof, *, scope: str = "", boxed: bool = False) -> Item:
        """The next statement. Its label is the proof's name, after that of its ``scope`` (a loss) where it has one.

        Raises DocumentError where the label is taken, or a proof is cited that does not stand before this one.
        """
        label = f"{scope}.{proof.name}" if scope else proof.name
        if label in self.known:
            raise DocumentError(f"two proofs have the name {label!r}; references need names that differ")
        lines = self.lines(proof, scope)
        self.statements += 1
        self.equations += len(lines)
        self.known[label] = proof.name
        return Item(self.statements, proof.kind, label, proof.title, proof, lines, _assumptions(proof), boxed)

    def lines(self, proof: Proof, scope: str) -> tuple[Line, ...]:
        lines = []
        for number, step in enumerate(proof.steps, start=self.equations + 1):
            if step.rule.startswith(CITATION) and step.rule not in CATALOGUE:
                cited = self.label(step.rule.removeprefix(CITATION), scope)
                if not cited:
                    name = step.rule.removeprefix(CITATION)
                    raise DocumentError(f"{proof.name} cites {name!r}, which does not stand before it in the document")
                lines.append(Line(number, step.expr, "", "", cited, step.relation))
            elif step.rule not in CATALOGUE:
                raise DocumentError(f"{proof.name}: step by {step.rule!r}, which is no rule of the catalogue")
            else:
                based = self.label(FOUNDATIONS.get(step.rule, ""), "")
                lines.append(Line(number, step.expr, step.rule, step.why, based, step.relation))
        return tuple(lines)

    def label(self, name: str, scope: str) -> str:
        """The label of a proof that was shown already, of the scope or of none; "" where none was."""
        return next((label for label in (f"{scope}.{name}", name) if label in self.known), "")


#: assumptions that fix a size rather than relate letters
_SIZES = {"two-classes": Assumption(K, Integer(2), "There are two classes.")}


def _assumptions(proof: Proof) -> tuple[Assumption, ...]:
    found = []
    for name in proof.assumptions:
        if name in _SIZES:
            found.append(_SIZES[name])
            continue
        rules = [r for r in CATALOGUE.values() if r.assumes == name]
        if not rules:
            raise DocumentError(f"{proof.name} assumes {name!r}, which no rule of the catalogue states")
        found += [Assumption(*r.law, r.why) for r in rules]
    return tuple(found)


def foundations(proofs: Sequence[Proof]) -> tuple[Proof, ...]:
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
