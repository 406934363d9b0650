"""Is every step of a proof true? By numbers: for several K, at random points, for many values of the free indices.

Every line of a proof states the same value. Each is evaluated by itself, with 50 digits, and compared with the line
before. The letters are drawn in their domains; targets add up to one only where the proof lists that as an assumption,
so a proof that uses what it does not list fails.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from symce.check.arithmetic import Number, Undefined, mp, primal
from symce.check.document import Claim, Document, Line
from symce.check.evaluate import Evaluator
from symce.check.reading import read
from symce.check.report import Problem, Report
from symce.check.rules import CITATION, known_rules
from symce.check.sampling import ASSUMPTIONS, Point, assignments, edges

SIZES = (1, 2, 3, 4, 5)
POINTS = 2
#: two values are equal if they differ by less than this part of the larger (of 50 digits half may cancel)
TOLERANCE = mp.mpf(10) ** -25
#: values below this are compared as if they were as large: what cancels to 0 leaves a rest of 1e-50
FLOOR = mp.mpf(10) ** -10


def check_proof(document: Mapping[str, Any], *, sizes: Sequence[int] = SIZES, points: int = POINTS) -> Report:
    """Check a proof given as the JSON values of docs/proof-format.md.

    ``sizes`` are the numbers of classes, ``points`` how many random points there are for each. Where the proof has no
    value for K = 1 (it divides by K - 1, say), or at the edge of a parameter's domain, the report lists that under
    ``excluded``; anywhere else it is a problem.

    Raises DocumentError where the document does not follow the format.
    """
    proof = read(document)
    problems = list(_form(proof))
    places = list(_places(proof, sizes, points))
    outcome = _compare(proof, places)
    if outcome.worst:
        problems.append(outcome.worst)
    elif not outcome.comparisons:
        problems.append(Problem("nothing could be compared: the proof has no value at any point that was tried"))
    known = [a for a in proof.assumptions if a in ASSUMPTIONS]
    needless = [a for a in known if not problems and _holds_without(proof, places, a)]
    problems.sort(key=lambda p: -1 if p.step is None else p.step)
    return Report(
        proof.name,
        tuple(problems),
        outcome.comparisons,
        tuple(str(p) for p in places),
        tuple(f"{place}: {reason}" for place, reason in outcome.excluded.items()),
        tuple(needless),
    )


def _places(proof: Document, sizes: Sequence[int], points: int) -> Iterator[Point]:
    known = tuple(a for a in proof.assumptions if a in ASSUMPTIONS)
    if "two-classes" in known:
        sizes = (2,)
    for classes in sizes:
        for number in range(1, points + 1):
            yield Point(number, classes, proof.domains, known)
    parameters = frozenset(n.names[0] for line in proof.lines for n in line.expr.walk() if n.op == "sym")
    for edge in edges(proof.domains, parameters):
        yield Point(points + 1, min(3, max(sizes)), proof.domains, known, edge)


def _form(proof: Document) -> Iterator[Problem]:
    """What can be seen without numbers: the rules by name, what they need and assume, the end of the proof."""
    for name in proof.assumptions:
        if name not in ASSUMPTIONS:
            yield Problem(f"the assumption {name!r} is not known; known are {', '.join(ASSUMPTIONS)}")
    if not proof.ends_in_result:
        yield Problem("the stated result is not the last line")
    for number, (before, line) in enumerate(zip(proof.lines, proof.lines[1:], strict=False), 1):
        rule = known_rules().get(line.rule)
        message = ""
        if line.expr is before.expr:
            message = "the step changes nothing"
        elif rule is None:
            cited = line.rule.removeprefix(CITATION)
            if not line.rule.startswith(CITATION):
                message = "there is no such rule"
            elif cited not in proof.cites:
                message = f"the proof {cited!r} is used but not listed under cites"
        else:
            message = rule.objection(before.expr, line.expr, proof.assumptions)
            if not message and line.relation != "=" and not rule.bounds:
                message = "the rule is an equality, and the step is none"
        if not message and line.relation != "=" and line.relation != proof.relation:
            message = f"a step {line.relation} after one {proof.relation}: the two do not compose"
        if message:
            yield Problem(message, number, line.rule)


@dataclass
class _Outcome:
    comparisons: int
    worst: Problem | None
    excluded: dict[str, str]


def _compare(proof: Document, places: Sequence[Point]) -> _Outcome:
    """All comparisons; of those that fail the one with the earliest step, and the first point of these."""
    outcome = _Outcome(0, None, {})
    for point in places:
        evaluator = Evaluator(proof, point)
        try:
            for indices in assignments(proof.indices, point):
                _lines(proof.lines, evaluator, indices, outcome)
            for claim in proof.claims:
                for indices in assignments(claim.kinds, point):
                    _claim(claim, evaluator, indices, outcome)
        except _NoValue as reason:
            if point.classes == 1 or point.edge:
                place = f"K = {point.classes}" + (f", {point.edge} parameters" if point.edge else "")
                outcome.excluded.setdefault(place, reason.problem.message)
            else:
                _keep(outcome, reason.problem)
    return outcome


class _NoValue(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def _lines(lines: Sequence[Line], evaluator: Evaluator, indices: dict[str, int], outcome: _Outcome) -> None:
    before: Number = mp.zero
    last = len(lines) - 1 if outcome.worst is None or outcome.worst.step is None else outcome.worst.step - 1
    for number, line in enumerate(lines[: last + 1]):
        where = Problem("", number, line.rule, str(evaluator.point), indices)
        try:
            value = primal(evaluator.value(line.expr, indices))
        except Undefined as reason:
            raise _NoValue(replace(where, message=f"the line has no value: {reason}")) from None
        if number:
            outcome.comparisons += 1
            if not _holds(before, line.relation, value):
                message = f"the line is not {_WORDS[line.relation]} the one before"
                _keep(outcome, replace(where, message=message, before=_digits(before), after=_digits(value)))
                return
        before = value


def _claim(claim: Claim, evaluator: Evaluator, indices: dict[str, int], outcome: _Outcome) -> None:
    where = Problem("", claim.line, "", str(evaluator.point), indices)
    try:
        name, value = (primal(evaluator.value(n, indices)) for n in (claim.name, claim.value))
    except Undefined as reason:
        raise _NoValue(replace(where, message=f"what a name stands for has no value: {reason}")) from None
    outcome.comparisons += 1
    if not _equal(name, value):
        message = "what is named has not the value that the name says (first value: the name's)"
        _keep(outcome, replace(where, message=message, before=_digits(name), after=_digits(value)))


def _keep(outcome: _Outcome, problem: Problem) -> None:
    if outcome.worst is None or (problem.step or 0) < (outcome.worst.step or 0):
        outcome.worst = problem


def _holds_without(proof: Document, places: Sequence[Point], assumption: str) -> bool:
    if assumption == "two-classes":
        places = [replace(p, classes=3) for p in places]
    left = [replace(p, assumptions=tuple(a for a in p.assumptions if a != assumption)) for p in places]
    return _compare(proof, left).worst is None


def _equal(one: Any, other: Any) -> bool:
    return bool(abs(one - other) <= TOLERANCE * max(abs(one), abs(other), FLOOR))


#: as the line is seen from the one before: that one is at most this one
_WORDS = {"=": "equal to", "<=": "at least", ">=": "at most"}


def _holds(one: Any, relation: str, other: Any) -> bool:
    strictly = {"=": False, "<=": one < other, ">=": one > other}[relation]
    return bool(strictly) or _equal(one, other)


def _digits(value: Any) -> str:
    return str(mp.nstr(value, 30))
