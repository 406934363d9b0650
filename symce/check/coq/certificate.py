"""All proofs of a file as one text of Coq: ``certificate``.

Each proof becomes a theorem for every number of classes, each step of it a step of the theorem's proof, by the tactic
of the step's rule. What a name says (that an expression is dL/dz_j) becomes a lemma of its own. Where a step has no
tactic, there is no theorem: the other steps stand as lemmas, one each, and the text says which step is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from symce.check.coq.claims import Claims
from symce.check.coq.definitions import Definitions
from symce.check.coq.names import joined
from symce.check.coq.needs import Needs, needs
from symce.check.coq.shapes import shapes
from symce.check.coq.statement import statement
from symce.check.coq.tactics import tactic_for
from symce.check.coq.theorem import along_curves, comment, kinked, lemmas, theorem
from symce.check.document import Document, Line
from symce.check.reading import read
from symce.check.rules import CITATION
from symce.render import render


@dataclass(frozen=True)
class Missing:
    """A step that no tactic proves; step 0 is a name of the statement that no theorem of the file bears out."""

    proof: str
    step: int
    rule: str


@dataclass(frozen=True)
class Certificate:
    """The text, and the steps that it leaves out."""

    text: str
    missing: Sequence[Missing]


def _abstract(document: Document) -> bool:
    """Whether a proof is about some function of which the slope is all that is known."""
    return any(definition.through is not None for definition in document.definitions.values())


def _lifted(documents: Sequence[Document]) -> frozenset[str]:
    """The proofs on dL/dz_j that others cite in which z is the logits of a linear layer."""
    by_name = {document.name: document for document in documents}
    found = set()
    for document in documents:
        for cited in document.cites:
            stated = by_name[cited].lines[0].expr if cited in by_name else None
            if stated is not None and stated.op == "total" and stated.args[1].names[0] in document.definitions:
                found.add(cited)
    return frozenset(found)


def certificate(data: Mapping[str, Any]) -> Certificate:
    """The certificate of the proofs of a file, given as its JSON: {"name": ..., "proofs": [...]}, or of one proof.

    Raises DocumentError where a proof does not follow the format.
    """
    proofs: Sequence[Mapping[str, Any]] = data.get("proofs", [data])
    name = str(data.get("name", "proofs"))
    documents = [read(proof) for proof in proofs]
    writer = _Writer(joined(name) if "proofs" in data else "proof", _lifted(documents))
    parts = [writer.proof(document, proof) for document, proof in zip(documents, proofs, strict=True)]
    text = render(
        "coq/proof.v.jinja",
        header=[comment(str(line)) for line in data.get("header", ())],
        title=comment(str(data.get("title", name))),
        missing=writer.missing,
        parts=parts,
    )
    return Certificate(text, tuple(writer.missing))


@dataclass
class _Writer:
    prefix: str
    #: the proofs on the gradient that linear layers and batches rest on
    lifted: frozenset[str]
    #: for each proof its theorem, and what it needs
    theorems: dict[str, str] = field(default_factory=dict)
    needs: dict[str, Needs] = field(default_factory=dict)
    #: the proofs about some function of which the slope is all that is known
    abstract: set[str] = field(default_factory=set)
    claims: Claims = field(default_factory=Claims)
    missing: list[Missing] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.definitions = Definitions(self.prefix)

    def proof(self, document: Document, data: Mapping[str, Any]) -> dict[str, object]:
        """What the template says of a proof."""
        letters, definitions = self.definitions.letters(document, data)
        names = self.claims.of(document, letters)
        abstract = _abstract(document)
        need = needs(document)
        for cited in (*document.cites, *(proof for named in names for proof in named.shown)):
            if (cited in self.abstract) == abstract:
                need |= self.needs.get(cited, Needs())
        shape = shapes(document, data)
        frame = statement(document, letters, shape, need)
        name = joined(self.prefix, document.name)
        tactics = [self.tactic(before, line, abstract) for before, line in pairwise(document.lines)]
        missing = [
            Missing(document.name, number, line.rule)
            for number, (line, tactic) in enumerate(zip(document.lines[1:], tactics, strict=True), 1)
            if tactic is None
        ]
        self.missing += [Missing(document.name, 0, "name") for named in names if not named.shown] + missing
        part: dict[str, object] = {
            "title": comment(str(data.get("title", document.name))),
            "before": [*definitions, *self.claims.new_lemmas(names, name, frame, self.theorems)],
        }
        proven = [tactic for tactic in tactics if tactic is not None]
        if len(proven) < len(tactics):
            return {**part, **lemmas(document, frame, name, tactics), "after": []}
        self.learn(document, name, need, abstract)
        self.claims.learn(document, letters)
        after = self.claims.closing(document, names, name, frame)
        if document.name in self.lifted:
            after += along_curves(document, letters, shape, need, name)
        return {**part, **theorem(document, data, frame, name, proven), "after": after}

    def learn(self, document: Document, name: str, need: Needs, abstract: bool) -> None:
        """A proof has become a theorem that others may cite."""
        self.theorems[document.name] = name
        self.needs[document.name] = need
        if abstract:
            self.abstract.add(document.name)

    def tactic(self, before: Line, line: Line, abstract: bool) -> str | None:
        """The tactic for a step, if there is one.

        Where the proof is about some function whose slope another proof found, what it takes from there is how the
        slope is defined.
        """
        if kinked(before.expr) or kinked(line.expr):
            return None
        cited = line.rule.removeprefix(CITATION)
        if abstract and cited != line.rule and cited not in self.abstract:
            return "rule_slope"
        return tactic_for(line.rule, line.relation, self.theorems)
