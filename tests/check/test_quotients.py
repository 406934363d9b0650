"""The second opinion on derivatives: it has to see a dual arithmetic that is wrong."""

import json
from decimal import Decimal

import pytest

from symce.check import check_proof, compare, evaluate
from symce.check.arithmetic import Dual, exp, multiply

Z = ["entry", "z", "j"]


def document(function, result, rule="linearity"):
    derivative = ["partial", function, Z]
    return {
        "format": "symce-proof",
        "version": 1,
        "name": "example",
        "indices": {"j": "class"},
        "domains": {"z": "real"},
        "assumptions": [],
        "cites": [],
        "definitions": [],
        "statement": derivative,
        "steps": [{"expr": result, "rule": rule, "why": "because"}],
        "result": result,
    }


def twice(x):
    """An exponential whose derivative is wrong."""
    return (
        Dual(x.level, exp(x.value), multiply(Decimal(2), multiply(exp(x.value), x.slope)))
        if isinstance(x, Dual)
        else exp(x)
    )


WRONG = document(["exp", Z], ["mul", ["num", "2"], ["exp", Z]])


def test_a_wrong_dual_arithmetic_is_found(monkeypatch):
    """The lines agree with one another, and both are wrong in the same way."""
    assert not check_proof(WRONG).ok
    monkeypatch.setitem(evaluate.HANDLERS, "exp", evaluate._of(twice))
    (problem,) = check_proof(WRONG).problems
    assert problem.step == 0
    assert "not what difference quotients say" in problem.message
    assert float(problem.after) == pytest.approx(2 * float(problem.before))


def test_without_the_second_opinion_it_would_not_be(monkeypatch):
    monkeypatch.setitem(evaluate.HANDLERS, "exp", evaluate._of(twice))
    monkeypatch.setattr(compare._Place, "second_opinion", lambda *args: None)
    assert check_proof(WRONG).ok


@pytest.mark.parametrize("name", ["hessian", "weights", "batch-weights", "l2", "hvp"])
def test_all_derivatives_of_a_statement_are_compared(catalogue_documents, name):
    proof = catalogue_documents[f"cross_entropy/{name}"]
    assert any(kind in json.dumps(proof["statement"]) for kind in ("total", "partial"))
    report = check_proof(proof)
    assert report.ok
    assert report.comparisons > len(proof["steps"]) * len(report.points)
