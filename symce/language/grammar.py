"""The language of a loss, as data: names, functions and limits."""

from __future__ import annotations

import keyword
import re

from symce.language.tree import FUNCTIONS

#: Limits on the text of one expression; beyond them a derivation would be of no use to anybody, or hang.
LENGTH = 2_000
NODES = 400
DEPTH = 40
DIGITS = 40
EXPONENT = 64
BITS = 4_096

#: The vectors of a statement, with the kinds of target that they go with (None: every kind).
VECTORS: dict[str, tuple[str, ...] | None] = {
    "z": None,
    "p": None,
    "s": ("multilabel",),
    "y": ("distribution", "weights", "multilabel"),
}
BINDERS = ("Sum", "logsumexp")
CALLS = (*BINDERS, "where", *FUNCTIONS)
#: Number of arguments of a function: at least, at most.
ARITY = {name: (2, 8) if name in ("min", "max") else (1, 1) for name in FUNCTIONS}
#: Names that mean something in a statement, or in the functions that are generated from it.
RESERVED = frozenset(
    {
        *VECTORS, *CALLS, "c", "K", "N", "D", "M", "W", "b", "x", "X", "q", "g", "v",
        "logits", "input", "target", "weight", "ignore_index", "label_smoothing", "reduction", "normalizer", "axis",
        "cotangent", "out", "on_empty", "precision", "inplace", "np", "numpy", "torch", "math", "nn", "self", "ctx",
        "value", "grad", "gradient", "hvp", "lambda_",
    }
)  # fmt: skip

#: Names that a module of generated code cannot have.
MODULES = frozenset({"numpy", "np", "torch", "nn", "math", "functional", "native", "value", "grad", "hvp", "theorems"})

IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
LOSS_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
NUMBER = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?\Z")


def is_name(text: str) -> bool:
    """Whether the text may name a parameter or an index: an ASCII identifier, no keyword, no dunder."""
    return bool(IDENTIFIER.match(text)) and not keyword.iskeyword(text) and "__" not in text and len(text) <= 40
