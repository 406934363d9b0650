"""The statement of a loss at 80 digits, differentiated exactly: the reference for extreme logits.

Masked classes (logits of -inf) are taken as logits of -1e60: below anything that a float32 holds, and mpmath's numbers
have no least exponent, so that their probabilities are there, tiny, and every limit comes out by itself. What then is
as large as a logit of that size is infinite.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import mpmath as mp
import numpy as np

from symce.language import tree as T
from symce.losses.loss import Loss
from symce.verify.case import Array
from symce.verify.dual import Number
from symce.verify.probabilities import Sigmoid, Softmax
from symce.verify.semantics import Rows, Undefined
from symce.verify.structure import FREE, complement, inner_index, subtrees, terms
from symce.verify.tape import Tape

DIGITS = 80
MASKED = -(mp.mpf(10) ** 60)
#: what counts as infinite
LARGE = mp.mpf(10) ** 45
RELATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge,
}  # fmt: skip


class PreciseReference:
    """See symce.verify.semantics.Reference. Entries that mathematics has no number for are NaN or infinite."""

    name = "mpmath of the statement, 80 digits"

    def evaluate(self, rows: Rows, cotangent: Array, v: Array) -> tuple[Array, Array, Array]:
        m, size = rows.logits.shape
        losses = np.zeros((m, size) if rows.per_entry else m)
        gradient, hvp = np.zeros((m, size)), np.zeros((m, size))
        params = {p.name: rows.params.get(p.name, p.default) for p in rows.loss.params}
        with mp.workdps(DIGITS):
            for i in range(m):
                own = {n: a[i] if np.ndim(a) == 2 else a for n, a in params.items()}
                z = [MASKED if np.isneginf(x) else number(x) for x in rows.logits[i]]
                target = None if rows.target is None else rows.target[i]
                row = Row.of(rows.loss, z, target, own, [number(x) for x in v[i]], Tape())
                values = row.losses(rows.per_entry)
                losses[i] = [_float(f.value) for f in values] if rows.per_entry else _float(values[0].value)
                flow = [row.tape.constant(number(c)) for c in np.ravel(cotangent[i])]
                row.tape.backward(row.tape.total([row.tape.mul(c, f) for c, f in zip(flow, values, strict=True)]))
                for k, x in enumerate(row.logits):
                    if x.adjoint is not None:
                        gradient[i, k], hvp[i, k] = _float(x.adjoint.value), _float(x.adjoint.along)
        return losses, gradient, hvp


def number(x: Any) -> Any:
    """An mpmath number: a float as it is, a fraction to the digits of the moment."""
    if isinstance(x, mp.mpf):
        return x
    if isinstance(x, Fraction):
        return mp.mpf(x.numerator) / x.denominator
    return mp.mpf(float(x))


def _indices(tree: T.Tree) -> set[str]:
    """The class indices that are free in a tree."""
    match tree:
        case T.Item(_, index):
            return {index}
        case T.Apply(_, args):
            return set().union(*map(_indices, args))
        case T.Sum(body, index) | T.LogSumExp(body, index):
            return _indices(body) - {index}
        case T.Where(condition, then, otherwise):
            if isinstance(condition, T.IndexEqual):
                compared = {condition.left, condition.right}
            else:
                compared = _indices(condition.left) | _indices(condition.right)
            return compared | _indices(then) | _indices(otherwise)
    return set()


def _float(x: Any) -> float:
    if mp.isnan(x):
        return float("nan")
    return float(mp.sign(x)) * float("inf") if abs(x) >= LARGE else float(x)


@dataclass
class Row:
    """One row of logits (K), read by the statement of a loss, recorded on a tape."""

    loss: Loss
    tape: Tape
    logits: list[Number]
    letters: dict[str, Any]
    #: what was read of trees that an inner sum repeats, by the tree and the classes that its indices stand for
    known: dict[tuple[int, tuple[int, ...]], Number] = field(default_factory=dict)
    free: dict[int, tuple[str, ...]] = field(default_factory=dict)
    softmax: Softmax | None = None
    sigmoids: list[Sigmoid] = field(default_factory=list)

    @classmethod
    def of(
        cls, loss: Loss, z: Sequence[Any], target: Any, params: Mapping[str, Any], v: Sequence[Any], tape: Tape
    ) -> Row:
        """The row of mpmath numbers ``z`` (K) and ``v`` (K), a target and parameters as the oracle takes them."""
        logits = [tape.variable(x, y) for x, y in zip(z, v, strict=True)]
        letters: dict[str, Any] = {"z": logits, "K": tape.constant(mp.mpf(len(logits)))}
        for name, given in params.items():
            shaped = any(p.name == name and p.shape for p in loss.params)
            entries = [given] * len(logits) if shaped and np.ndim(given) == 0 else given
            letters[name] = [tape.constant(number(x)) for x in entries] if shaped else tape.constant(number(given))
        if loss.target == "index":
            letters["c"] = int(target)
        elif target is not None and np.ndim(target) == 1:
            letters["y"] = [tape.constant(number(x)) for x in target]
        return cls(loss, tape, logits, letters)

    def losses(self, per_entry: bool = False) -> list[Number]:
        """The loss of the row, or its losses per entry. Raises Undefined where the statement divides by zero."""
        size = len(self.logits)
        try:
            self._probabilities()
            if not per_entry:
                return [self.read(self.loss.statement, {})]
            term = terms(self.loss.statement)
            if term is None:
                raise TypeError(
                    f"{self.loss.name}: its value is not a sum of one term a class, so it has no losses per entry"
                )
            return [self.read(term, {FREE: k}) for k in range(size)]
        except (ZeroDivisionError, ValueError) as error:
            raise Undefined(f"{self.loss.name}: K = {size}: {error}") from error

    def _probabilities(self) -> None:
        """p and s of the inner map; nothing small is lost beside what is large."""
        index = inner_index(self.loss)
        used = {t.base for t in subtrees(self.loss.statement) if isinstance(t, T.Item)}
        a = [self.read(self.loss.inner_map, {index: k}) for k in range(len(self.logits))]
        if "s" in used:
            self.sigmoids = [self.tape.sigmoid(x) for x in a]
        if "p" in used:
            self.softmax = self.tape.softmax(a)

    def read(self, tree: T.Tree, scope: dict[str, int]) -> Number:
        """The number that a tree is, with the classes that its bound indices stand for."""
        if id(tree) not in self.free:
            self.free[id(tree)] = tuple(sorted(_indices(tree)))
        free = self.free[id(tree)]
        if isinstance(tree, T.Item | T.Scalar) or all(i in free for i in scope):
            return self._read(tree, scope)
        key = id(tree), tuple(scope[i] for i in free if i in scope)
        if key not in self.known:
            self.known[key] = self._read(tree, scope)
        return self.known[key]

    def _read(self, tree: T.Tree, scope: dict[str, int]) -> Number:
        match tree:
            case T.Number(value):
                return self.tape.constant(number(value))
            case T.Scalar(name):
                scalar: Number = self.letters[name]
                return scalar
            case T.Item(base, index):
                return self._entry(base, index, scope)
            case T.Apply():
                return self._apply(tree, scope)
            case T.Sum(body, index):
                return self.tape.total([self.read(body, {**scope, index: k}) for k in range(len(self.logits))])
            case T.LogSumExp(body, index):
                values = [self.read(body, {**scope, index: k}) for k in range(len(self.logits))]
                return self.tape.softmax(values).log_sum_exp()
            case T.Where(T.IndexEqual() as condition, then, otherwise):
                # both are read: a number such as eps / (K - 1) must be one, be it chosen or not
                yes, no = self.read(then, scope), self.read(otherwise, scope)
                return yes if self._holds(condition, scope) else no
            case T.Where(condition, then, otherwise):
                return self.read(then if self._holds(condition, scope) else otherwise, scope)
        raise TypeError(f"no meaning is defined for {type(tree).__name__}")

    def _apply(self, tree: T.Apply, scope: dict[str, int]) -> Number:
        item = complement(tree)
        if item is not None:
            return self._entry(f"1-{item.base}", item.index, scope)
        if tree.function == "log":
            return self._log(tree.args[0], scope)
        args = [self.read(a, scope) for a in tree.args]
        match tree.function:
            case "add" | "sub" | "mul" | "div" | "pow" | "neg" | "abs" | "min" | "max":
                found: Number = getattr(self.tape, tree.function)(*args)
                return found
            case _:
                return self.tape.apply(tree.function, *args)

    def _log(self, tree: T.Tree, scope: dict[str, int]) -> Number:
        """The logarithm: of p, s, 1 - p, 1 - s directly, of a quotient as a difference (p is not lost in p / 0)."""
        item = complement(tree)
        if item is not None:
            return self._entry(f"log 1-{item.base}", item.index, scope)
        match tree:
            case T.Item("p" | "s" as base, index):
                return self._entry(f"log {base}", index, scope)
            case T.Apply("div", (a, b)) if self.read(a, scope).value >= 0 and self.read(b, scope).value >= 0:
                return self.tape.sub(self._log(a, scope), self._log(b, scope))
        return self.tape.apply("log", self.read(tree, scope))

    def _entry(self, base: str, index: str, scope: dict[str, int]) -> Number:
        k = self._place(index, scope)
        if self.softmax is not None and base in ("p", "1-p", "log p", "log 1-p"):
            return self.softmax.number(base, k)
        if self.sigmoids and base in ("s", "1-s", "log s", "log 1-s"):
            return self.tape.label(self.sigmoids[k], base)
        value: Number = self.letters[base][k]
        return value

    def _place(self, index: str, scope: dict[str, int]) -> int:
        place: int = scope.get(index, self.letters["c"] if index == "c" else -1)
        return place

    def _holds(self, condition: T.IndexEqual | T.Compare, scope: dict[str, int]) -> bool:
        if isinstance(condition, T.IndexEqual):
            return (self._place(condition.left, scope) == self._place(condition.right, scope)) != condition.negated
        left, right = self.read(condition.left, scope), self.read(condition.right, scope)
        self.tape.compared(left, right)
        return bool(RELATIONS[condition.relation](left.value, right.value))
