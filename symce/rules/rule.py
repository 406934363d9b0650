"""A rule of calculation, as data: its name, its law, why the law holds, and the rewriting that it allows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from sympy import Expr

from symce.algebra.walk import Memo, Rewriter, bottom_up, top_down

#: how the left side of a law, or a line of a proof, compares with the right one, or with the next line
Relation = Literal["=", "<=", ">="]
#: A rule that still applies after this many passes does not terminate: an error of the rule, reported as such.
PASSES = 64
#: how many expressions a rule remembers its result for: a derivation meets the same ones many times
REMEMBERED = 50_000


class RuleError(RuntimeError):
    """A rule does not come to an end, or breaks its own contract."""


@dataclass(frozen=True)
class Rule:
    """One rule.

    ``law`` is the equation that the rule stands for (left side, right side): documents print it, and the rule's own
    test checks it with numbers. ``rewrite`` gives, for one node, what the law makes of it, or None where the law does
    not apply; symce.algebra.walk takes it to every node. ``assumes`` names what must hold for the law and is not true
    of every input (sum_k y_k = 1; several names are separated by commas): a proof that uses the rule lists it.
    ``relation``: the left side of the law is equal to, at most, or at least the right one; a rule that is an
    inequality is applied by symce.rules.bounds, which minds the sign of what stands around.
    ``coq`` is the tactic that certifies a step. ``heads`` are the only types of node that the rule can apply to (none
    given: any).
    """

    name: str
    law: tuple[Expr, Expr]
    why: str
    rewrite: Rewriter
    relation: Relation = "="
    assumes: str = ""
    outermost_first: bool = False
    coq: str = ""
    heads: tuple[type, ...] = ()
    _memo: Memo = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.name):
            raise RuleError(f"rule name {self.name!r} is not kebab-case")

    def exhaust(self, expr: Expr) -> Expr | None:
        """The expression after the rule was applied wherever it applies, again and again; None if it applies nowhere.

        Raises RuleError where the rule does not come to an end, or is an inequality.
        """
        if self.relation != "=":
            raise RuleError(f"rule {self.name!r} is an inequality; apply it with symce.rules.bounds.bound")
        if len(self._memo) >= REMEMBERED:
            self._memo.clear()
        walk = top_down if self.outermost_first else bottom_up
        heads = frozenset(self.heads)
        current = expr
        for _ in range(PASSES):
            new = walk(current, self.rewrite, heads, self._memo)
            if new == current:
                return None if current == expr else current
            current = new
        raise RuleError(f"rule {self.name!r} still applies after {PASSES} passes over an expression; last: {current}")
