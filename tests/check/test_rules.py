"""The checker's own list of rules is that of the catalogue, and what it says of a rule is enforced."""

from symce.check import check_proof
from symce.check.reading import DOMAINS, FORMAT, FUNCTIONS, RELATIONS, VERSION
from symce.check.rules import known_rules
from symce.check.sampling import ASSUMPTIONS
from symce.derivation import serial
from symce.rules import CATALOGUE


def test_the_names_are_those_of_the_catalogue():
    assert {*known_rules()} == {*CATALOGUE}


def test_the_assumptions_are_those_of_the_catalogue():
    assert {n: r.assumes for n, r in known_rules().items()} == {
        n: {*filter(None, r.assumes.split(","))} for n, r in CATALOGUE.items()
    }
    assert {a for r in CATALOGUE.values() for a in r.assumes.split(",") if a} == {*ASSUMPTIONS}


def test_the_inequalities_are_those_of_the_catalogue():
    assert {n for n, r in known_rules().items() if r.bounds} == {n for n, r in CATALOGUE.items() if r.relation != "="}


def test_reader_and_writer_are_of_one_format():
    assert (serial.FORMAT, serial.VERSION) == (FORMAT, VERSION)
    assert {*serial._FUNCTIONS.values()} == {*FUNCTIONS}
    assert {*serial._RELATIONS.values()} == {*RELATIONS}
    assert {*serial._NARROW} <= {*DOMAINS}


def document(rule, before, after):
    return {
        "format": "symce-proof",
        "version": 1,
        "name": "example",
        "indices": {"j": "class"},
        "domains": {"z": "real", "y": "unit"},
        "assumptions": [],
        "cites": [],
        "definitions": [],
        "statement": before,
        "steps": [{"expr": after, "rule": rule, "why": "because"}],
        "result": after,
    }


Z, Y = ["entry", "z", "j"], ["entry", "y", "j"]


def test_a_rule_that_has_nothing_to_work_on_is_reported():
    report = check_proof(document("derivative-of-log", ["add", Z, Z], ["mul", ["num", "2"], Z]))
    (problem,) = report.problems
    assert (problem.step, problem.message) == (1, "the step rewrites nothing that the rule applies to")
    assert check_proof(document("collect", ["add", Z, Z], ["mul", ["num", "2"], Z])).ok


def test_a_rule_that_leaves_what_it_removes_is_reported():
    before = ["add", ["product", Z, Y], ["product", Y, Y]]
    (problem,) = check_proof(document("cancel", before, ["add", ["product", Z, Y], ["mul", Y, Y]])).problems
    assert problem.message == "the line still holds what the rule would have removed (product)"
    assert check_proof(document("cancel", before, ["add", ["mul", Z, Y], ["mul", Y, Y]])).ok


def test_a_rule_that_brings_nothing_of_what_it_makes_is_reported():
    """A power that becomes a product by the power rule's name alone."""
    before = ["partial", ["pow", Z, ["num", "2"]], Z]
    (problem,) = check_proof(document("power-rule", before, ["add", Z, Z])).problems
    assert "nothing new that the rule would have brought (mul)" in problem.message
    assert check_proof(document("power-rule", before, ["mul", ["num", "2"], Z, ["partial", Z, Z]])).ok


def test_a_rule_is_not_believed_for_what_stands_beside_the_change():
    """There is a logarithm in the line, and the step leaves it as it is."""
    log = ["partial", ["log", ["add", ["exp", Z], ["num", "1"]]], Z]
    (problem,) = check_proof(
        document("derivative-of-log", ["add", log, Z, Z], ["add", log, ["mul", ["num", "2"], Z]])
    ).problems
    assert problem.message == "the step rewrites nothing that the rule applies to"


def test_an_unknown_rule_and_an_unknown_proof_are_reported():
    for rule, message in (("magic", "there is no such rule"), ("by-magic", "not listed under cites")):
        (problem,) = check_proof(document(rule, ["add", Z, Z], ["mul", ["num", "2"], Z])).problems
        assert message in problem.message


def test_an_assumption_that_a_rule_makes_must_be_listed():
    total = ["sum", "k", "class", ["entry", "y", "k"]]
    unlisted = document("target-sums-to-one", total, ["num", "1"])
    assert "which the proof does not list" in check_proof(unlisted).problems[0].message
    assert check_proof({**unlisted, "assumptions": ["sums-to-one"]}).ok
    report = check_proof({**unlisted, "assumptions": ["sums-to-one", "sums-to-two"]})
    assert "'sums-to-two' is not known" in report.text()


def test_a_step_that_changes_nothing_is_reported():
    (problem,) = check_proof(document("collect", ["add", Z, Y], ["add", Z, Y])).problems
    assert problem.message == "the step changes nothing"
