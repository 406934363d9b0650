"""What does not follow the format is refused with a message that says where and what is allowed."""

import copy
import json
import re
import subprocess
import sys

import pytest

from symce.check import DocumentError, check_proof
from symce.check.evaluate import HANDLERS
from symce.check.reading import DOMAINS, FUNCTIONS, RELATIONS

GOOD = {
    "format": "symce-proof",
    "version": 1,
    "name": "example",
    "indices": {"j": "class", "i": "sample"},
    "domains": {"z": "real"},
    "assumptions": [],
    "cites": [],
    "definitions": [{"name": ["entry", "a", "k"], "indices": {"k": "class"}, "value": ["exp", ["entry", "z", "k"]]}],
    "statement": ["add", ["entry", "a", "j"], ["entry", "a", "j"]],
    "steps": [{"expr": ["mul", ["num", "2"], ["entry", "a", "j"]], "rule": "collect", "why": "2 a"}],
    "result": ["mul", ["num", "2"], ["entry", "a", "j"]],
}
Z = ["entry", "z", "j"]


def test_the_example_holds():
    assert check_proof(GOOD).ok


FIELDS = {
    "another format": ({"format": "proof"}, "this is 'proof', version 1; read are 'symce-proof', version 1"),
    "a later version": ({"version": 2}, "version 2; read are"),
    "no steps": ({"steps": None}, "steps is a list, not None"),
    "a step that is no object": ({"steps": [Z]}, "step 1: a step is an object with expr, rule and why"),
    "an index of the wrong kind": ({"indices": {"j": "classes"}}, "allowed are class, sample, feature"),
    "a wrong domain": ({"domains": {"z": "complex"}}, "allowed are real, nonnegative, positive, unit"),
    "domains that are a list": ({"domains": ["z"]}, "domains is an object of strings"),
    "a definition of another thing": (
        {"definitions": [{"name": ["num", "1"], "indices": {}, "value": Z}]},
        "definitions[0]: what is defined is an entry",
    ),
    "a definition without value": ({"definitions": [{"name": ["sym", "t"], "indices": {}}]}, "through, slope and over"),
    "a definition in a circle": (
        {"definitions": [{"name": ["entry", "a", "k"], "indices": {"k": "class"}, "value": ["softmax", "a", "k"]}]},
        "'a' is defined by itself",
    ),
}


@pytest.mark.parametrize("case", FIELDS)
def test_a_field_that_is_wrong_is_refused(case):
    change, message = FIELDS[case]
    with pytest.raises(DocumentError, match=re.escape(message)):
        check_proof({**GOOD, **change})


EXPRESSIONS = {
    "a string": ("z", "an expression is a list that begins with its kind"),
    "an empty list": ([], "an expression is a list"),
    "an unknown head": (["sinh", Z], "'sinh' with 1 arguments is no expression of version 1"),
    "too many arguments": (["log", Z, Z], "'log' with 2 arguments"),
    "no terms": (["add"], "add has no terms"),
    "no number": (["num", "1.5.2"], "'1.5.2' is no rational number"),
    "a number divided by 0": (["num", "1/0"], "'1/0' is no rational number"),
    "an unknown size": (["size", "M"], "the sizes are K, N, D"),
    "an index from nowhere": (["entry", "z", "k"], "the index 'k' is neither bound nor declared"),
    "an index out of its sum": (["add", ["sum", "k", "class", ["entry", "z", "k"]], ["entry", "z", "k"]], "'k'"),
    "a delta of two kinds": (["delta", "i", "j"], "two indices of one kind"),
    "a vector of two shapes": (["mul", Z, ["entry", "z", "i"]], "z has entries by ('sample',), but elsewhere by"),
    "a sum over nothing": (["sum", "k", Z], "sum has an index, a kind"),
    "a derivative by a number": (["total", Z, ["num", "1"]], "the variable of total is one of entry"),
    "a total derivative by softmax": (["total", Z, ["softmax", "z", "j"]], "the variable of total is one of entry"),
    "a derivative by sigma of a product": (["partial", Z, ["sigmoid", ["mul", Z, Z]]], "each of an entry"),
    "an unknown relation": (["where", ["about", Z, Z], Z, Z], "where has a condition"),
    "a nameless name": (["named", [], Z], "named has a name"),
    "a name that is a sum": (["named", ["add", Z, Z], Z], "a name is a sym, an entry, a call or a derivative"),
    "a letter from nowhere": (["sym", "gamma"], "'gamma' has neither a domain nor a definition"),
}


@pytest.mark.parametrize("case", EXPRESSIONS)
def test_an_expression_that_is_wrong_is_refused_with_its_place(case):
    expr, message = EXPRESSIONS[case]
    document = copy.deepcopy(GOOD)
    document["steps"][0]["expr"] = document["result"] = expr
    with pytest.raises(DocumentError, match=re.escape(message)) as caught:
        check_proof(document)
    assert str(caught.value).startswith("step 1: ") or "letter from nowhere" in case


def test_a_proof_without_a_value_anywhere_is_not_accepted():
    nothing = ["pow", ["add", Z, ["mul", ["num", "-1"], Z]], ["num", "-1"]]
    report = check_proof({**GOOD, "statement": nothing, "steps": [], "result": nothing}, sizes=(1,))
    assert not report.ok
    assert "nothing could be compared" in report.text()


def test_a_division_by_zero_for_more_than_one_class_is_a_problem():
    document = copy.deepcopy(GOOD)
    wrong = ["mul", ["pow", ["add", ["size", "K"], ["num", "-2"]], ["num", "-1"]], ["num", "2"], ["entry", "a", "j"]]
    document["statement"] = ["mul", ["num", "2"], wrong]
    problem = check_proof(document, sizes=(2,)).first_false
    assert (problem.step, problem.message) == (0, "the line has no value: a division by zero")


def test_the_check_loads_nothing_of_what_it_checks():
    """Read from text in a fresh process: neither SymPy nor any other part of symce comes in."""
    script = (
        "import sys, json\nfrom symce.check import check_proof\n"
        "assert check_proof(json.loads(sys.stdin.read())).ok\n"
        "print(sorted(m for m in sys.modules if m == 'sympy' or m.startswith('symce.')))"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], input=json.dumps(GOOD), capture_output=True, text=True, check=True
    )
    loaded = json.loads(result.stdout.replace("'", '"'))
    assert "symce.check.proof" in loaded
    assert [m for m in loaded if not m.startswith("symce.check")] == []


def test_the_example_of_the_documentation_holds(checkout):
    text = (checkout / "docs" / "proof-format.md").read_text(encoding="utf-8")
    example = json.loads(text.split("```json\n")[1].split("```")[0])
    report = check_proof(example)
    assert report.ok, report.text()
    assert report.comparisons > 100


def test_the_documentation_names_every_kind_of_expression(checkout):
    text = (checkout / "docs" / "proof-format.md").read_text(encoding="utf-8")
    heads = [*HANDLERS, *FUNCTIONS, *RELATIONS, *DOMAINS]
    assert [h for h in heads if f'["{h}"' not in text and f"`{h}`" not in text] == []
