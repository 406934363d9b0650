"""What the checker knows of the rules by name: which exist, what each works on, what it removes, what it assumes.

The list is data of the checker's own (rules.txt), so that a proof cannot bring a rule of its making.

Kinds of expression are written as their heads; ``partial:log`` and the like are a head and that of the first argument.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from symce.check.document import Node

#: a step by the result of another proof is named after that proof
CITATION = "by-"

#: sets of kinds, of which one has to be there
Alternatives = tuple[frozenset[str], ...]


@dataclass(frozen=True)
class KnownRule:
    """A rule.

    ``takes``, ``needs`` and ``brings`` are alternatives, each a set of kinds that must all be there: among what the
    step rewrites, in the line before, among what is new. ``removes`` are kinds that are in no line that the rule gives.
    ``bounds``: the rule is an inequality. ``conditions`` are names of ``symce.check.conditions``.
    """

    name: str
    takes: Alternatives
    needs: Alternatives
    removes: frozenset[str]
    brings: Alternatives
    assumes: frozenset[str]
    bounds: bool
    conditions: frozenset[str]

    def objection(self, before: Node, after: Node, assumptions: Iterable[str]) -> str:
        """Why this rule cannot have led from one line to the other; empty if nothing speaks against it."""
        here, there = frozenset(before.walk()), frozenset(after.walk())
        if not _has(self.needs, here) or not _has(self.takes, here - there):
            return "the step rewrites nothing that the rule applies to"
        left = sorted(self.removes & kinds(there))
        if left:
            return f"the line still holds what the rule would have removed ({left[0]})"
        if not _has(self.brings, there - here):
            return f"the line holds nothing new that the rule would have brought ({_words(self.brings)})"
        for name in sorted(self.assumes):
            if name not in assumptions:
                return f"the rule assumes {name!r}, which the proof does not list"
        return ""


def _has(alternatives: Alternatives, nodes: Iterable[Node]) -> bool:
    return not alternatives or any(need <= kinds(nodes) for need in alternatives)


def _words(alternatives: Alternatives) -> str:
    return " or ".join(" and ".join(sorted(need)) for need in alternatives)


def kinds(nodes: Iterable[Node]) -> frozenset[str]:
    """The kinds of some expressions."""
    return frozenset(kind for node in nodes for kind in _kinds(node))


def _kinds(node: Node) -> tuple[str, ...]:
    return (node.op, f"{node.op}:{node.args[0].op}") if node.args else (node.op,)


@cache
def known_rules() -> dict[str, KnownRule]:
    """The rules by name."""
    found = {}
    for line in files("symce.check").joinpath("rules.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, takes, needs, removes, brings, assumes, *marks = ("" if w == "-" else w for w in line.split())
            found[name] = KnownRule(
                name,
                _alternatives(takes),
                _alternatives(needs),
                frozenset(filter(None, removes.split("|"))),
                _alternatives(brings),
                frozenset(filter(None, assumes.split(","))),
                "bound" in marks,
                frozenset(marks) - {"bound"},
            )
    return found


def _alternatives(text: str) -> Alternatives:
    return tuple(frozenset(need.split("&")) for need in text.split("|") if need)
