"""The rules of calculation, as data, by family.

calculus.py   differentiation: linearity, product, quotient, power, log, exp, ...
chain.py      the chain rule, through whatever a loss is written in
linear.py     the chain rule through a linear layer and a batch
sums.py       finite sums: linearity, constants, Kronecker deltas
softmax.py    what is known of softmax and the logistic sigmoid
targets.py    declared facts about targets, which a proof that uses them must list
algebra.py    cancel, expand, collect, factor
products.py   finite products and their logarithms
classes.py    what holds for two classes, or at a point
bounds.py     inequalities, and where they may be applied
naming.py     names that people give to results

A new rule is one entry in the table of its family; CATALOGUE holds them all by name.
"""

from __future__ import annotations

from symce.rules import algebra, bounds, calculus, chain, classes, linear, naming, products, softmax, sums, targets
from symce.rules.rule import Rule, RuleError

FAMILIES = (calculus, chain, linear, sums, softmax, targets, algebra, naming, products, classes, bounds)
CATALOGUE: dict[str, Rule] = {rule.name: rule for family in FAMILIES for rule in family.RULES}

__all__ = ["CATALOGUE", "Rule", "RuleError"]
