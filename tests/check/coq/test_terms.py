"""What a certificate says is what the proof says: its terms, read by a reader of their own, have the same values."""

import re
from itertools import pairwise

import pytest
from coq_terms import NAMES, Reader, close

from symce.check.coq.certificate import certificate
from symce.check.evaluate import Evaluator
from symce.check.reading import read
from symce.check.sampling import ASSUMPTIONS, Point

STATEMENT = re.compile(
    r"^(?:Lemma|Theorem|Corollary) (\w+)(.*?) :\n(.*?)\.\nProof\.(.*?)Qed\.", re.DOTALL | re.MULTILINE
)
DEFINITION = re.compile(r"^Definition (\w+)(.*?) : [^:()]* :=\n(.*?)\.\n", re.DOTALL | re.MULTILINE)
BINDERS = re.compile(r"\(([\w ]+) : ((?:nat|R|\(nat -> R\))(?: -> (?:nat|R|\(nat -> R\)))*)\)")
STEP = re.compile(r"^  (?:step|step_le|step_ge) (\d+) \((.*?)\) by \(?rule_", re.DOTALL | re.MULTILINE)


def _curried(function, rank, at=()):
    """A function of ``rank`` indices that are counted from 0, one after the other."""
    if not rank:
        return function(at)
    return lambda n: _curried(function, rank - 1, (*at, n + 1))


def _definitions(text):
    """The definitions of a certificate."""
    found = {}
    for name, binders, body in DEFINITION.findall(text):
        letters = [letter for names, _ in BINDERS.findall(binders) for letter in names.split()]
        meaning = Reader(f"fun {' '.join(letters)} => {body}").term()
        found[name] = meaning({**NAMES, **found})
    return found


def _letters(binders, document, point):
    """Values for the variables of a theorem."""
    evaluator = Evaluator(document, point)
    found = {"K": point.size("class"), "N": point.size("sample"), "D": point.size("feature")}
    for names, kind in BINDERS.findall(binders):
        for name in names.split():
            letter = name if name in document.domains or name in document.definitions else name.rstrip("_")
            if kind == "nat -> nat":
                found[name] = lambda n: point.true_class(n + 1) - 1
            elif kind.endswith("(nat -> R) -> R"):
                found[name] = lambda i, letter=letter: _function(letter, i + 1, document, point, evaluator)
            elif kind != "nat":
                rank = kind.count("nat")
                found[name] = _curried(lambda at, letter=letter: float(point.value(letter, at)), rank)
    return found


def _function(letter, sample, document, point, evaluator):
    """Some function of a vector with the slope that the proof says, at that sample: a linear one."""
    definition = document.definitions[letter]
    index, kind = definition.over
    places = [{definition.indices[0]: sample, index: n} for n in range(1, point.size(kind) + 1)]
    at = [float(evaluator.value(definition.through, place)) for place in places]
    slope = [float(evaluator.value(definition.slope, place)) for place in places]
    value = float(point.value(letter, (sample,)))
    return lambda v: value + sum(s * (v(n) - z) for n, (s, z) in enumerate(zip(slope, at, strict=True)))


def _assignments(document, point):
    """Free indices all different as far as that goes, and all equal."""
    for step in (1, 0):
        yield {n: 1 + step * k % point.size(kind) for k, (n, kind) in enumerate(sorted(document.indices.items()))}


def _compare(data, name, binders, claim, steps, definitions):
    document = read(data)
    known = tuple(a for a in document.assumptions if a in ASSUMPTIONS)
    point = Point(1, 2 if "two-classes" in known else 3, document.domains, known)
    evaluator = Evaluator(document, point)
    for indices in _assignments(document, point):
        scope = {
            **NAMES,
            **definitions,
            **_letters(binders, document, point),
            **{n: v - 1 for n, v in indices.items()},
        }
        supposed, sides, said = Reader(claim).theorem()
        assert all(h(scope) for h in supposed), f"{name} supposes what does not hold"
        assert said(scope), f"{name} says what does not hold"
        first, last = (float(evaluator.value(line.expr, indices)) for line in (document.lines[0], document.lines[-1]))
        assert close(sides[0](scope), first), f"{name} is about something else"
        assert close(sides[1](scope), last), f"{name} has another result"
        for number, expr in steps if all(indices[a] != indices[b] for a, b in pairwise(sorted(indices))) else ():
            value = float(evaluator.value(document.lines[int(number)].expr, indices))
            assert close(Reader(expr).term()(scope), value), f"{name}, step {number} is another"


def _of_file(proofs, name):
    """The certificate of the proofs of a loss or a chapter; the proofs by the name of the theorem."""
    mine = {key.split("/")[1]: data for key, data in proofs.items() if key.split("/")[0] == name}
    text = certificate({"name": name, "title": name, "proofs": list(mine.values())}).text
    return text, {f"{name}_{proof}".replace("-", "_"): data for proof, data in mine.items()}


@pytest.mark.long
def test_every_theorem_and_step_says_what_the_proof_says(catalogue_documents):
    seen = set()
    for file in sorted({key.split("/")[0] for key in catalogue_documents}):
        text, proofs = _of_file(catalogue_documents, file)
        definitions = _definitions(text)
        for name, binders, claim, body in STATEMENT.findall(text):
            if name in proofs:
                _compare(proofs[name], name, binders, claim, STEP.findall(body), definitions)
                seen.add(name)
    assert len(seen) == len(catalogue_documents)


