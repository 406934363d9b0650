"""A proof as JSON: the same on every run, in values that JSON has, with a refusal for what it has no word for."""

import json
import subprocess
import sys

import pytest
from sympy import Abs, IndexedBase, Rational, Symbol, cos, exp, log

from symce.algebra.binders import FiniteSum, LogSumExp
from symce.algebra.functions import Softmax
from symce.algebra.indices import ClassIndex, K, SampleIndex, c, j
from symce.algebra.nodes import Named, Partial, Total
from symce.algebra.piecewise import Where
from symce.derivation.proof import Proof, Step
from symce.derivation.serial import serialise, to_json

k, l = ClassIndex("k"), ClassIndex("l")  # noqa: E741
z, y = IndexedBase("z", real=True), IndexedBase("y", nonnegative=True)
t = Symbol("t", positive=True)

EXPRESSIONS = [
    (Rational(-2, 3) * z[j], ["mul", ["entry", "z", "j"], ["num", "-2/3"]]),
    (z[j] / K, ["mul", ["entry", "z", "j"], ["pow", ["size", "K"], ["num", "-1"]]]),
    (exp(1) + t, ["add", ["exp", ["num", "1"]], ["sym", "t"]]),
    (FiniteSum(y[k], k), ["sum", "k", "class", ["entry", "y", "k"]]),
    (FiniteSum(y[k] * z[l], k), ["sum", "k", "class", ["mul", ["entry", "y", "k"], ["entry", "z", "l"]]]),
    (
        FiniteSum(y[l] * FiniteSum(z[k], k) * z[j], l),
        [
            "sum",
            "k",
            "class",
            ["mul", ["entry", "y", "k"], ["entry", "z", "j"], ["sum", "l", "class", ["entry", "z", "l"]]],
        ],
    ),
    (LogSumExp(z[k], k), ["lse", "k", "class", ["entry", "z", "k"]]),
    (Partial(log(Softmax(z, k)), Softmax(z, k)), ["partial", ["log", ["softmax", "z", "k"]], ["softmax", "z", "k"]]),
    (Named(Symbol("L"), -z[c]), ["named", ["sym", "L"], ["mul", ["entry", "z", "c"], ["num", "-1"]]]),
    (
        Where(z[j] < 0, Abs(z[j]), t),
        ["where", ["lt", ["entry", "z", "j"], ["num", "0"]], ["abs", ["entry", "z", "j"]], ["sym", "t"]],
    ),
]


@pytest.mark.parametrize(("expr", "expected"), EXPRESSIONS, ids=lambda e: str(e)[:40])
def test_an_expression(expr, expected):
    assert to_json(expr) == expected


@pytest.mark.parametrize(
    ("expr", "message"), [(cos(z[j]), "has no word for cos"), (j + t, "the index j stands where a value is expected")]
)
def test_what_the_format_has_no_word_for_is_refused(expr, message):
    with pytest.raises(TypeError, match=message):
        to_json(expr)


def test_a_document():
    i = SampleIndex("i")
    statement = Total(Named(Symbol("L"), -log(Softmax(z, c))), z[j])
    proof = Proof(
        "name", "theorem", "title", statement, (Step(t * y[j], "collect", "why"),), ("sums-to-one",), ("other",)
    )
    document = serialise(proof, assumptions=["sums-to-one"], domains={"t": "unit"})
    assert document == json.loads(json.dumps(document))
    assert {key: document[key] for key in ("name", "kind", "title", "indices", "assumptions", "cites")} == {
        "name": "name",
        "kind": "theorem",
        "title": "title",
        "indices": {"c": "class", "j": "class"},
        "assumptions": ["sums-to-one"],
        "cites": ["other"],
    }
    assert document["domains"] == {"t": "unit", "y": "unit", "z": "real"}, "L is a name, not a letter with a value"
    assert document["result"] == document["steps"][-1]["expr"] == ["mul", ["entry", "y", "j"], ["sym", "t"]]
    assert to_json(FiniteSum(y[i], i))[1:3] == ["i", "sample"]


@pytest.mark.long
def test_documents_do_not_depend_on_the_order_of_sets():
    script = (
        "import hashlib, json\nfrom symce.derivation.derive import derive\n"
        "from symce.derivation.serial import documents\n"
        "from symce.losses import catalogue\n"
        "names = ('cross_entropy', 'kl_softmax_target', 'temperature_cross_entropy')\n"
        "text = json.dumps([documents(derive(catalogue()[n])) for n in names])\n"
        "print(hashlib.sha256(text.encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "12345")
    }
    assert len(digests) == 1
