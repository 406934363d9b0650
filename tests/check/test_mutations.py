"""Every mutation of a proof that changes the mathematics is caught: all proofs of the catalogue, 50 mutants each.

What is not caught has to be a true proof by the judgement of oracle.py, which shares no code with the checker: the
mutant says the same in other words, or something else that holds as well. Why that can be is said below for each kind
of mutation; a kind that is not listed is always caught.
"""

import json
from functools import cache
from pathlib import Path

import pytest
from check.mutations import EDITS, OTHERS, mutants
from check.oracle import Oracle

from symce.check import DocumentError, check_proof, check_rows

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
}
