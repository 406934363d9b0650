"""The language of a loss, as data: names, functions and limits."""

from __future__ import annotations

import builtins
import keyword
import re

from symce.language.tree import FUNCTIONS

#: Limits on the text of one expression; beyond them a derivation would be of no use to anybody, or hang.
LENGTH = 2_000
NODES = 400
DEPTH = 40
#: characters of a number; the largest number, and the inverse of the smallest but 0 (both are normal in float64)
DIGITS = 40
LARGEST = 10**300
#: bits of the numerator and the denominator of what numbers are combined to
BITS = 4_096
#: the largest exponent that is a number
EXPONENT = 64
#: characters of a name
NAME = 40

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
#: Names that mean something in a statement, in a derivation, or in the functions that are generated from it.
RESERVED = frozenset(
    {
        *VECTORS, *CALLS, "c", "K", "N", "D", "M", "W", "b", "x", "X", "q", "g", "v",
        "a", "L", "H", "P", "G", "Y", "Z", "pi", "sigma", "lambda_",
        "logits", "input", "target", "weight", "ignore_index", "label_smoothing", "reduction", "normalizer", "axis",
        "cotangent", "out", "on_empty", "infinite", "precision", "inplace", "np", "numpy", "torch", "math", "nn",
        "Tensor", "self",
        "ctx", "value", "grad", "gradient", "hvp", "value_and_grad", "cot", "classes", "rows", "losses", "loss", "kept",
        "row_weight", "row_kernel", "denominator", "dtype", "batch_shape", "wanted", "vectors", "run", "block",
        "derivative", "size_average", "reduce", "adjusted", "memory", "threads", "shards", "here", "columns", "dense",
        "possible", "jax", "jnp", "lax", "functools", "Array",
    }
)  # fmt: skip
BUILTINS = frozenset(dir(builtins))
#: Names that are indices wherever they stand.
INDICES = frozenset("ijkl")

#: Names that a module of generated code cannot have: they are its neighbours, its functions, or no file for Windows.
MODULES = frozenset(
    {
        "numpy", "np", "torch", "nn", "jax", "jnp", "lax", "functools", "math", "functional", "linear", "native",
        "triton", "tl", "value", "grad", "value_and_grad", "hvp", "theorems", "con", "prn", "aux", "nul",
    }
)  # fmt: skip

#: Letters that a parameter may be printed as in LaTeX: a Latin or Greek one, with a subscript if need be.
GREEK = (
    "alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "zeta", "eta", "theta", "vartheta", "iota", "kappa",
    "lambda", "mu", "nu", "xi", "rho", "varrho", "tau", "upsilon", "phi", "varphi", "chi", "psi", "omega", "Gamma",
    "Delta", "Theta", "Lambda", "Xi", "Upsilon", "Phi", "Psi", "Omega", "ell",
)  # fmt: skip
SYMBOL = re.compile(rf"(?:[A-Za-z]|\\(?:{'|'.join(GREEK)}))(?:_(?:[A-Za-z0-9]|\{{[A-Za-z0-9]{{1,12}}\}}))?\Z")

IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
NUMBER = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?\Z")


def why_no_name(text: object) -> str:
    """Why the text may not name a loss, a parameter or an index; empty if it may."""
    if not isinstance(text, str):
        return f"a name is a string, not {type(text).__name__}"
    if not IDENTIFIER.match(text):
        return "a name is an ASCII letter, then ASCII letters, digits and single underscores"
    if keyword.iskeyword(text):
        return "it is a keyword of Python"
    if "__" in text:
        return "two underscores in a row are not allowed"
    if len(text) > NAME:
        return f"a name has at most {NAME} characters"
    return ""
