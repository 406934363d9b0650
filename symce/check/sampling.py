"""Where a proof is tried: sizes, values of the letters in their domains, values of the free indices.

Everything is a fixed function of names, so that two runs say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import product
from random import Random
from typing import Literal

from symce.check.arithmetic import CONTEXT, DIGITS, exp, primal

#: the vector that each assumption is about. sums-to-one: its entries add up to 1; predicted-target: they are those of
#: softmax(z), as numbers that do not follow z. two-classes is about no vector: K is 2
ASSUMPTIONS = {
    "sums-to-one": "y",
    "predicted-target": "y",
    "true-sums-to-one": "true",
    "model-sums-to-one": "model",
    "two-classes": "",
}
#: the number of samples and of features: enough to tell a sum from a term
SAMPLES, FEATURES = 2, 3
#: the most assignments of values to the free indices that are tried at one point
ASSIGNMENTS = 12

_RANGES = {"real": (-1.5, 3.0), "nonnegative": (0.05, 2.4), "positive": (0.25, 2.0), "unit": (0.05, 0.9)}
_LOWEST = {"nonnegative": 0, "unit": 0}
_HIGHEST = {"unit": 1}

Edge = Literal["", "lowest", "highest"]


@dataclass(frozen=True)
class Point:
    """A point of the space that the letters span, for ``classes`` classes.

    ``edge``: the parameters that are numbers stand at the edge of their domain, where it has one. ``scale``: letters
    that may be any real number are so many times as large.
    """

    number: int
    classes: int
    domains: Mapping[str, str]
    assumptions: tuple[str, ...]
    edge: Edge = ""
    scale: int = 1

    def size(self, kind: str) -> int:
        """How many values an index of this kind has."""
        return {"class": self.classes, "sample": SAMPLES, "feature": FEATURES}[kind]

    def value(self, letter: str, at: tuple[int, ...]) -> Decimal:
        """The value of a parameter (``at`` is empty) or of an entry of a vector."""
        domain = self.domains.get(letter, "real")
        edges = {"lowest": _LOWEST, "highest": _HIGHEST}.get(self.edge, {})
        if not at and domain in edges:
            return Decimal(edges[domain])
        assumed = [a for a in self.assumptions if ASSUMPTIONS[a] == letter and len(at) == 1]
        if "predicted-target" in assumed:
            return self._share(at, lambda n: primal(exp(self.value("z", (n,)))))
        if assumed:
            return self._share(at, lambda n: _draw(self.number, domain, letter, (n,)))
        drawn = _draw(self.number, domain, letter, at)
        return CONTEXT.multiply(drawn, Decimal(self.scale)) if domain == "real" and self.scale > 1 else drawn

    def true_class(self, sample: int) -> int:
        """The true class of a sample, any of the K."""
        return 1 + Random(f"{self.number} class {sample}").randrange(self.classes)

    def _share(self, at: tuple[int, ...], weight: Callable[[int], Decimal]) -> Decimal:
        """The weight of one class as a part of the weights of all."""
        total = Decimal(0)
        for n in range(1, self.classes + 1):
            total = CONTEXT.add(total, weight(n))
        return CONTEXT.divide(weight(at[0]), total)

    def __str__(self) -> str:
        return f"K = {self.classes}, point {self.number}" + (f" ({self.edge} parameters)" if self.edge else "")


def edges(domains: Mapping[str, str], parameters: frozenset[str]) -> tuple[Edge, ...]:
    """The edges that the domains of the parameters have."""
    found = {domains[p] for p in parameters if p in domains}
    lowest: tuple[Edge, ...] = ("lowest",) if found & _LOWEST.keys() else ()
    highest: tuple[Edge, ...] = ("highest",) if found & _HIGHEST.keys() else ()
    return lowest + highest


def assignments(kinds: Mapping[str, str], point: Point) -> Iterator[dict[str, int]]:
    """Values of the free indices: all where these are few; else one for every pattern of equal and different indices
    of one kind, and some more."""
    names = sorted(kinds)
    ranges = [range(1, point.size(kinds[n]) + 1) for n in names]
    total = 1
    for r in ranges:
        total *= len(r)
    if total <= ASSIGNMENTS:
        chosen = list(product(*ranges))
    else:
        patterns: dict[tuple[int, ...], tuple[int, ...]] = {}
        for values in product(*ranges):
            patterns.setdefault(_pattern([(kinds[n], v) for n, v in zip(names, values, strict=True)]), values)
        chosen = list(patterns.values())
        random = Random(f"{point.number} {point.classes} {names}")
        rest = [v for v in product(*ranges) if v not in set(chosen)]
        chosen += random.sample(rest, min(len(rest), max(0, ASSIGNMENTS - len(chosen))))
    for values in chosen:
        yield dict(zip(names, values, strict=True))


def _pattern(values: list[tuple[str, int]]) -> tuple[int, ...]:
    """Which indices are equal: for each the place of the first that is equal to it."""
    return tuple(values.index(v) for v in values)


@cache
def _draw(number: int, domain: str, letter: str, at: tuple[int, ...]) -> Decimal:
    low, width = (Decimal(str(bound)) for bound in _RANGES[domain])
    part = Decimal(Random(f"{number} {letter} {at}").randrange(10**DIGITS)).scaleb(-DIGITS, CONTEXT)
    return CONTEXT.fma(width, part, low)
