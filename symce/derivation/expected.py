"""Whether a derivation reached the closed form that a loss states as its textbook's; never used to produce it."""

from __future__ import annotations

from sympy import Add, Expr

from symce.algebra.indices import j
from symce.algebra.walk import bottom_up, unfold
from symce.derivation.budget import DerivationError
from symce.derivation.model import Model, read
from symce.derivation.phases import EXPAND, FACTS, LOWEST, WRITE_OUT
from symce.derivation.proof import Proof
from symce.rules.algebra import combine

#: passes after which two forms of one expression have met, if they do
ROUNDS = 4


def check_expected(model: Model, final: Proof) -> None:
    """Raise DerivationError unless ``final`` equals the closed form that the loss expects (if it expects one)."""
    tree = model.loss.expectation
    if tree is None:
        return
    expected = read(model, tree, {"j": j})
    if not vanishes(unfold(final.result) - expected, model):
        raise DerivationError(
            f"loss {model.loss.name!r}: the derivation gives {final.result}, which could not be shown to be the "
            f"expected {expected}; correct `expected`, or leave it out"
        )


def vanishes(expr: Expr, model: Model) -> bool:
    """Whether an expression is 0, as far as multiplying out, contracting and the declared facts can tell."""
    rules = (*WRITE_OUT, *FACTS, *model.facts, EXPAND, LOWEST)
    for _ in range(ROUNDS):
        before = expr
        for rule in rules:
            new = rule.exhaust(expr)
            expr = expr if new is None else new
        expr = bottom_up(expr, lambda e: Add(*[combine(t) for t in e.args]) if isinstance(e, Add) else None)
        if expr == 0:
            return True
        if expr == before:
            return False
    return False
