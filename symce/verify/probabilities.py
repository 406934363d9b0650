"""Softmax, log-sum-exp and sigmoid as operations of a tape: with values and derivatives that do not cancel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import mpmath as mp

from symce.verify.dual import ONE, ZERO, Dual, Number, add, others, product

Infinite = Literal["nan", "limit"]


class Softmax:
    """p = softmax(a) and its relatives, each a number of the tape: "p", "1-p", "log p", "log 1-p", and log-sum-exp.

    With d_k = a_k - max a and E_k = exp(d_k), p_k is E_k over the sum of all E, 1 - p_k the sum of the others over
    that of all, log p_k is d_k - log1p(sum of E without the largest): nothing small is lost beside what is large.
    A class at -inf has the probability 0. One at +inf makes all NaN, or has the probability 1 (``infinite="limit"``).
    """

    def __init__(self, a: Sequence[Number], infinite: Infinite) -> None:
        self.a = a
        self.depends = any(x.depends for x in a)
        self.entries: dict[tuple[str, int], Number] = {}
        self.logsumexp: Number | None = None
        top = max(range(len(a)), key=lambda k: a[k].value)
        self.top, largest = top, a[top].value
        # two at +inf have no limit: their distance is NaN
        limit = infinite == "limit" and largest == mp.inf
        broken = any(mp.isnan(x.value) for x in a) or (mp.isinf(largest) and not limit)
        self.distance = [mp.nan if broken else x.value - largest for x in a]
        if not broken:
            self.distance[top] = ZERO
        exps = [mp.exp(d) if d else ONE for d in self.distance]
        rest = others(exps, add, ZERO)
        mass = ONE + rest[top]
        self.log_mass = mp.nan if broken else mp.log1p(rest[top])
        p = [mp.nan if broken else e / mass for e in exps]
        q = [mp.nan if broken else r / mass for r in rest]
        self.mean, self.mean_size, slopes = ZERO, ZERO, [(ZERO, ZERO)] * len(a)
        if any(x.along_size for x in a):
            # the derivative of log p_k along v: (1 - p_k) a'_k less the sum of p_i a'_i over the others
            flow = [product(x, y.along) for x, y in zip(p, a, strict=True)]
            sizes = [product(x, y.along_size) for x, y in zip(p, a, strict=True)]
            self.mean, self.mean_size = mp.fsum(flow), mp.fsum(sizes)
            slopes = [
                (product(x, y.along) - f, add(product(x, y.along_size), s))
                for x, y, f, s in zip(q, a, others(flow, add, ZERO), others(sizes, add, ZERO), strict=True)
            ]
        self.slopes = slopes
        self.p = [Dual(x, x, product(x, f), product(x, s)) for x, (f, s) in zip(p, slopes, strict=True)]
        self.q = [Dual(y, y, -x.along, x.along_size) for y, x in zip(q, self.p, strict=True)]

    def number(self, kind: str, k: int) -> Number:
        """An entry of p, 1-p, log p or log 1-p."""
        if (kind, k) not in self.entries:
            found = self._entry(kind, k)
            self.entries[kind, k] = Number(found.value, found.size, found.along, found.along_size, depends=self.depends)
        return self.entries[kind, k]

    def _entry(self, kind: str, k: int) -> Dual:
        p, q, (slope, size) = self.p[k], self.q[k], self.slopes[k]
        if kind == "p":
            return p
        if kind == "1-p":
            return q
        if kind == "log p":
            value = self.distance[k] - self.log_mass
            return Dual(value, abs(value), slope, size)
        value = -mp.inf if not q.value else mp.log1p(-p.value) if p.value < q.value else mp.log(q.value)
        odds = self._odds(k)
        return Dual(value, abs(value), -product(odds.value, slope), product(odds.size, size))

    def _odds(self, k: int) -> Dual:
        """p_k / (1 - p_k); its derivative is itself times that of log p_k, over 1 - p_k."""
        p, q, (slope, size) = self.p[k], self.q[k], self.slopes[k]
        if not q.value:
            return Dual(mp.inf, mp.inf)
        odds = p.value / q.value
        return Dual(odds, odds, product(odds / q.value, slope), product(odds / q.value, size))

    def log_sum_exp(self) -> Number:
        if self.logsumexp is None:
            value = self.a[self.top].value + self.log_mass
            self.logsumexp = Number(value, abs(value), self.mean, self.mean_size, depends=self.depends)
        return self.logsumexp

    def pull(self) -> None:
        """Hand the adjoints of all entries on to a.

        With u_k that of log p_k, once those of p_k and 1 - p_k are taken over by it, a_j's is
        u_j (1 - p_j) less p_j times the sum of the other u: added up from products, not from what cancels.
        """
        if not self.depends:
            return
        if self.logsumexp is not None and self.logsumexp.adjoint is not None:
            for x, p in zip(self.a, self.p, strict=True):
                x.gain(self.logsumexp.adjoint * p)
        u: list[Dual | None] = [None] * len(self.a)
        for (kind, k), number in self.entries.items():
            if number.adjoint is None:
                continue
            flow = number.adjoint
            if kind != "log p":
                flow = flow * (self._odds(k) if kind == "log 1-p" else self.p[k])
                flow = flow if kind == "p" else -flow
            known = u[k]
            u[k] = flow if known is None else known + flow
        if not any(u):
            return
        rest = others(u, _plus, None)
        for x, own, other, p, q in zip(self.a, u, rest, self.p, self.q, strict=True):
            if own is not None:
                x.gain(own * q)
            if other is not None:
                x.gain(-(other * p))


def _plus(a: Dual | None, b: Dual | None) -> Dual | None:
    return b if a is None else a if b is None else a + b


class Sigmoid:
    """s = 1/(1 + exp(-a)) and its relatives: "s", "1-s", "log s", "log 1-s", from exp(-|a|)."""

    def __init__(self, a: Number) -> None:
        self.a = a
        small = mp.exp(-abs(a.value))
        large = 1 / (1 + small)
        s, r = (large, product(small, large)) if a.value > 0 else (product(small, large), large)
        self.tail = small
        rise, size = product(product(s, r), a.along), product(product(s, r), a.along_size)
        self.s, self.r = Dual(s, s, rise, size), Dual(r, r, -rise, size)

    def entry(self, kind: str) -> tuple[Dual, Dual]:
        """An entry and its derivative in a."""
        s, r, x = self.s, self.r, self.a.value
        if kind in ("s", "1-s"):
            return (s, s * r) if kind == "s" else (r, -(s * r))
        slope = r if kind == "log s" else -s
        value = (min(x, ZERO) if kind == "log s" else -max(x, ZERO)) - mp.log1p(self.tail)
        return Dual(
            value, abs(value), product(slope.value, self.a.along), product(slope.size, self.a.along_size)
        ), slope
