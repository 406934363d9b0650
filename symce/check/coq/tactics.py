"""Which tactic proves a step: data of the certificates' own (tactics.txt)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from symce.check.rules import CITATION


@cache
def tactics() -> Mapping[str, str]:
    """The tactics by the names of the rules."""
    lines = files("symce.check.coq").joinpath("tactics.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split(maxsplit=1) for line in lines if line and not line.startswith("#"))
    return {rule: tactic.strip() for rule, tactic in pairs}


def tactic_for(rule: str, relation: str, theorems: Mapping[str, str]) -> str | None:
    """The tactic for a step by this rule; nothing if there is none.

    ``theorems``: the theorem of Coq for each proof that may be cited.
    """
    cited = rule.removeprefix(CITATION)
    if rule.startswith(CITATION) and cited in theorems:
        return f"rule_by {theorems[cited]}" if relation == "=" else f"rule_bound_by side {theorems[cited]}"
    return tactics().get(rule)
