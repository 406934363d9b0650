"""Every mutation of a proof that changes the mathematics is caught: all proofs of the catalogue, 50 mutants each.

What is not caught has to be a true proof by the judgement of oracle.py, which shares no code with the checker: the
mutant says the same in other words, or something else that holds as well (such as a weaker bound). Why that can be is
said below for each kind of mutation; a kind that is not listed is always caught.
"""

import json
from functools import cache
from pathlib import Path

import pytest
from check.edits import EDITS
from check.mutations import OTHERS, mutants
from check.oracle import Oracle

from symce.check import DocumentError, check_proof, check_rows
from symce.check.rules import known_rules

PROOFS = Path(__file__).parents[2] / "generated" / "proofs"
FILES = sorted(str(path.relative_to(PROOFS).with_suffix("")) for path in PROOFS.rglob("*.json"))
MUTANTS = 52

_UNDER_DERIVATIVE = "in a derivative, what does not depend on its variable has no influence"
_UNDER_DELTA = "beside a delta its two indices may be exchanged"
_NO_OTHER_PATH = "the function depends on the variable in no other way than directly"
_ANOTHER_REASON = "the lines are as they were; the rule that is named, or both steps at once, lead from one to the next"
#: why a mutation of a kind may be a true proof; a kind that is not listed never is
REASONS = {
    "sign of a line's part": _UNDER_DERIVATIVE,
    "sign of a term": _UNDER_DERIVATIVE,
    "factor 2 on a term": _UNDER_DERIVATIVE,
    "1 as a further term": _UNDER_DERIVATIVE,
    "term dropped": _UNDER_DERIVATIVE,
    "factor dropped": _UNDER_DERIVATIVE,
    "delta dropped": _UNDER_DERIVATIVE,
    "delta made 0": _UNDER_DERIVATIVE,
    "exponent + 1": _UNDER_DERIVATIVE,
    "exponent - 1": _UNDER_DERIVATIVE,
    "exponent negated": _UNDER_DERIVATIVE,
    "number + 1": _UNDER_DERIVATIVE,
    "parameter + 1": _UNDER_DERIVATIVE,
    "K + 1": _UNDER_DERIVATIVE,
    "another vector": "the derivative with respect to b_k is that with respect to z_k, since z = W x + b",
    "terms of a sum taken K times": "a sum of zeros",
    "sum taken K times": f"below a logarithm a factor is a further term: {_UNDER_DERIVATIVE}",
    "index of a delta": f"{_UNDER_DELTA}; {_UNDER_DERIVATIVE}",
    "index of an entry": f"{_UNDER_DELTA}, or beside a derivative that is such a delta",
    "index of softmax": f"{_UNDER_DELTA}, or beside a derivative that is such a delta",
    "variable of a derivative": f"{_UNDER_DELTA}: the product of both derivatives is 0 unless the indices agree",
    "sum dropped": "all terms but one are 0, and that one is what is left",
    "product for a sum": _UNDER_DERIVATIVE,
    "total for partial": _NO_OTHER_PATH,
    "partial for total": _NO_OTHER_PATH,
    "outer factor dropped": "the factor is 1",
    "log for its argument": _UNDER_DERIVATIVE,
    "logarithm of base 2": _UNDER_DERIVATIVE,
    "logit for its softmax": "beside a factor that is 0",
    "exp of the negative": _UNDER_DERIVATIVE,
    "bound index that captures": "the sum is 0 before and after, or a derivative in it is",
    "definition under a name": "the value is 0",
    "statement doubled": "the value is 0",
    "definition removed": "no line holds the letter",
    "definition of a letter": "the proof holds for any values of the letter: what is true of softmax(a), whatever a is",
    "domain of a letter": "the proof holds there as well",
    "relation of a step": "what is equal is also at most and at least that",
    "steps exchanged": _ANOTHER_REASON,
    "step left out": _ANOTHER_REASON,
    "rule of another name": _ANOTHER_REASON,
}


@cache
def proofs_of(file):
    """The proofs of a file by name. ``derive --check`` holds that they are what is derived."""
    return {p["name"]: p for p in json.loads((PROOFS / f"{file}.json").read_text(encoding="utf-8"))["proofs"]}


def caught(document, others, **options):
    try:
        report = check_proof(document, **options)
    except DocumentError:
        return True
    if report.ok and "steps" not in options:
        report = check_rows(document, others, report)
    return not report.ok


def changed(mutant):
    """The numbers of the steps that a mutation has changed."""
    last = len(mutant.document["steps"])
    return [n for n in mutant.steps or range(1, last + 1) if 1 <= n <= last]


def caught_soon(mutant, others):
    """Whether a few points tell: where the lines have changed, then anywhere."""
    steps = changed(mutant)
    return caught(mutant.document, others, sizes=(3,), points=1, steps=steps) or caught(
        mutant.document, others, sizes=(2, 3), points=1
    )


def is_true(mutant, original):
    """Whether the mutant is a true proof by the other judge; ``original`` knows the values of unchanged lines."""
    judge = Oracle(mutant.document)
    if mutant.steps:
        judge.values = original.values
    return judge.holds(changed(mutant) if mutant.steps else None)


@pytest.mark.long
@pytest.mark.parametrize("file", FILES)
def test_a_mutation_is_caught_unless_what_it_says_is_true(file):
    proofs = proofs_of(file)
    for name, proof in proofs.items():
        spoiled = mutants(proof, MUTANTS)
        assert len(spoiled) >= 50, name
        original = Oracle(proof)
        assert original.holds(), name
        for mutant in spoiled:
            if caught_soon(mutant, proofs):
                continue
            if is_true(mutant, original):
                assert mutant.kind in REASONS, (name, mutant)
            else:
                assert caught(mutant.document, proofs), (name, mutant)


def test_most_rules_of_another_name_are_noticed():
    """Numbers cannot tell which rule led from one line to an equal one; what a rule takes and brings can, mostly."""
    left = total = 0
    for proof in proofs_of("cross_entropy").values():
        for number, step in enumerate(proof["steps"], 1):
            for rule in known_rules():
                if rule != step["rule"]:
                    steps = [*proof["steps"][: number - 1], {**step, "rule": rule}, *proof["steps"][number:]]
                    total += 1
                    left += not caught({**proof, "steps": steps}, {}, sizes=(2,), points=1, steps=[])
    assert left < total / 6


def test_the_kinds_are_many():
    assert len({*EDITS, *OTHERS}) >= 50
    assert {*REASONS} <= {*EDITS, *OTHERS}
