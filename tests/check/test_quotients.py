"""The second opinion on derivatives: it has to see a dual arithmetic that is wrong."""

import json

import pytest

from symce.check import arithmetic, check_proof, compare, evaluate
from symce.check.arithmetic import Dual

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


def test_a_wrong_dual_number_is_found(monkeypatch):
    """Were the tangent hyperbolic's derivative its value, two lines that say so would agree."""
    right = document(["exp", Z], ["exp", Z])
    wrong = document(["tanh", Z], ["tanh", Z])
    assert check_proof(right).ok
    assert not check_proof(wrong).ok

    def tanh(x):
        value = arithmetic.CONTEXT.tanh(x) if not isinstance(x, Dual) and hasattr(arithmetic.CONTEXT, "tanh") else x
        return Dual(x.level, x.value, x.value) if isinstance(x, Dual) else value

    monkeypatch.setitem(evaluate.HANDLERS, "tanh", evaluate._of(tanh))
    report = check_proof(wrong)
    (problem,) = report.problems
    assert problem.step == 0
    assert "not what difference quotients say" in problem.message
    assert problem.before != problem.after


def test_without_the_second_opinion_it_would_not_be(monkeypatch):
    monkeypatch.setitem(
        evaluate.HANDLERS, "exp", evaluate._of(lambda x: Dual(x.level, x.value, x.value) if isinstance(x, Dual) else x)
    )
    identity = document(["exp", Z], Z)
    assert not check_proof(identity).ok
    monkeypatch.setattr(compare._Place, "second_opinion", lambda *args: None)
    assert check_proof(identity).ok


@pytest.mark.parametrize("name", ["hessian", "weights", "batch-weights", "l2", "hvp"])
def test_all_derivatives_of_a_statement_are_compared(catalogue_documents, name):
    proof = catalogue_documents[f"cross_entropy/{name}"]
    assert any(kind in json.dumps(proof["statement"]) for kind in ("total", "partial"))
    report = check_proof(proof)
    assert report.ok
    assert report.comparisons > len(proof["steps"]) * len(report.points)
