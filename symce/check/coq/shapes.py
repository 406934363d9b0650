"""What kind of thing each letter of a proof is: how many indices it has, and what these run over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from symce.check.document import KINDS, Document, Node
from symce.check.reading import FIXED, FOLLOWS


@dataclass
class Shapes:
    """For every letter the kinds of its indices; the sizes that are spoken of; whether the function of true classes
    is, and the second class by its number."""

    ranks: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sizes: set[str] = field(default_factory=set)
    true_classes: bool = False
    second_class: bool = False

    def add(self, node: Node, scope: Mapping[str, str]) -> None:
        """Take in an expression whose free indices are of these kinds."""
        if node.op in ("entry", "softmax"):
            self.ranks[node.names[0]] = tuple(self.kind(i, scope) for i in node.names[1:])
        elif node.op == "sym":
            self.ranks[node.names[0]] = ()
        elif node.op == "size":
            self.sizes.add(node.names[0])
        elif node.op == "delta":
            for name in node.names:
                self.kind(name, scope)
        elif node.op in ("sum", "prod", "lse"):
            scope = {**scope, node.names[0]: node.names[1]}
            self.sizes.add(KINDS[node.names[1]])
        if node.op == "softmax":
            self.sizes.add("K")
        for arg in node.args:
            self.add(arg, scope)

    def kind(self, index: str, scope: Mapping[str, str]) -> str:
        """What an index runs over."""
        if FIXED.fullmatch(index):
            self.second_class = self.second_class or index != "1"
            return "class"
        if FOLLOWS.fullmatch(index):
            self.true_classes = True
            return "class"
        return scope[index]


def shapes(document: Document, data: Mapping[str, Any]) -> Shapes:
    """The shapes of all letters of a document; ``data`` is the JSON that it was read from."""
    found = Shapes(sizes={KINDS[kind] for kind in document.indices.values()})
    for line in document.lines:
        found.add(line.expr, document.indices)
    for entry, (name, definition) in zip(data["definitions"], document.definitions.items(), strict=True):
        kinds = entry["indices"]
        found.ranks[name] = tuple(kinds[i] for i in definition.indices)
        if definition.value is not None:
            found.add(definition.value, kinds)
        elif definition.through is not None and definition.slope is not None:
            found.sizes.add(KINDS[definition.over[1]])
            for part in (definition.through, definition.slope):
                found.add(part, {**kinds, definition.over[0]: definition.over[1]})
    return found
