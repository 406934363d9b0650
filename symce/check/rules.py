"""What the checker knows of the rules by name: which exist, what each works on, what it removes, what it assumes.

The list is data of the checker's own (rules.txt), so that a proof cannot bring a rule of its making.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from symce.check.document import Node

#: a step by the result of another proof is named after that proof
CITATION = "by-"


@dataclass(frozen=True)
class KnownRule:
    """A rule.

    ``needs`` are alternatives, each a set of kinds of node that must all be in the line before the step; ``removes``
    are kinds of node that are in no line that the rule gives, because it is applied until it applies no more.
    ``bounds``: the rule is an inequality.
    """

    name: str
    needs: tuple[frozenset[str], ...]
    removes: frozenset[str]
    assumes: str
    bounds: bool = False

    def objection(self, before: Node, after: Node, assumptions: Iterable[str]) -> str:
        """Why this rule cannot have led from one line to the other; empty if nothing speaks against it."""
        if self.needs and not any(need <= kinds(before) for need in self.needs):
            return "the line before holds nothing that the rule applies to"
        left = sorted(self.removes & kinds(after))
        if left:
            return f"the line still holds what the rule would have removed ({left[0]})"
        for name in filter(None, self.assumes.split(",")):
            if name not in assumptions:
                return f"the rule assumes {name!r}, which the proof does not list"
        return ""


@cache
def known_rules() -> dict[str, KnownRule]:
    """The rules by name."""
    found = {}
    for line in files("symce.check").joinpath("rules.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, needs, removes, assumes, *bounds = ("" if word == "-" else word for word in line.split())
            alternatives = tuple(frozenset(need.split("&")) for need in needs.split("|") if need)
            found[name] = KnownRule(
                name, alternatives, frozenset(filter(None, removes.split("|"))), assumes, bool(bounds)
            )
    return found


@cache
def kinds(expr: Node) -> frozenset[str]:
    """The kinds of node in an expression; of a derivative or a sum also with that of its body, as "partial:log"."""
    found = {expr.op}.union(*(kinds(a) for a in expr.args))
    if expr.op in ("total", "partial", "sum"):
        found.add(f"{expr.op}:{expr.args[0].op}")
    return frozenset(found)
