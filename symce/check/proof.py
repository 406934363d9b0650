"""Is every step of a proof true? By numbers: for several K, at random points, for many values of the free indices.

Every line of a proof states the same value. Each is evaluated by itself, with 60 digits, and compared with the line
before. The letters are drawn in their domains; targets add up to one only where the proof lists that as an assumption,
so a proof that uses what it does not list fails.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from symce.check.compare import compare
from symce.check.document import Document
from symce.check.reading import read
from symce.check.report import Problem, Report
from symce.check.rules import CITATION, known_rules
from symce.check.sampling import ASSUMPTIONS, Point, edges

SIZES = (1, 2, 3, 4, 5, 6)
POINTS = 2
#: for more classes than that one point is enough
FEW_CLASSES = 4
#: an equation that holds at a random point holds everywhere, or nearly so; an inequality may hold at one by luck
BOUND_POINTS, BOUND_SCALE = 10, 5


def check_proof(
    document: Mapping[str, Any],
    *,
    sizes: Sequence[int] = SIZES,
    points: int = POINTS,
    steps: Collection[int] | None = None,
) -> Report:
    """Check a proof given as the JSON values of docs/proof-format.md.

    ``sizes`` are the numbers of classes, ``points`` how many random points there are for each (one beyond K = 4),
    ``steps`` the numbers of the steps whose values are compared (all if None). Where the proof has no value for K = 1
    (it divides by K - 1, say), or at the edge of a parameter's domain, the report lists that under ``excluded``;
    anywhere else it is a problem.

    Raises DocumentError where the document does not follow the format.
    """
    proof = read(document)
    problems = list(_form(proof))
    places = list(_places(proof, sizes, points))
    outcome = compare(proof, places, steps=steps)
    if outcome.worst:
        problems.append(outcome.worst)
    elif not outcome.comparisons and steps is None:
        problems.append(Problem("nothing could be compared: the proof has no value at any point that was tried"))
    known = [a for a in proof.assumptions if a in ASSUMPTIONS]
    needless = [a for a in known if not problems and steps is None and _holds_without(proof, places, a)]
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
        for number in range(1, (points if classes <= FEW_CLASSES else min(points, 1)) + 1):
            yield Point(number, classes, proof.domains, known)
        for number in range(points + 1, BOUND_POINTS + 1) if proof.relation != "=" else ():
            yield Point(number, classes, proof.domains, known, scale=BOUND_SCALE if number % 2 else 1)
    parameters = frozenset(n.names[0] for line in proof.lines for n in line.expr.walk() if n.op == "sym")
    for edge in edges(proof.domains, parameters):
        yield Point(max(points, BOUND_POINTS) + 1, min(3, max(sizes)), proof.domains, known, edge)


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


def _holds_without(proof: Document, places: Sequence[Point], assumption: str) -> bool:
    """Whether every line is as true where an assumption is not made: then the proof does not need it."""
    if assumption == "two-classes":
        places = [replace(p, classes=3) for p in places]
    left = [replace(p, assumptions=tuple(a for a in p.assumptions if a != assumption)) for p in places]
    return compare(proof, left, values_alone=True).worst is None
