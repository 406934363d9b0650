"""Every mutation of a real proof that changes the mathematics is caught; those that are not are named with the reason.

Whether an expression was changed in value is decided by oracle.py, which shares no code with the checker.
"""

import pytest
from check.mutations import EDITS, OTHERS, mutants
from check.oracle import same

from symce.check import DocumentError, check_proof

#: loss: the proofs of it that are mutated
SAMPLE = {
    "cross_entropy": "gradient-partial-p gradient corollary weights bias input batch-weights l2 hessian hvp",
    "weighted_cross_entropy": "gradient-partial-p gradient",
    "temperature_cross_entropy": "gradient-partial-p gradient-adjusted gradient corollary",
    "label_smoothing": "gradient-partial-p gradient corollary gradient-mass hvp",
    "focal": "gradient-partial-p gradient corollary",
    "sigmoid_focal": "gradient",
    "softmax_entropy": "gradient",
    "softmax": "softmax-jacobian log-softmax logsumexp sigmoid softmax-sums-to-one",
    "smoothing": "others-to-uniform uniform-to-others",
    "gradients": "nll-of-log-softmax",
}

_UNDER_DERIVATIVE = "in a derivative, what does not depend on its variable has no influence"
_UNDER_DELTA = "beside a delta its two indices may be exchanged"
#: why a mutation of an expression may leave its value as it was; a kind that is not listed never may
EQUIVALENT = {
    "sign of a line's part": _UNDER_DERIVATIVE,
    "sign of a term": _UNDER_DERIVATIVE,
    "factor 2 on a term": _UNDER_DERIVATIVE,
    "1 as a further term": _UNDER_DERIVATIVE,
    "term dropped": _UNDER_DERIVATIVE,
    "factor dropped": _UNDER_DERIVATIVE,
    "delta dropped": _UNDER_DERIVATIVE,
    "delta made 0": _UNDER_DERIVATIVE,
    "exponent + 1": _UNDER_DERIVATIVE,
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
    "total for partial": "the function depends on the variable in no other way than directly",
    "outer factor dropped": "the factor is 1",
}


@pytest.fixture(scope="session")
def sample(catalogue_documents):
    return {
        f"{loss}/{p}": catalogue_documents[f"{loss}/{p}"] for loss, proofs in SAMPLE.items() for p in proofs.split()
    }


def accepted(document):
    """The report, or None where the document is refused or found false."""
    try:
        report = check_proof(document, sizes=(2, 3), points=1)
    except DocumentError:
        return None
    return report if report.ok else None


@pytest.mark.long
@pytest.mark.parametrize("kind", EDITS)
def test_a_mutation_of_an_expression_is_caught_if_it_changes_the_value(sample, kind):
    caught, equivalent = 0, []
    for name, document in sample.items():
        for mutant in mutants(kind, document):
            if accepted(mutant.document) is None:
                caught += 1
                continue
            where = f"{name}, step {mutant.step}: {mutant.before} became {mutant.after}"
            assert same(document, mutant.before, mutant.after), where
            equivalent.append(where)
    assert caught > 0
    assert kind in EQUIVALENT or not equivalent, equivalent[:1]


ALWAYS_CAUGHT = (
    "statement doubled",
    "result replaced",
    "last step removed",
    "step doubled",
    "rule that does not exist",
)


@pytest.mark.parametrize("kind", ALWAYS_CAUGHT)
def test_a_mutation_around_the_expressions_is_caught(sample, kind):
    found = [m for document in sample.values() for m in mutants(kind, document)]
    assert found
    assert [m for m in found if accepted(m.document)] == []


def survivors(sample, kind):
    """(name, original, mutant, its report) of those that are not caught, and how many are."""
    found, caught = [], 0
    for name, document in sample.items():
        for mutant in mutants(kind, document):
            report = accepted(mutant.document)
            caught += report is None
            found += [(name, document, mutant.document, report)] if report else []
    assert caught > 0
    return found


def test_an_assumption_is_missed_where_a_step_needs_it(sample):
    """Where it is not, the report of the unspoiled proof says so: a proof for a batch states what the rows of G are,
    with the assumption behind that, and its own steps do not need it."""
    for name, document, mutated, _ in survivors(sample, "assumption removed"):
        removed = {*document["assumptions"]} - {*mutated["assumptions"]}
        assert removed <= {*check_proof(document, sizes=(2,), points=1).needless}, name


def test_a_citation_is_missed_where_a_step_uses_it(sample):
    for name, document, mutated, _ in survivors(sample, "citation removed"):
        (cited,) = set(document["cites"]) - set(mutated["cites"])
        assert f"by-{cited}" not in {s["rule"] for s in mutated["steps"] if s["rule"] != "unfold-definition"}, name


def test_a_definition_is_missed_where_the_proof_depends_on_it(sample):
    """Where it is not, the proof holds for any values of the letter: what is proven of softmax(a), whatever a is."""
    left = survivors(sample, "definition of a letter")
    for name, document, mutated, _ in left:
        (spoiled,) = [d["name"][1] for d in mutated["definitions"] if d not in document["definitions"]]
        free = {
            **document,
            "definitions": [d for d in document["definitions"] if d["name"][1] != spoiled],
            "domains": {**document["domains"], spoiled: "real"},
        }
        assert accepted(free), name
    assert {name.split("/")[0] for name, *_ in left} == {"temperature_cross_entropy"}


@pytest.mark.parametrize("kind", ["steps exchanged", "rule of another name", "rule without its assumption"])
def test_steps_out_of_order_leave_a_chain_of_true_equations(sample, kind):
    """Numbers cannot tell which rule led from one line to an equal one: such a proof is true, if oddly told. What can
    be seen is that a rule had nothing to work on, or left what it removes: most are caught by that."""
    total = sum(1 for document in sample.values() for _ in mutants(kind, document))
    left = survivors(sample, kind)
    assert len(left) < total / 2
    for name, document, mutated, report in left:
        assert report.comparisons > 0, name
        assert mutated["result"] == document["result"] == mutated["steps"][-1]["expr"], name


def test_the_kinds_are_many_and_all_are_tested():
    tested = {*EDITS, *ALWAYS_CAUGHT, "assumption removed", "citation removed", "definition of a letter"}
    tested |= {"steps exchanged", "rule of another name", "rule without its assumption"}
    assert tested == {*EDITS, *OTHERS}
    assert len(tested) >= 40
