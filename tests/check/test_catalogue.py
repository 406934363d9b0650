"""Every proof of the catalogue holds, and what the checker says of it is what it should say."""

import copy
import time

import pytest
from sympy import Pow

from symce.algebra.indices import j
from symce.algebra.nodes import Partial
from symce.check import check_proof
from symce.derivation.derive import derive
from symce.derivation.model import y, z
from symce.derivation.proof import Builder
from symce.derivation.serial import documents, serialise
from symce.losses import catalogue
from symce.rules import CATALOGUE, Rule


@pytest.fixture(scope="session")
def reports(catalogue_documents):
    start = time.process_time()
    found = {name: check_proof(document) for name, document in catalogue_documents.items()}
    return found, time.process_time() - start


@pytest.mark.long
def test_every_proof_holds(reports, catalogue_documents):
    found, _ = reports
    assert len(found) > 100
    assert {name: r.text() for name, r in found.items() if not r.ok} == {}
    assert all(r.comparisons > 0 and len(r.points) >= 2 for r in found.values())
    few = {name for name, r in found.items() if len(r.points) < 10}
    assert few == {name for name in found if "two-classes" in catalogue_documents[name]["assumptions"]}


@pytest.mark.long
def test_only_what_divides_by_nothing_at_one_class_is_left_out(reports):
    found, _ = reports
    excluded = {name: r.excluded for name, r in found.items() if r.excluded}
    assert excluded
    assert set().union(*excluded.values()) == {"K = 1: the line has no value: a division by zero"}
    assert {name.split("/")[0] for name in excluded} >= {"focal", "label_smoothing", "smoothing"}


@pytest.mark.long
def test_the_catalogue_is_checked_in_a_minute_or_so_of_one_core(reports):
    """Half a minute where nothing else runs; only a large regression breaks this."""
    _, seconds = reports
    assert seconds < 120


def test_an_assumption_that_is_used_but_not_listed_is_found(catalogue_documents):
    for name, step in (("cross_entropy/corollary", 2), ("cross_entropy/weights", 2)):
        document = catalogue_documents[name]
        assert document["assumptions"] == ["sums-to-one"]
        assert check_proof(document).ok
        report = check_proof({**document, "assumptions": []})
        assert report.first_false.step == step, report.text()


def test_a_second_derivative_owes_the_assumptions_of_the_first(catalogue_documents):
    """The Hessian starts from dL/dz_j = p_j - y_j, which is true for targets that add up to one alone."""
    document = catalogue_documents["cross_entropy/hessian"]
    assert check_proof(document).ok
    report = check_proof({**document, "assumptions": []})
    assert report.first_false.step == 0
    assert "the name says" in report.first_false.message


def test_an_assumption_that_nothing_needs_is_named(catalogue_documents):
    document = {**catalogue_documents["cross_entropy/gradient"], "assumptions": ["sums-to-one"]}
    report = check_proof(document)
    assert report.ok
    assert report.needless == ("sums-to-one",)
    assert check_proof(catalogue_documents["cross_entropy/corollary"]).needless == ()


def test_the_first_false_step_is_reported_with_its_values(catalogue_documents):
    document = copy.deepcopy(catalogue_documents["cross_entropy/gradient"])
    for step in document["steps"][2:4]:
        step["expr"] = ["mul", ["num", "2"], step["expr"]]
    problem = check_proof(document).first_false
    assert (problem.step, problem.rule) == (3, "softmax-jacobian")
    assert problem.where == "K = 2, point 1", "for one class the gradient is 0, and so is twice the gradient"
    assert float(problem.after) == pytest.approx(2 * float(problem.before), rel=1e-15)
    assert problem.indices == {"j": 1}
    text = check_proof(document).text()
    assert "step 3 (softmax-jacobian): the line is not equal to the one before" in text
    assert "j = 1" in text


def test_a_step_that_is_false_where_two_indices_agree_alone_is_found(catalogue_documents):
    """p_k (delta_kj - p_j) without its delta is right wherever k and j differ."""
    document = copy.deepcopy(catalogue_documents["softmax/softmax-jacobian"])
    wrong = ["mul", ["num", "-1"], ["softmax", "z", "k"], ["softmax", "z", "j"]]
    document["steps"][-1]["expr"] = document["result"] = wrong
    problem = check_proof(document, sizes=(3,)).first_false
    assert problem.step == len(document["steps"])
    assert problem.indices["j"] == problem.indices["k"]


def test_documents_are_the_same_every_time(catalogue_documents):
    again = documents(derive(catalogue()["focal"]))
    assert again == {n.split("/")[1]: d for n, d in catalogue_documents.items() if n.startswith("focal/")}


def test_a_rule_that_is_wrong_is_found_at_the_step_that_it_makes():
    """d(u^n) = n u^n du under the name of the power rule, in a derivation that is sound otherwise."""
    wrong = Rule(
        "power-rule",
        CATALOGUE["power-rule"].law,
        "as the power rule, but for the exponent",
        lambda e: (
            e.function.exp * e.function * Partial(e.function.base, e.variable)
            if isinstance(e, Partial) and isinstance(e.function, Pow)
            else None
        ),
    )
    for rule, ok in ((CATALOGUE["power-rule"], True), (wrong, False)):
        builder = Builder("cube", "lemma", "the derivative of a cube", Partial(y[j] - z[j] ** 3, z[j]))
        for name in ("linearity", rule, "independent-entries"):
            assert builder.apply(CATALOGUE[name] if isinstance(name, str) else name)
        report = check_proof(serialise(builder.proof()))
        assert report.ok == ok
        assert ok or (report.first_false.step, report.first_false.rule) == (2, "power-rule")
