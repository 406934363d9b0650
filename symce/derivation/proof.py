"""A proof is the computation itself: step n's expression is what rule n made of step n-1's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

from sympy import Expr

from symce.algebra.walk import unfold
from symce.derivation.budget import DerivationError, check_time
from symce.rules.bounds import bound
from symce.rules.rule import Relation as Relation
from symce.rules.rule import Rule

Kind = Literal["lemma", "theorem", "corollary"]


@dataclass(frozen=True)
class Step:
    """One displayed line: the expression, the rule that gave it, and why that rule holds.

    The line before it is ``relation`` this one: equal, at most, or at least.
    """

    expr: Expr
    rule: str
    why: str
    relation: Relation = "="


@dataclass(frozen=True)
class Definition:
    """A letter that the statement uses: p_k = softmax(z)_k, q_k = w_k y_k."""

    label: Expr
    meaning: Expr


@dataclass(frozen=True)
class Proof:
    """``statement`` is ``relation`` ``result``, by ``steps``, under ``assumptions`` (names; see documents for wording).

    ``cites`` names the proofs whose results are used as rules.
    """

    name: str
    kind: Kind
    title: str
    statement: Expr
    steps: tuple[Step, ...]
    assumptions: tuple[str, ...] = ()
    cites: tuple[str, ...] = ()
    definitions: tuple[Definition, ...] = ()

    @property
    def result(self) -> Expr:
        """What the statement was found to be."""
        return self.steps[-1].expr if self.steps else self.statement

    @property
    def relation(self) -> Relation:
        """What holds between statement and result: an equality where every step is one."""
        return next((s.relation for s in self.steps if s.relation != "="), "=")

    @property
    def closed_form(self) -> Expr:
        """The result without names."""
        return unfold(self.result)

    def _repr_latex_(self) -> str:
        # the printers are for those who look: a derivation alone needs none
        from symce.derivation.notebook import proof_latex

        return proof_latex(self)

    def _repr_markdown_(self) -> str:
        from symce.derivation.notebook import proof_markdown

        return proof_markdown(self)


@dataclass
class Builder:
    """Records a proof while it is computed."""

    name: str
    kind: Kind
    title: str
    statement: Expr
    definitions: tuple[Definition, ...] = ()
    steps: list[Step] = field(default_factory=list)
    assumptions: list[str] = field(default_factory=list)
    cites: list[str] = field(default_factory=list)

    @property
    def current(self) -> Expr:
        return self.steps[-1].expr if self.steps else self.statement

    def apply(self, rule: Rule) -> bool:
        """Apply a rule to exhaustion as one step; False if it does not apply."""
        check_time(self.name)
        new = rule.exhaust(self.current)
        if new is None:
            return False
        self.record(rule, new)
        return True

    def bound(self, rule: Rule, relation: Relation) -> None:
        """Apply an inequality wherever it makes the line ``relation`` the next one.

        Raises DerivationError where it applies nowhere.
        """
        new = bound(rule, self.current, relation)
        if new is None:
            raise DerivationError(f"{self.name}: {rule.name!r} gives nothing that {self.current} is {relation}")
        self.record(rule, new, relation)

    def record(self, rule: Rule, new: Expr, relation: Relation = "=") -> None:
        """Add a line. Raises DerivationError where it would turn round the inequality of an earlier one."""
        so_far = next((s.relation for s in self.steps if s.relation != "="), "=")
        if relation != "=" and so_far not in ("=", relation):
            raise DerivationError(
                f"{self.name}: a step {relation} by {rule.name!r} after one {so_far}: the two bounds do not compose"
            )
        self.steps.append(Step(new, rule.name, rule.why, relation))
        self.assume(*filter(None, rule.assumes.split(",")))
        if rule.name.startswith(CITATION) and rule.name[len(CITATION) :] not in self.cites:
            self.cites.append(rule.name[len(CITATION) :])

    def assume(self, *names: str) -> None:
        """List what must hold for the proof."""
        self.assumptions += [n for n in names if n not in self.assumptions]

    def cycle(self, rules: Iterable[Rule], *, until: Callable[[Expr], bool] = lambda _: False, cap: int = 60) -> None:
        """Try the rules in order, again and again, until none applies or ``until`` holds."""
        order = tuple(rules)
        for _ in range(cap):
            if until(self.current) or not any(self.apply(rule) for rule in order):
                return
        raise DerivationError(
            f"{self.name}: no end after {cap} steps; last step by {self.steps[-1].rule!r} gave {self.current}"
        )

    def proof(self) -> Proof:
        return Proof(
            self.name,
            self.kind,
            self.title,
            self.statement,
            tuple(self.steps),
            tuple(self.assumptions),
            tuple(self.cites),
            self.definitions,
        )


#: A step by the result of another proof has this prefix and the proof's name as its rule name.
CITATION = "by-"


def citation(proof: Proof, match: Callable[[Expr], Expr | None]) -> Rule:
    """A proven statement as a rule: ``match`` gives, for a node that is an instance of it, its result."""
    return Rule(
        CITATION + proof.name,
        (proof.statement, proof.result),
        f"The {proof.kind} on {proof.title}.",
        match,
        assumes=",".join(proof.assumptions),
        coq="apply",
    )
