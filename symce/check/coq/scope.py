"""What a letter stands for at a place of an expression, in derivatives or outside: terms of Coq for whole vectors.

Outside a derivative z is ``z``, a letter that is defined is its definition applied to the letters it is written in, the
probabilities are ``softmax K z``. In a derivative with respect to z_j, z is ``upd z j t``; in a *total* one all that
is made of z follows, in a *partial* one everything else stays what it is around the derivative.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from symce.check.coq.layout import LINE, Text, brackets, group, nest
from symce.check.coq.names import CURVE, LETTERS, fresh, identifier
from symce.check.document import Definition, Document, Node
from symce.check.reading import FIXED, FOLLOWS


def apply(head: Text, *arguments: Text) -> Text:
    """An application, to arguments that are atoms."""
    if not arguments:
        return head
    return group(head, nest(*(part for a in arguments for part in (LINE, a))))


@dataclass(frozen=True)
class Defined:
    """The definition of a letter in Coq, and what it is applied to: sizes, and letters."""

    name: str
    sizes: tuple[str, ...]
    letters: tuple[str, ...]


@dataclass(frozen=True)
class Letters:
    """The letters of a document: as identifiers, and those that are defined."""

    document: Document
    defined: Mapping[str, Defined]

    @cached_property
    def identifiers(self) -> Mapping[str, str]:
        """For every letter its identifier; no bound index is ever called that."""
        indices = set(self.document.indices)
        found: dict[str, str] = {}
        for letter in sorted({*self.document.domains, *self.document.definitions}):
            found[letter] = identifier(letter, indices | set(found.values()))
        return found

    @cached_property
    def true_class(self) -> str:
        """The function that gives the true class of a sample."""
        return identifier("c", {*self.document.indices, *self.identifiers.values()})

    def reached(self, letter: str) -> frozenset[str]:
        """The letter and all that it is defined by."""
        found, queue = {letter}, [letter]
        while queue:
            definition = self.document.definitions.get(queue.pop())
            for inner in letters_of(definition) if definition else ():
                if inner not in found:
                    found.add(inner)
                    queue.append(inner)
        return frozenset(found)


def letters_of(definition: Definition) -> Iterator[str]:
    """The letters that a definition is written in, each once, sorted."""
    parts = [p for p in (definition.value, definition.through, definition.slope) if p]
    found = {m.rpartition(":")[2] for part in parts for m in part.marks}
    return iter(sorted(found))


@dataclass(frozen=True)
class Scope:
    """A place: the indices there, and the derivatives around it, of which ``mark``, ``at``, ``variable`` are the
    innermost. ``mark`` is written as in ``Node.marks``; ``at`` are terms of the indices."""

    letters: Letters
    indices: Mapping[str, str]
    parent: Scope | None = None
    total: bool = False
    mark: str = ""
    at: tuple[str, ...] = ()
    variable: str = ""

    @cached_property
    def taken(self) -> frozenset[str]:
        """What a new bound variable must not be called."""
        around = self.parent.taken if self.parent else {*self.letters.identifiers.values(), self.letters.true_class}
        return frozenset({*around, *self.indices.values(), self.variable})

    def bind(self, index: str, kind: str) -> tuple[str, Scope]:
        """The variable for a bound index, and the place inside: the first of the usual letters that is free, so that
        expressions that differ in the names of bound indices alone are one text."""
        name = fresh(LETTERS[kind], self.taken)
        return name, replace(self, indices={**self.indices, index: name})

    def derivative(self, total: bool, mark: str, at: tuple[str, ...]) -> Scope:
        """The place inside a derivative."""
        return Scope(self.letters, self.indices, self, total, mark, at, fresh(CURVE, self.taken))

    def index(self, name: str) -> str:
        """An index as a term: class 1 is 0, as Coq counts from 0."""
        if FIXED.fullmatch(name):
            return f"{int(name) - 1}%nat"
        if follows := FOLLOWS.fullmatch(name):
            return f"({self.letters.true_class} {self.indices[follows[1]]})"
        return self.indices[name]

    def vector(self, letter: str) -> Text:
        """The vector, matrix or number of that name."""
        if self.parent is None:
            return self._defined(letter) if letter in self.letters.defined else self.letters.identifiers[letter]
        if self.mark == letter:
            return self._update(self.parent.vector(letter))
        if not self.total or self.mark not in self.letters.reached(letter):
            return self.parent.vector(letter)
        return self._defined(letter)

    def moved(self, mark: str, rank: int) -> Text | None:
        """The vector (for two indices the matrix) of the probabilities or sigmoids of a letter, where they are
        variables of their own and one of them moves; else nothing."""
        if self.parent is None or self.total:
            return None
        inner = self.parent.moved(mark, rank)
        if self.mark != mark:
            return inner
        return self._update(inner if inner is not None else self.parent.still().all_of(mark, rank))

    def all_of(self, mark: str, rank: int) -> Text:
        """The vector or matrix of the probabilities ("p:z") or of the sigmoids ("s:z") of a letter."""
        kind, letter = mark.split(":")
        if kind == "p" and rank == 1:
            return apply("softmax", "K", atom(self.vector(letter)))
        names: list[str] = []
        for _ in range(rank if kind == "s" else rank - 1):
            names.append(fresh(LETTERS["class" if kind == "s" else "sample"], {*self.taken, *names}))
        entry = brackets(apply(self.vector(letter), *names))
        body = apply("sigmoid", entry) if kind == "s" else apply("softmax", "K", entry)
        return group("fun ", " ".join(names), " => ", body)

    def still(self) -> Scope:
        """The place as it is for what a partial derivative holds fixed: outside of it."""
        scope = self
        while scope.parent is not None and not scope.total:
            scope = scope.parent
        return scope if scope is self else replace(scope, indices=self.indices)

    def _update(self, vector: Text) -> Text:
        if not self.at:
            return self.variable
        return apply("upd" if len(self.at) == 1 else "upd2", atom(vector), *self.at, self.variable)

    def _defined(self, letter: str) -> Text:
        if letter not in self.letters.defined:
            return self.letters.identifiers[letter]
        found = self.letters.defined[letter]
        return apply(found.name, *found.sizes, *(atom(self.vector(inner)) for inner in found.letters))


def atom(text: Text) -> Text:
    """The text in brackets unless it is one word."""
    return text if isinstance(text, str) else brackets(text)


def mark_of(variable: Node) -> tuple[str, tuple[str, ...]]:
    """What the variable of a derivative is an entry of, as in ``Node.marks``, and its indices."""
    prefix = {"entry": "", "softmax": "p:", "sigmoid": "s:"}[variable.op]
    vector, *indices = variable.args[0].names if variable.op == "sigmoid" else variable.names
    return prefix + vector, tuple(indices)
