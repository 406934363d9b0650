"""Certificates of false proofs are rejected by Coq, in time and at the step that is false.

Real proofs of the catalogue are spoiled by a seeded choice of the step. Where an expression is spoiled, the other
judge, which tries numbers, says which step is false; Coq has to stop at the same one.
"""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from random import Random

import pytest

from symce.check import check_proof
from symce.check.coq.certificate import Certificate, certificate
from symce.check.coq.places import Places

pytestmark = pytest.mark.long

#: seconds in which a false proof has to be rejected
PATIENCE = 20.0


def times(factor: str) -> Callable[[list], list]:
    return lambda e: ["mul", ["num", factor], e]


def one_more(expr: list) -> list:
    return ["add", expr, ["num", "1"]]


def without_last(expr: list) -> list | None:
    """Without the last term or factor."""
    if expr[0] in ("add", "mul") and len(expr) > 3:
        return expr[:-1]
    return expr[1] if expr[0] in ("add", "mul") and len(expr) == 3 else None


def wrong_index(names: tuple[str, str]) -> Callable[[list], list | None]:
    """Two indices exchanged in the first entry, softmax or delta that has one of them and not the other."""
    swap = dict(zip(names, reversed(names), strict=True))

    def change(expr):
        if expr[0] in ("entry", "softmax") and len({*expr[2:]} & {*names}) == 1:
            return [*expr[:2], *(swap.get(name, name) for name in expr[2:])]
        for position, part in enumerate(expr):
            if isinstance(part, list) and part and isinstance(part[0], str):
                changed = change(part)
                if changed is not None:
                    return [*expr[:position], changed, *expr[position + 1 :]]
        return None

    return change


def step(change: Callable[[list], list | None]) -> Callable[[dict, Random], Iterator[dict]]:
    """A step's line is changed, and the result with it where it is the last."""

    def spoil(proof, random):
        numbers = list(range(len(proof["steps"])))
        random.shuffle(numbers)
        for n in numbers:
            changed = change(proof["steps"][n]["expr"])
            if changed is not None:
                spoiled = copy.deepcopy(proof)
                spoiled["steps"][n]["expr"] = changed
                if n == len(numbers) - 1:
                    spoiled["result"] = changed
                yield spoiled

    return spoil


def result(change: Callable[[list], list | None]) -> Callable[[dict, Random], Iterator[dict]]:
    """The last line is changed, and the result with it."""

    def spoil(proof, random):
        changed = change(proof["result"])
        yield {**proof, "steps": [*proof["steps"][:-1], {**proof["steps"][-1], "expr": changed}], "result": changed}

    return spoil


def statement(proof, random):
    """Another statement."""
    yield {**proof, "statement": ["mul", ["num", "2"], proof["statement"]]}


def relations(proof, random):
    """An inequality the other way round."""
    turned = {"<=": ">=", ">=": "<="}
    steps = [{**s, "relation": turned[s["relation"]]} if "relation" in s else s for s in proof["steps"]]
    yield {**proof, "steps": steps}


def without(assumption: str) -> Callable[[dict, Random], Iterator[dict]]:
    """A hypothesis less."""

    def spoil(proof, random):
        assert assumption in proof["assumptions"]
        yield {**proof, "assumptions": [a for a in proof["assumptions"] if a != assumption]}

    return spoil


def in_domain(letter: str, domain: str) -> Callable[[dict, Random], Iterator[dict]]:
    """Less is supposed of a letter."""

    def spoil(proof, random):
        assert proof["domains"][letter] != domain
        yield {**proof, "domains": {**proof["domains"], letter: domain}}

    return spoil


FALSE_STEPS = [
    ("cross_entropy", "gradient", step(times("2"))),
    ("cross_entropy", "hessian", step(times("-1"))),
    ("cross_entropy", "corollary", step(one_more)),
    ("cross_entropy", "weights", step(times("3"))),
    ("temperature_cross_entropy", "gradient-adjusted", step(one_more)),
    ("label_smoothing", "gradient", step(times("-1"))),
    ("nll_loss", "gradient", result(one_more)),
    ("bce_with_logits", "gradient", step(without_last)),
    ("brier", "gradient-partial-p", result(times("2"))),
    ("focal", "gradient-partial-p", step(times("-1"))),
    ("kl_target_softmax", "gradient", step(without_last)),
    ("softmax", "softmax-jacobian", step(wrong_index(("j", "k")))),
    ("softmax", "log-softmax", result(wrong_index(("j", "k")))),
    ("divergence", "gibbs", result(one_more)),
    ("entropy", "entropy-at-most-log-k", relations),
    ("variants", "focal-without-focus", step(times("2"))),
    ("weighted_cross_entropy", "gradient", statement),
]
LESS_SUPPOSED = [
    ("cross_entropy", "corollary", without("sums-to-one"), 2),
    ("divergence", "gibbs", without("true-sums-to-one"), None),
    ("divergence", "gibbs", in_domain("model", "real"), None),
]


