"""Indices, and the ranges that their types declare.

An index is a SymPy symbol whose *type* says what it runs over: classes (1..K), samples (1..N) or features (1..D).
K, N and D are symbols: nothing in symce fixes them. A sum therefore needs no limits, and a Kronecker delta between
two indices of one type can be contracted without a case distinction.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from typing import Any, ClassVar

from sympy import Basic, Expr, Symbol

K = Symbol("K", integer=True, positive=True)
N = Symbol("N", integer=True, positive=True)
D = Symbol("D", integer=True, positive=True)


class Index(Symbol):
    """An index; only the subclasses are used.

    Names that begin with ``%`` belong to bound indices (see binders.py) and cannot be typed by a user.
    """

    size: ClassVar[Symbol]
    names: ClassVar[str]

    def __new__(cls, name: str, **_assumptions: Any) -> Index:
        return super().__new__(cls, name, integer=True, positive=True)  # type: ignore[no-any-return]

    @property
    def is_bound(self) -> bool:
        """True for the canonical name of an index bound by a sum."""
        return str(self.name).startswith("%")

    @classmethod
    def fresh(cls, avoid: Iterable[Basic]) -> Index:
        """An index of this type whose name none of the given symbols has: k, l, m, ..., then k1, k2, ..."""
        taken = {str(s) for s in avoid}
        for name in cls.names.split():
            if name not in taken:
                return cls(name)
        first = cls.names.split()[0]
        return next(cls(f"{first}{n}") for n in count(1) if f"{first}{n}" not in taken)


class ClassIndex(Index):
    """An index of classes, 1..K."""

    size = K
    names = "k l m n r"


class SampleIndex(Index):
    """An index of samples, 1..N."""

    size = N
    names = "i h"


class FeatureIndex(Index):
    """An index of features, 1..D."""

    size = D
    names = "d e f"


#: The two classes of a loss that has no more.
one, two = ClassIndex("1"), ClassIndex("2")


class TrueClass(Expr):
    """The true class of a sample, c_i: an index of classes that follows an index of samples."""

    is_commutative = True
    is_integer = True
    is_positive = True
    size: ClassVar[Symbol] = K

    def __new__(cls, sample: SampleIndex) -> TrueClass:
        return Expr.__new__(cls, sample)  # type: ignore[no-any-return]

    @property
    def sample(self) -> SampleIndex:
        return self.args[0]  # type: ignore[no-any-return]

    def _sympystr(self, printer: Any) -> str:
        return f"c_{self.sample.name}"


#: The true class, and the logit with respect to which a gradient is taken.
c = ClassIndex("c")
j = ClassIndex("j")
