"""The rules that make a closed form exact in floating point: rewritings of the same type as those of the proofs.

Each law is an equality of mathematics whose right side loses no digits where the left side does. A kernel is lowered
by the first rule of STABILITY that applies to a node, from the outermost inwards; nothing here knows a loss by name.

Letters of the laws: a is a class whose logit is the largest, m = z_a, D_k = m - z_k >= 0, E_k = exp(-D_k),
R the sum of E_k over all k but a, and x a number. With them p_k = E_k / (1 + R).

letters.py      the letters of the laws, and what the rewritings ask of expressions
logarithms.py   logarithms and exponentials
differences.py  1 - p, p - y, x less its mean
divergences.py  sums of terms that nearly cancel
passes.py       softmax and log-sum-exp of a row, a direction, the true class: followed in symce.kernel.stable and lower
"""

from __future__ import annotations

from symce.kernel.stability.differences import (
    CENTRED,
    COMPLEMENT,
    COMPLEMENT_OF_MEAN,
    OPEN_COMPLEMENT,
    OPEN_PRODUCT,
    RESIDUAL,
    SIGMOID_RESIDUAL,
    TARGET_COMPLEMENT,
)
from symce.kernel.stability.divergences import (
    DIVERGENCE,
    SOFTMAX_DIVERGENCE,
)
from symce.kernel.stability.letters import FROM_TOP, A, D, E, R, T, f, m, x
from symce.kernel.stability.logarithms import (
    LOG_OF_QUOTIENT,
    LOG_SIGMOID,
    LOG_SOFTMAX,
    ONE_MINUS_POWER,
    ONE_MINUS_TANH,
    SOFTMAX_OF_EXPONENTIAL,
)
from symce.kernel.stability.passes import (
    DIRECTION_FROM_TOP,
    LOGSUMEXP_BY_GAP,
    SHIFT_BEFORE_DIVISION,
    SOFTMAX_BY_GAP,
    TRUE_CLASS_APART,
)
from symce.rules.rule import Rule

__all__ = [
    "CATALOGUE",
    "CENTRED",
    "COMPLEMENT",
    "COMPLEMENT_OF_MEAN",
    "DIRECTION_FROM_TOP",
    "DIVERGENCE",
    "FROM_TOP",
    "LOGSUMEXP_BY_GAP",
    "LOG_OF_QUOTIENT",
    "LOG_SIGMOID",
    "LOG_SOFTMAX",
    "ONE_MINUS_POWER",
    "ONE_MINUS_TANH",
    "OPEN_COMPLEMENT",
    "OPEN_PRODUCT",
    "PASSES",
    "RESIDUAL",
    "SHIFT_BEFORE_DIVISION",
    "SIGMOID_RESIDUAL",
    "SOFTMAX_BY_GAP",
    "SOFTMAX_DIVERGENCE",
    "SOFTMAX_OF_EXPONENTIAL",
    "STABILITY",
    "TARGET_COMPLEMENT",
    "TRUE_CLASS_APART",
    "A",
    "D",
    "E",
    "R",
    "T",
    "f",
    "m",
    "x",
]

#: in the order in which they are tried
STABILITY: tuple[Rule, ...] = (
    SOFTMAX_DIVERGENCE,
    DIVERGENCE,
    LOG_SOFTMAX,
    LOG_SIGMOID,
    LOG_OF_QUOTIENT,
    SOFTMAX_OF_EXPONENTIAL,
    CENTRED,
    TARGET_COMPLEMENT,
    RESIDUAL,
    SIGMOID_RESIDUAL,
    COMPLEMENT_OF_MEAN,
    COMPLEMENT,
    ONE_MINUS_POWER,
    ONE_MINUS_TANH,
    OPEN_COMPLEMENT,
    OPEN_PRODUCT,
)
#: followed within the passes themselves
PASSES: tuple[Rule, ...] = (
    SOFTMAX_BY_GAP,
    LOGSUMEXP_BY_GAP,
    SHIFT_BEFORE_DIVISION,
    DIRECTION_FROM_TOP,
    TRUE_CLASS_APART,
)
#: all of them, by name
CATALOGUE = {rule.name: rule for rule in (*PASSES, *STABILITY)}
