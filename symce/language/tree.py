"""The syntax tree of a loss statement: what the parser returns and every reader walks.

The tree is plain data, with no SymPy in it, so that the derivation (through ``symce.derivation``) and the
verification (through ``symce.verify``) each give it a meaning of their own: neither can inherit the other's mistake.

Numbers are exact: ``0.1`` in the text is ``Fraction(1, 10)``, not the nearest binary number.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

#: Operators and functions of one or two scalar arguments; ``min`` and ``max`` take two or more.
OPERATORS = ("add", "sub", "mul", "div", "pow", "neg")
FUNCTIONS = ("log", "exp", "sqrt", "tanh", "abs", "min", "max", "softplus", "sigmoid")
COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")


@dataclass(frozen=True)
class Number:
    """An exact number."""

    value: Fraction


@dataclass(frozen=True)
class Scalar:
    """A scalar parameter, or ``K``, the number of classes."""

    name: str


@dataclass(frozen=True)
class Item:
    """One entry of a vector over the classes: ``p[k]``, ``z[c]``, ``alpha[c]``.

    ``base`` is z (logits), p (softmax of the logits, after the inner map), s (sigmoid of the logits, after the
    inner map), y (target) or a parameter of one value a class; ``index`` is a bound index or ``c``, the true class.
    """

    base: str
    index: str


@dataclass(frozen=True)
class Apply:
    """An operator of OPERATORS or a function of FUNCTIONS applied to its arguments."""

    function: str
    args: tuple[Tree, ...]


@dataclass(frozen=True)
class Sum:
    """The sum of ``body`` over all classes ``index``; the name is bound in ``body``."""

    body: Tree
    index: str


@dataclass(frozen=True)
class LogSumExp:
    """log of the sum of exp(body) over all classes ``index``; the name is bound in ``body``."""

    body: Tree
    index: str


@dataclass(frozen=True)
class IndexEqual:
    """The condition ``left == right`` (or ``!=`` where ``negated``) between two class indices."""

    left: str
    right: str
    negated: bool = False


@dataclass(frozen=True)
class Compare:
    """A comparison of COMPARISONS between two scalar expressions."""

    relation: str
    left: Tree
    right: Tree


@dataclass(frozen=True)
class Where:
    """``then`` where ``condition`` holds, ``otherwise`` elsewhere."""

    condition: IndexEqual | Compare
    then: Tree
    otherwise: Tree


Tree = Number | Scalar | Item | Apply | Sum | LogSumExp | Where
