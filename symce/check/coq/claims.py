"""What names say: that an expression is dL/dz_j. Each such name becomes a lemma, from the theorem that found it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from symce.check.coq.layout import layout
from symce.check.coq.scope import Letters, Scope
from symce.check.coq.statement import Statement, says
from symce.check.coq.terms import term
from symce.check.coq.theorem import proof_by
from symce.check.document import Document, Node

#: a statement and a result as text, whatever their free indices are called
Key = tuple[str, str]


@dataclass(frozen=True)
class Named:
    """A derivative and its value; ``shown``: the proof of just that, or else all those of the same derivative, one of
    which may give the value up to algebra."""

    key: Key
    derivative: Node
    value: Node
    shown: Sequence[str]


@dataclass
class Claims:
    """The theorems of a file by what they say, and the lemmas for what names say."""

    found: dict[Key, str] = field(default_factory=dict)
    stated: dict[str, list[str]] = field(default_factory=dict)
    lemmas: dict[Key, str] = field(default_factory=dict)

    def learn(self, document: Document, letters: Letters) -> None:
        """A proof of the file has become a theorem."""
        key = _key(document.lines[0].expr, document.lines[-1].expr, letters)
        self.found.setdefault(key, document.name)
        self.stated.setdefault(key[0], []).insert(0, document.name)

    def of(self, document: Document, letters: Letters) -> list[Named]:
        """The names in a proof that say something, each once."""
        found = {}
        for claim in document.claims:
            if claim.name.op in ("total", "partial"):
                key = _key(claim.name, claim.value, letters)
                shown = [self.found[key]] if key in self.found else self.stated.get(key[0], [])
                found[key] = Named(key, claim.name, claim.value, shown)
        return list(found.values())

    def new_lemmas(self, names: Sequence[Named], theorem: str, frame: Statement, theorems: dict[str, str]) -> list[str]:
        """The lemmas for those names that have none yet."""
        texts: list[str] = []
        for named in names:
            if named.shown and named.key not in self.lemmas:
                number = f"_{len(texts) + 1}" if texts else ""
                self.lemmas[named.key] = f"{theorem}_names{number}"
                claim = says(named.derivative, "=", named.value, frame.scope)
                text = layout(frame.theorem(f"Lemma {self.lemmas[named.key]}", claim))
                tactics = [f"named_by {theorems[proof]}" for proof in named.shown]
                tactic = tactics[0] if len(tactics) == 1 else f"first [ {' | '.join(tactics)} ]"
                texts.append(f"{text}\n{proof_by(tactic)}")
        return texts

    def closing(self, document: Document, names: Sequence[Named], theorem: str, frame: Statement) -> list[str]:
        """For a theorem on the total derivative of what is called a derivative: that it is so of the derivative
        itself, such as that the Hessian is the derivative of the gradient."""
        stated = document.lines[0].expr
        if stated.op != "total" or stated.args[0].op != "named" or stated.args[1].names[0] in document.definitions:
            return []
        for named in names:
            if named.key in self.lemmas and named.value is stated.args[0].args[0]:
                derivative = replace(stated, args=(named.derivative, stated.args[1]))
                claim = says(derivative, "=", document.lines[-1].expr, frame.scope)
                text = layout(frame.theorem(f"Corollary {theorem}_second", claim))
                return [f"{text}\n{proof_by(f'second_derivative {self.lemmas[named.key]} {theorem}')}"]
        return []


def _key(first: Node, last: Node, letters: Letters) -> Key:
    order: dict[str, str] = {}
    for node in (*first.walk(), *last.walk()):
        for index in node.free:
            if index in {*first.free, *last.free}:
                order.setdefault(index, f"index{len(order)}")
    scope = Scope(letters, order)
    return layout(term(first, scope), 10**6), layout(term(last, scope), 10**6)
