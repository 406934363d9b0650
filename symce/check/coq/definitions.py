"""What letters stand for, as definitions of Coq: the adjusted logits, the logits of a linear layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from symce.check.coq.layout import END, WIDTH, cat, group, layout, nest
from symce.check.coq.names import identifier, joined
from symce.check.coq.scope import Defined, Letters, Scope, letters_of
from symce.check.coq.shapes import Shapes
from symce.check.coq.statement import binders, vector_type
from symce.check.coq.terms import term
from symce.check.document import Definition, Document


@dataclass
class Definitions:
    """The definitions of a file, by name; equal ones are one."""

    prefix: str
    texts: dict[str, str] = field(default_factory=dict)

    def letters(self, document: Document, data: Mapping[str, Any]) -> tuple[Letters, list[str]]:
        """The letters of a proof, and the text of those definitions that are new."""
        plain = Letters(document, {})
        defined = {}
        new = []
        for entry, (letter, definition) in zip(data["definitions"], document.definitions.items(), strict=True):
            if definition.value is None:
                continue
            sizes, by_type = _arguments(definition, entry["indices"])
            text = _text(definition, sizes, by_type, plain, len(joined(self.prefix, letter)) + len("Definition _2"))
            name = self._name(letter, text)
            if name not in self.texts:
                self.texts[name] = text
                new.append(f"Definition {name}{text}")
            defined[letter] = Defined(name, sizes, tuple(inner for group_ in by_type.values() for inner in group_))
        return Letters(document, defined), new

    def _name(self, letter: str, text: str) -> str:
        """The name of the definition with that text, or else of a new one."""
        number = 1
        while True:
            name = joined(self.prefix, letter) + (f"_{number}" if number > 1 else "")
            if self.texts.get(name, text) == text:
                return name
            number += 1


def _arguments(definition: Definition, kinds: Mapping[str, str]) -> tuple[tuple[str, ...], Mapping[str, Sequence[str]]]:
    """The sizes and the letters that a definition speaks of, the letters by their types."""
    assert definition.value is not None
    shape = Shapes()
    shape.add(definition.value, kinds)
    by_type: dict[str, list[str]] = {}
    for inner in letters_of(definition):
        by_type.setdefault(vector_type(shape.ranks[inner]), []).append(inner)
    return tuple(size for size in ("K", "N", "D") if size in shape.sizes), by_type


def _text(
    definition: Definition, sizes: Sequence[str], by_type: Mapping[str, Sequence[str]], letters: Letters, room: int
) -> str:
    """The definition after its name, for which there is ``room``."""
    assert definition.value is not None
    scope = Scope(letters, {i: identifier(i, letters.identifiers.values()) for i in definition.indices})
    arguments = [(kind, [letters.identifiers[inner] for inner in group_]) for kind, group_ in by_type.items()]
    head = group(binders([("nat", sizes), *arguments]), f" : {vector_type(definition.indices)} :=")
    indices = " ".join(scope.indices[i] for i in definition.indices)
    body = group(f"fun {indices} => " if indices else "", nest(term(definition.value, scope)))
    return layout(cat(head, nest(END, body, ".")), WIDTH - room)
