"""Letters and indices as identifiers of Coq, none of which means anything else there."""

from __future__ import annotations

import re
from collections.abc import Container

_WORDS = """
as at cofix else end exists exists2 fix for forall fun if IF in let match mod Prop return Set SProp then Type using
where with by R nat INR K N D S O I H exp ln tanh Rabs Rpower sigmoid softplus softmax sign delta upd upd2 rsum rprod
lse Derive is_derive true false
"""
#: words of the language, and what the library and the texts use under these names
RESERVED = frozenset(_WORDS.split())

#: what bound indices of each kind are called, and the variables of curves
LETTERS = {"class": "klmnr", "sample": "ih", "feature": "def"}
CURVE = "tus"


def identifier(name: str, taken: Container[str] = ()) -> str:
    """The name as an identifier that is neither reserved nor taken."""
    found = re.sub(r"\W", "_", name.replace("'", "_"), flags=re.ASCII).strip("_") or "x"
    if not found[0].isalpha():
        found = "x" + found
    while found in RESERVED or found in taken:
        found += "_"
    return found


def joined(*parts: str) -> str:
    """One identifier of several names, such as ``cross_entropy_gradient_partial_p``."""
    return identifier("_".join(re.sub(r"\W+", "_", part, flags=re.ASCII).strip("_") for part in parts))


def fresh(letters: str, taken: Container[str]) -> str:
    """The first of the letters that is not taken, or else the first with the least number."""
    for letter in letters:
        if letter not in taken:
            return letter
    number = 1
    while f"{letters[0]}{number}" in taken:
        number += 1
    return f"{letters[0]}{number}"
