"""The numbers of a proof, compared: each line with the one before, names with what they say, derivatives twice."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from symce.check.arithmetic import CONTEXT, DIGITS, ZERO, Undefined, digits, primal
from symce.check.conditions import gone, violated
from symce.check.document import Claim, Document, Node
from symce.check.evaluate import Evaluator
from symce.check.quotients import mp, quotient
from symce.check.report import Problem
from symce.check.rules import known_rules
from symce.check.sampling import Point, assignments

#: two values are equal if they differ by less than this part of the larger (of 60 digits half may cancel)
TOLERANCE = Decimal("1e-30")
#: the same of a difference quotient
QUOTIENT_TOLERANCE = Decimal("1e-20")
#: values below this are compared as if they were as large: what cancels to 0 leaves a rest of 1e-60
FLOOR = Decimal("1e-10")
#: at how many assignments of values to the free indices the side conditions of rules are tried at a point
CONDITIONED = 3

#: as the line is seen from the one before: that one is at most this one
_WORDS = {"=": "equal to", "<=": "at least", ">=": "at most"}


@dataclass
class Outcome:
    """``worst`` is the problem with the earliest step; ``excluded`` are places without a value, and why."""

    comparisons: int = 0
    worst: Problem | None = None
    excluded: dict[str, str] = field(default_factory=dict)

    def keep(self, problem: Problem) -> None:
        if self.worst is None or (problem.step or 0) < (self.worst.step or 0):
            self.worst = problem


class NoValue(Exception):
    """A line or what a name stands for has no value at a point."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def compare(
    proof: Document, places: Sequence[Point], *, steps: Collection[int] | None = None, values_alone: bool = False
) -> Outcome:
    """All comparisons; of those that fail the one with the earliest step, and the first point of these.

    ``steps`` are those that are compared (all if None); ``values_alone``: neither side conditions nor quotients.
    """
    outcome = Outcome()
    rewritten = {} if values_alone else _conditioned(proof, steps)
    for point in places:
        try:
            _Place(proof, point, outcome, steps, rewritten, thorough=not values_alone).compare()
        except NoValue as reason:
            if point.classes == 1 or point.edge:
                place = f"K = {point.classes}" + (f", {point.edge} parameters" if point.edge else "")
                outcome.excluded.setdefault(place, reason.problem.message)
            else:
                outcome.keep(reason.problem)
    return outcome


def _conditioned(proof: Document, steps: Collection[int] | None) -> dict[int, frozenset[Node]]:
    """Of each step by a rule with side conditions what it rewrites."""
    found = {}
    for number, (before, line) in enumerate(zip(proof.lines, proof.lines[1:], strict=False), 1):
        rule = known_rules().get(line.rule)
        if rule and rule.conditions and (steps is None or number in steps):
            found[number] = gone(before.expr, line.expr)
    return found


@dataclass
class _Place:
    """One point."""

    proof: Document
    point: Point
    outcome: Outcome
    steps: Collection[int] | None
    rewritten: dict[int, frozenset[Node]]
    thorough: bool

    def __post_init__(self) -> None:
        self.evaluator = Evaluator(self.proof, self.point)
        #: a difference quotient takes long: one point for each K
        self.thorough = self.thorough and self.point.number == 1
        self.wanted = (
            range(len(self.proof.lines)) if self.steps is None else {*self.steps, *(n - 1 for n in self.steps)}
        )

    def compare(self) -> None:
        for number, indices in enumerate(assignments(self.proof.indices, self.point)):
            self.lines(indices, conditions=number < CONDITIONED)
        if 0 in self.wanted:
            self.second_opinion(self.proof.lines[0].expr, 0, self.proof.indices)
        for claim in self.proof.claims:
            if self.steps is None or claim.line in self.wanted:
                for indices in assignments(claim.kinds, self.point):
                    self.claim(claim, indices)
                self.second_opinion(claim.name, claim.line, claim.kinds)

    def problem(self, message: str, step: int, indices: dict[str, int], *values: Decimal) -> Problem:
        before, after = (digits(v, 30) for v in values) if values else ("", "")
        return Problem(message, step, self.proof.lines[step].rule, str(self.point), indices, before, after)

    def value(self, expr: Node, step: int, indices: dict[str, int], subject: str) -> Decimal:
        try:
            return primal(self.evaluator.value(expr, indices))
        except Undefined as reason:
            raise NoValue(self.problem(f"{subject} has no value: {reason}", step, indices)) from None

    def lines(self, indices: dict[str, int], *, conditions: bool) -> None:
        worst = self.outcome.worst
        last = len(self.proof.lines) if worst is None or worst.step is None else worst.step
        before = ZERO
        for number, line in enumerate(self.proof.lines[:last]):
            if number not in self.wanted:
                continue
            value = self.value(line.expr, number, indices, "the line")
            if number and (self.steps is None or number in self.steps):
                self.outcome.comparisons += 1
                if not holds(before, line.relation, value):
                    message = f"the line is not {_WORDS[line.relation]} the one before"
                    self.outcome.keep(self.problem(message, number, indices, before, value))
                    return
                if conditions and number in self.rewritten and not self.conditions(number, indices):
                    return
            before = value

    def conditions(self, number: int, indices: dict[str, int]) -> bool:
        """Whether the side conditions of a step hold here."""
        line, before = self.proof.lines[number], self.proof.lines[number - 1]
        names = known_rules()[line.rule].conditions
        message = violated(names, before.expr, self.rewritten[number], self.evaluator, indices)
        if message:
            problem = self.problem(message, number, indices)
            if self.point.edge or self.point.classes == 1:
                raise NoValue(problem)
            self.outcome.keep(problem)
        return not message

    def second_opinion(self, expr: Node, step: int, kinds: Mapping[str, str]) -> None:
        """The derivatives in an expression by difference quotients, for one assignment of values to its indices."""
        if not self.thorough or self.outcome.worst or not any(node.op in ("total", "partial") for node in expr.walk()):
            return
        chosen = list(assignments(kinds, self.point))
        indices = chosen[self.point.classes % len(chosen)]
        value = self.value(expr, step, indices, "the line")
        try:
            other = Decimal(mp.nstr(quotient(self.proof, self.point, expr, indices), DIGITS))
        except Undefined as reason:
            if self.point.classes > 1:  # of one class p is 1, and beside 1 a power of 1 - p may have no value
                self.outcome.keep(self.problem(f"a difference quotient has no value: {reason}", step, indices))
            return
        self.outcome.comparisons += 1
        if not equal(value, other, QUOTIENT_TOLERANCE):
            message = "the derivative is not what difference quotients say (first value: theirs)"
            self.outcome.keep(self.problem(message, step, indices, other, value))

    def claim(self, claim: Claim, indices: dict[str, int]) -> None:
        subject = "what a name stands for"
        name, value = (self.value(n, claim.line, indices, subject) for n in (claim.name, claim.value))
        self.outcome.comparisons += 1
        if not equal(name, value):
            message = "what is named has not the value that the name says (first value: the name's)"
            self.outcome.keep(self.problem(message, claim.line, indices, name, value))


def equal(one: Decimal, other: Decimal, tolerance: Decimal = TOLERANCE) -> bool:
    difference = CONTEXT.abs(CONTEXT.subtract(one, other))
    return difference <= CONTEXT.multiply(tolerance, max(CONTEXT.abs(one), CONTEXT.abs(other), FLOOR))


def holds(one: Decimal, relation: str, other: Decimal) -> bool:
    strictly = {"=": False, "<=": one < other, ">=": one > other}[relation]
    return strictly or equal(one, other)
