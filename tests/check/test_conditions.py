"""A rule is used only where its side conditions hold: a step may be true, and still not be what the rule allows."""

import pytest

from symce.check import check_proof
from symce.check.conditions import CONDITIONS
from symce.check.rules import known_rules

Z, W, T = ["entry", "z", "j"], ["entry", "w", "j"], ["sym", "t"]
MINUS = ["num", "-1"]


def document(rule, before, after, relation="=", **domains):
    return {
        "format": "symce-proof",
        "version": 1,
        "name": "example",
        "indices": {"j": "class"},
        "domains": {"z": "real", "w": "positive", "t": "nonnegative", **domains},
        "assumptions": [],
        "cites": [],
        "definitions": [],
        "statement": before,
        "steps": [{"expr": after, "rule": rule, "why": "because", "relation": relation}],
        "result": after,
    }


def negative(e):
    return ["mul", MINUS, e]


def derivative(e):
    return ["partial", e, Z]


#: rule: a step that it allows, one that is as true and that it does not allow, and what is said
STEPS = {
    "log-of-quotient": (
        (["log", ["mul", W, T]], ["add", ["log", W], ["log", T]]),
        (["log", ["mul", negative(W), negative(T)]], ["add", ["log", W], ["log", T]]),
        "a factor below the logarithm is -",
    ),
    "log-of-power": (
        (["log", ["pow", W, T]], ["mul", T, ["log", W]]),
        (["log", ["pow", Z, ["num", "2"]]], ["mul", ["num", "2"], ["log", ["abs", Z]]]),
        "a factor below the logarithm is -",
    ),
    "log-of-product": (
        (["log", ["prod", "k", "class", ["entry", "w", "k"]]], ["sum", "k", "class", ["log", ["entry", "w", "k"]]]),
        (
            ["log", ["abs", ["prod", "k", "class", ["entry", "z", "k"]]]],
            ["sum", "k", "class", ["log", ["abs", ["entry", "z", "k"]]]],
        ),
        "",
    ),
    "combine-powers": (
        (["mul", W, ["pow", W, T]], ["pow", W, ["add", T, ["num", "1"]]]),
        (["mul", ["pow", Z, ["num", "2"]], ["pow", Z, ["num", "1"]]], ["pow", Z, ["num", "3"]]),
        "",
    ),
    "derivative-of-abs": (
        (derivative(["abs", Z]), ["mul", ["sign", Z], derivative(Z)]),
        (derivative(["abs", ["mul", ["num", "0"], Z]]), ["mul", ["sign", ["mul", ["num", "0"], Z]], derivative(Z)]),
        "the argument is 0, where there is no derivative",
    ),
    "derivative-of-where": (
        (
            derivative(["where", ["lt", Z, ["num", "9"]], Z, W]),
            ["where", ["lt", Z, ["num", "9"]], derivative(Z), derivative(W)],
        ),
        (derivative(["where", ["le", Z, Z], Z, W]), ["where", ["le", Z, Z], derivative(Z), derivative(W)]),
        "the condition changes here",
    ),
    "power-rule": (
        (
            derivative(["pow", Z, ["num", "3"]]),
            ["mul", ["num", "3"], ["pow", Z, ["num", "2"]], derivative(Z)],
        ),
        (
            derivative(["pow", ["mul", ["num", "0"], Z], ["num", "1/2"]]),
            ["mul", ["num", "0"], derivative(Z)],
        ),
        "the line has no value",
    ),
    "log-of-probability": (
        (["log", ["softmax", "z", "j"]], ["num", "0"]),
        (["log", ["mul", W, ["num", "2"]]], ["num", "9"]),
        "is no probability",
    ),
    "square-of-probability": (
        (["pow", ["softmax", "z", "j"], ["num", "2"]], ["softmax", "z", "j"]),
        (["pow", W, ["num", "2"]], ["mul", ["num", "9"], W]),
        "is no probability",
    ),
    "probability-at-most-one": (
        (["softmax", "z", "j"], ["num", "1"]),
        (W, ["num", "9"]),
        "is no probability",
    ),
}


@pytest.mark.parametrize("rule", STEPS)
def test_a_condition_of_a_rule(rule):
    allowed, refused, message = STEPS[rule]
    relation = "<=" if known_rules()[rule].bounds else "="
    good = check_proof(document(rule, *allowed, relation))
    assert good.ok, good.text()
    report = check_proof(document(rule, *refused, relation))
    assert report.ok == (not message), report.text()
    assert message in report.text()
    assert not message or report.problems[0].step == 1 or "no value" in message


def test_a_condition_is_tried_for_every_value_of_a_bound_index():
    before = ["sum", "k", "class", ["log", ["mul", ["entry", "z", "k"], ["entry", "z", "k"]]]]
    after = ["sum", "k", "class", ["mul", ["num", "2"], ["log", ["abs", ["entry", "z", "k"]]]]]
    report = check_proof(document("log-of-quotient", before, after))
    assert "a factor below the logarithm is -" in report.text()
    assert "k = " in report.text()


def test_a_condition_is_about_what_the_step_rewrites():
    """A logarithm that stays as it is may be of anything positive."""
    kept = ["log", ["pow", Z, ["num", "2"]]]
    before = ["add", kept, ["log", ["mul", W, T]]]
    after = ["add", kept, ["log", W], ["log", T]]
    assert check_proof(document("log-of-quotient", before, after)).ok


def test_every_condition_is_one_of_a_rule_and_the_other_way_round():
    assert {name for rule in known_rules().values() for name in rule.conditions} == {*CONDITIONS}