# --- expressions that the catalogue does not have

Z, P, T = ["entry", "z", "k"], ["softmax", "z", "k"], ["sym", "T"]
A = {"name": ["entry", "a", "k"], "indices": {"k": "class"}, "value": ["mul", ["sym", "T"], ["pow", Z, ["num", "2"]]]}
ROW = ["softmax", "V", "i", "k"]
EXPRESSIONS = {
    "a partial derivative holds softmax fixed": ["partial", ["mul", Z, P], ["entry", "z", "j"]],
    "a total derivative does not": ["total", ["mul", Z, P], ["entry", "z", "j"]],
    "a partial derivative holds defined letters fixed": ["partial", ["mul", Z, ["entry", "a", "k"]], Z],
    "a total derivative does not, either": ["total", ["mul", Z, ["softmax", "a", "k"]], ["entry", "z", "j"]],
    "by a defined letter": ["total", ["mul", Z, ["softmax", "a", "k"]], ["entry", "a", "j"]],
    "by a probability": ["partial", ["mul", Z, ["pow", P, ["num", "3"]]], ["softmax", "z", "j"]],
    "a sum that binds the name of the variable": [
        "partial",
        ["sum", "j", "class", ["pow", ["softmax", "z", "j"], ["num", "2"]]],
        ["softmax", "z", "j"],
    ],
    "a sigmoid of an entry is a variable": ["partial", ["mul", Z, ["sigmoid", Z]], ["sigmoid", ["entry", "z", "j"]]],
    "and held fixed": ["partial", ["mul", Z, ["sigmoid", Z]], ["entry", "z", "j"]],
    "a sigmoid of a difference is none": [
        "partial",
        ["sigmoid", ["add", Z, ["mul", ["num", "-1"], ["entry", "z", "j"]]]],
        Z,
    ],
    "a row of a matrix": ["total", ["log", ROW], ["entry", "V", "h", "j"]],
    "a probability of a row": [
        "partial",
        ["mul", ["entry", "V", "i", "k"], ["pow", ROW, ["num", "2"]]],
        ["softmax", "V", "h", "j"],
    ],
    "a sigmoid in a matrix": [
        "partial",
        ["pow", ["sigmoid", ["entry", "V", "i", "k"]], ["num", "2"]],
        ["sigmoid", ["entry", "V", "h", "j"]],
    ],
    "a derivative in a derivative": ["total", ["total", ["log", P], ["entry", "z", "j"]], ["entry", "z", "l"]],
    "a partial one in a total one": [
        "total",
        ["partial", ["mul", P, P, Z], ["softmax", "z", "j"]],
        ["entry", "z", "l"],
    ],
    "a parameter": ["mul", ["partial", ["pow", ["sym", "T"], ["num", "2"]], Z], Z],
    "powers": [
        "add",
        ["pow", ["sym", "T"], ["num", "1/2"]],
        ["pow", ["sym", "T"], ["num", "-3"]],
        ["pow", ["num", "-2"], ["num", "2"]],
    ],
    "signs": [
        "mul",
        ["num", "-1/2"],
        ["add", ["num", "-1"], ["mul", ["num", "-1"], Z]],
        ["pow", ["add", Z, ["num", "-9"]], ["num", "-1"]],
    ],
    "numbers and sizes": ["mul", ["size", "K"], ["num", "-3"], ["add", ["size", "K"], ["num", "-1/3"]]],
    "a product": ["log", ["prod", "k", "class", ["mul", ["sym", "T"], P]]],
    "the logarithm of a sum of exponentials": ["lse", "k", "class", ["mul", ["num", "2"], Z]],
    "a difference of differences": ["add", Z, ["mul", ["num", "-1"], ["add", Z, ["mul", ["num", "-1"], ["sym", "T"]]]]],
    "a choice": ["add", *(["where", [r, Z, T], Z, P] for r in ("lt", "le", "gt", "ge", "eq", "ne"))],
    "a choice where both sides are equal": [
        "add",
        *(["where", [r, T, T], Z, P] for r in ("lt", "le", "ge", "eq", "ne")),
    ],
    "functions": ["add", ["tanh", Z], ["softplus", Z], ["exp", ["mul", ["num", "-1"], Z]], ["abs", Z]],
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_an_expression_has_the_value_that_the_format_says(name):
    expr = EXPRESSIONS[name]
    indices = {"j": "class", "k": "class", "l": "class", "i": "sample", "h": "sample"}
    data = {
        "format": "symce-proof",
        "version": 1,
        "name": "e",
        "kind": "theorem",
        "title": "",
        "indices": indices,
        "domains": {"z": "real", "V": "real", "T": "positive"},
        "assumptions": [],
        "cites": [],
        "definitions": [A],
        "statement": ["mul", ["num", "1"], expr],
        "steps": [{"rule": "expand", "why": "", "expr": expr}, {"rule": "collect", "why": "", "expr": expr}],
        "result": expr,
    }
    text = certificate({"name": "x", "proofs": [data]}).text
    ((theorem, binders, claim, body),) = STATEMENT.findall(text)
    _compare(data, theorem, binders, claim, STEP.findall(body), _definitions(text))