@pytest.fixture
def rejected(document, prove):
    """Coq's failure on a proof that takes the place of one of a file; what it cites stays as it is."""

    def judged(name, proof):
        data = document(name)
        known = {p["name"]: p for p in data["proofs"]}
        needed = {proof["name"]}
        for other in reversed(data["proofs"]):  # what is cited stands before what cites it
            if other["name"] in needed:
                needed |= set(other["cites"]) & set(known)
        proofs = [proof if p["name"] == proof["name"] else p for p in data["proofs"] if p["name"] in needed]
        verdict = prove({**data, "proofs": proofs})
        assert not verdict.ok
        assert verdict.seconds < PATIENCE
        [failure] = verdict.failures
        assert failure.proof == proof["name"]
        return failure

    return judged


@pytest.mark.parametrize(("name", "proof", "spoil"), FALSE_STEPS, ids=lambda v: v if isinstance(v, str) else "")
def test_both_judges_reject_at_the_same_step(name, proof, spoil, document, rejected):
    [right] = document(name, proof)["proofs"]
    for spoiled in spoil(right, Random(f"{name} {proof}")):
        report = check_proof(spoiled, sizes=(2, 3), points=1)
        if report.first_false is not None:
            failure = rejected(name, spoiled)
            assert failure.step == report.first_false.step
            assert failure.rule == report.first_false.rule
            return
    raise AssertionError("no way to spoil it changes a value")


@pytest.mark.parametrize(("name", "proof", "spoil", "at"), LESS_SUPPOSED, ids=lambda v: v if isinstance(v, str) else "")
def test_without_a_hypothesis_it_is_rejected(name, proof, spoil, at, document, rejected):
    [right] = document(name, proof)["proofs"]
    [spoiled] = spoil(right, Random(0))
    failure = rejected(name, spoiled)
    assert failure.step is not None
    assert at in (None, failure.step)


def test_without_the_range_of_an_index_it_is_rejected(document, real_bench):
    data = document("cross_entropy", "gradient-partial-p", "gradient")
    head, theorem = certificate(data).text.split("Theorem cross_entropy_gradient ")
    assert theorem.count("(j < K)%nat ->") == 1
    text = f"{head}Theorem cross_entropy_gradient {theorem.replace('(j < K)%nat ->', '')}"
    verdict = real_bench.judge(Certificate(text, ()), Places.of(text, data))
    assert verdict.seconds < PATIENCE
    [failure] = verdict.failures
    assert failure.proof == "gradient"


def test_exchanged_steps_are_rejected(document, rejected):
    [right] = document("cross_entropy", "gradient")["proofs"]
    first, second, *others = right["steps"]
    assert rejected("cross_entropy", {**right, "steps": [second, first, *others]}).step == 1


#: derives a loss with a rule that gives twice what it should, and prints the proofs
PLANTED = """
import json, sys
from symce.rules import CATALOGUE
rule = CATALOGUE[sys.argv[1]]
right = rule.rewrite
object.__setattr__(rule, "rewrite", lambda node: None if (made := right(node)) is None else 2 * made)
from symce import Loss, derive
from symce.derivation.serial import documents
loss = Loss("planted", "With a wrong rule", "distribution", "-Sum(y[k]*log(p[k]), k)")
print(json.dumps({"name": "planted", "title": "Planted", "proofs": list(documents(derive(loss)).values())}))
"""


@pytest.mark.parametrize("rule", ["derivative-of-log", "softmax-jacobian", "delta-contraction"])
def test_a_wrong_rule_of_the_deriver_fails_both_judges_at_its_step(rule, prove):
    done = subprocess.run(
        [sys.executable, "-c", PLANTED, rule], capture_output=True, text=True, check=True, env={**os.environ}
    )
    data = json.loads(done.stdout)
    reports = {p["name"]: check_proof(p, sizes=(2, 3), points=1) for p in data["proofs"]}
    false = next(report for report in reports.values() if not report.ok)
    assert false.first_false is not None
    assert false.first_false.rule == rule
    [failure] = prove(data).failures
    assert (failure.proof, failure.step, failure.rule) == (false.name, false.first_false.step, rule)
