"""What the checker knows of the rules by name: which exist, what a line must hold for one to apply, what it assumes.

The list is data of the checker's own (rules.txt), so that a proof cannot bring a rule of its making.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from symce.check.document import Node

#: a step by the result of another proof is named after that proof
CITATION = "by-"


@dataclass(frozen=True)
class KnownRule:
    """A rule. ``needs``: alternatives, each a set of kinds of node that must all be in the line before the step."""

    name: str
    needs: tuple[frozenset[str], ...]
    assumes: str

    def applies_to(self, expr: Node) -> bool:
        """Whether the line holds what the rule works on."""
        if not self.needs:
            return True
        present = kinds(expr)
        return any(need <= present for need in self.needs)


@cache
def known_rules() -> dict[str, KnownRule]:
    """The rules by name."""
    found = {}
    for line in files("symce.check").joinpath("rules.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, needs, assumes = line.split()
            alternatives = () if needs == "-" else tuple(frozenset(n.split("&")) for n in needs.split("|"))
            found[name] = KnownRule(name, alternatives, "" if assumes == "-" else assumes)
    return found


@cache
def kinds(expr: Node) -> frozenset[str]:
    """The kinds of node in an expression; of a derivative also with that of its function, as "partial:log"."""
    found = {expr.op}.union(*(kinds(a) for a in expr.args))
    if expr.op in ("total", "partial"):
        found.add(f"{expr.op}:{expr.args[0].op}")
    return frozenset(found)
