"""The order in which rules are tried: one tuple a phase, each run until none of its rules applies."""

from __future__ import annotations

from symce.rules import CATALOGUE, calculus
from symce.rules.rule import Rule


def _rules(*names: str) -> tuple[Rule, ...]:
    return tuple(CATALOGUE[n] for n in names)


#: A partial derivative is pushed inward until it stands before a variable.
DIFFERENTIATE = (*calculus.RULES, *_rules("delta-contraction", "sum-of-a-constant"))
#: The derivatives of softmax and sigmoid are known by their theorems; then everything is multiplied out and contracted.
JACOBIANS = _rules("softmax-jacobian", "sigmoid-derivative")
CONTRACT = _rules(
    "cancel", "split-the-difference", "delta-contraction", "delta-substitution", "sum-linearity", "sum-of-a-constant"
)
#: Sums written out term by term: what facts and names are recognised in.
WRITE_OUT = _rules(
    "distribute-in-sum",
    "sum-linearity",
    "delta-contraction",
    "sum-of-a-constant",
)
FACTS = _rules("softmax-sums-to-one", "exponentials-sum-to-one")
NAMES = _rules("name-kl-divergence", "name-entropy")
EXPAND, FACTOR, COLLECT, SIGN, LOWEST, COMBINE, SUBSTITUTE = (
    CATALOGUE[n]
    for n in (
        "expand",
        "common-factor",
        "collect",
        "absorb-the-sign",
        "lowest-terms",
        "combine-powers",
        "delta-substitution",
    )
)
