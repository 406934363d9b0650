"""The statement of a loss at 80 digits, differentiated exactly: the reference for extreme logits.

Masked classes (logits of -inf) are taken as logits of -1e60: below anything that a float32 holds, and mpmath's numbers
have no least exponent, so that their probabilities are there, tiny, and every limit comes out by itself. What then is
as large as a logit of that size is infinite.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import mpmath as mp
import numpy as np

from symce.language import tree as T
from symce.losses.loss import Loss
from symce.verify import dual as D
from symce.verify.case import Array
from symce.verify.dual import Dual
from symce.verify.semantics import Rows, Undefined
from symce.verify.structure import FREE, complement, inner_index, subtrees, terms

DIGITS = 80
MASKED = -(mp.mpf(10) ** 60)
#: what counts as infinite
LARGE = mp.mpf(10) ** 45


class PreciseReference:
    """See symce.verify.semantics.Reference. Entries that mathematics has no number for are NaN or infinite."""

    name = "mpmath of the statement, 80 digits"

    def evaluate(self, rows: Rows, cotangent: Array, v: Array) -> tuple[Array, Array, Array]:
        m, size = rows.logits.shape
        losses = np.zeros((m, size) if rows.per_entry else m)
        gradient, hvp = np.zeros((m, size)), np.zeros((m, size))
        with mp.workdps(DIGITS):
            for i in range(m):
                values = row_losses(rows, i, v[i])
                weighted = D.total([D.constant(c) * f for c, f in zip(np.ravel(cotangent[i]), values, strict=True)])
                losses[i] = [_float(f.value) for f in values] if rows.per_entry else _float(values[0].value)
                if weighted.grad:
                    gradient[i] = [_float(x) for x in weighted.grad]
                if weighted.twice:
                    hvp[i] = [_float(x) for x in weighted.twice]
        return losses, gradient, hvp


def row_losses(rows: Rows, i: int, v: Array, masked: Any = MASKED) -> list[Dual]:
    """The loss of row i, or its losses per entry, with their derivatives. Raises Undefined where it divides by zero.

    Computed at mpmath's current precision; ``masked`` stands for logits of -inf.
    """
    loss, size = rows.loss, rows.logits.shape[1]
    z = [
        Dual(
            masked if np.isneginf(x) else mp.mpf(x),
            tuple(mp.mpf(j == k) for j in range(size)),
            mp.mpf(v[k]),
            (mp.mpf(0),) * size,
        )
        for k, x in enumerate(rows.logits[i])
    ]
    letters: dict[str, Any] = {"z": z, "K": D.constant(size)}
    for p in loss.params:
        a = rows.params.get(p.name, p.default)
        entries = np.broadcast_to(a[i] if np.ndim(a) == 2 else a, (size,))
        letters[p.name] = [D.constant(x) for x in entries] if p.shape else D.constant(entries[0])
    if rows.target is not None and rows.target.dtype.kind == "f":
        letters["y"] = [D.constant(x) for x in rows.target[i]]
    elif rows.target is not None:
        letters["c"] = int(rows.target[i])
    try:
        letters |= _probabilities(_Reader(letters, size), loss)
        reader = _Reader(letters, size)
        if not rows.per_entry:
            return [reader.read(loss.statement, {})]
        term = terms(loss.statement)
        if term is None:
            raise TypeError(f"{loss.name}: its value is not a sum of one term a class, so it has no losses per entry")
        return [reader.read(term, {FREE: k}) for k in range(size)]
    except (ZeroDivisionError, ValueError) as error:
        raise Undefined(f"{loss.name}: K = {size}: {error}") from error


def _probabilities(reader: _Reader, loss: Loss) -> dict[str, Any]:
    """p, s, their complements and logarithms, from their definitions; nothing small is lost beside what is large."""
    size, index = reader.size, inner_index(loss)
    a = [reader.read(loss.inner_map, {index: k}) for k in range(size)]
    used = {t.base for t in subtrees(loss.statement) if isinstance(t, T.Item)}
    found: dict[str, Any] = {}
    if "s" in used:
        found |= {"s": [D.sigmoid(x) for x in a], "1-s": [D.sigmoid(-x) for x in a]}
        found |= {"log s": [-D.softplus(-x) for x in a], "log 1-s": [-D.softplus(x) for x in a]}
    if "p" not in used:
        return found
    top = max(range(size), key=lambda k: a[k].value)
    exps = [D.exp(x - a[top]) for x in a]
    mass = D.total(exps)
    rest = D.total([e for k, e in enumerate(exps) if k != top])
    others = [D.total([e for j, e in enumerate(exps) if j != k]) for k in range(size)]
    log_mass = D.log1p(rest)
    found |= {"p": [D.quotient(e, mass) for e in exps], "1-p": [D.quotient(o, mass) for o in others]}
    return {**found, "log p": [x - a[top] - log_mass for x in a]}


def _float(x: Any) -> float:
    if mp.isnan(x):
        return float("nan")
    return float(mp.sign(x)) * float("inf") if abs(x) >= LARGE else float(x)


@dataclass(frozen=True)
class _Reader:
    letters: dict[str, Any]
    size: int

    _functions: ClassVar[dict[str, Callable[..., Dual]]] = {
        "add": lambda a, b: a + b,
        "sub": lambda a, b: a - b,
        "mul": lambda a, b: a * b,
        "div": D.quotient,
        "pow": D.power,
        "neg": lambda a: -a,
        "log": D.log,
        "exp": D.exp,
        "sqrt": D.sqrt,
        "tanh": D.tanh,
        "abs": D.absolute,
        "min": lambda *a: min(a, key=lambda f: f.value),
        "max": lambda *a: max(a, key=lambda f: f.value),
        "softplus": D.softplus,
        "sigmoid": D.sigmoid,
    }
    _relations: ClassVar[dict[str, Callable[[Any, Any], bool]]] = {
        "eq": lambda a, b: bool(a == b),
        "ne": lambda a, b: bool(a != b),
        "lt": lambda a, b: bool(a < b),
        "le": lambda a, b: bool(a <= b),
        "gt": lambda a, b: bool(a > b),
        "ge": lambda a, b: bool(a >= b),
    }

    def read(self, tree: T.Tree, scope: dict[str, int]) -> Dual:
        match tree:
            case T.Number(value):
                return D.constant(mp.mpf(value.numerator) / value.denominator)
            case T.Scalar(name):
                scalar: Dual = self.letters[name]
                return scalar
            case T.Item(base, index):
                return self.entry(base, index, scope)
            case T.Apply():
                return self.apply(tree, scope)
            case T.Sum(body, index):
                return D.total([self.read(body, {**scope, index: k}) for k in range(self.size)])
            case T.LogSumExp(body, index):
                values = [self.read(body, {**scope, index: k}) for k in range(self.size)]
                top = max(range(self.size), key=lambda k: values[k].value)
                rest = D.total([D.exp(x - values[top]) for k, x in enumerate(values) if k != top])
                return values[top] + D.log1p(rest)
            case T.Where(T.IndexEqual() as condition, then, otherwise):
                # both are read: a number such as eps / (K - 1) must be one, be it chosen or not
                yes, no = self.read(then, scope), self.read(otherwise, scope)
                return yes if self.holds(condition, scope) else no
            case T.Where(condition, then, otherwise):
                return self.read(then if self.holds(condition, scope) else otherwise, scope)
        raise TypeError(f"no meaning is defined for {type(tree).__name__}")

    def apply(self, tree: T.Apply, scope: dict[str, int]) -> Dual:
        item = complement(tree)
        if item is not None:
            return self.entry(f"1-{item.base}", item.index, scope)
        if tree.function == "log":
            return self.log(tree.args[0], scope)
        return self._functions[tree.function](*[self.read(a, scope) for a in tree.args])

    def log(self, tree: T.Tree, scope: dict[str, int]) -> Dual:
        """The logarithm: of p and s directly, of a quotient as a difference (p is not lost in p / 0)."""
        item = complement(tree)
        if item is not None and item.base == "s":
            return self.entry("log 1-s", item.index, scope)
        match tree:
            case T.Item("p" | "s" as base, index):
                return self.entry(f"log {base}", index, scope)
            case T.Apply("div", (a, b)) if self.read(a, scope).value >= 0 and self.read(b, scope).value >= 0:
                return self.log(a, scope) - self.log(b, scope)
        return D.log(self.read(tree, scope))

    def entry(self, base: str, index: str, scope: dict[str, int]) -> Dual:
        value: Dual = self.letters[base][self.place(index, scope)]
        return value

    def place(self, index: str, scope: dict[str, int]) -> int:
        place: int = scope.get(index, self.letters["c"] if index == "c" else -1)
        return place

    def holds(self, condition: T.IndexEqual | T.Compare, scope: dict[str, int]) -> bool:
        if isinstance(condition, T.IndexEqual):
            return (self.place(condition.left, scope) == self.place(condition.right, scope)) != condition.negated
        left, right = self.read(condition.left, scope), self.read(condition.right, scope)
        return self._relations[condition.relation](left.value, right.value)
