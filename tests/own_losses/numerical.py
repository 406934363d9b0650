"""What a statement means, read a third time: its syntax tree in mpmath's numbers, and mpmath's numerical derivative.

Shares nothing with the derivation nor with the oracle of the verification, which differentiates by rules of its own:
here the value alone has a meaning, and differences of values at 40 digits are the gradient.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import mpmath as mp

from symce.language import tree as T
from symce.losses.loss import Loss

DIGITS = 40
Number = Any
#: where a value of nothing but logits is asked for
RELATIONS = {
    "eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge,
}  # fmt: skip
FUNCTIONS: dict[str, Any] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "pow": operator.pow,
    "neg": operator.neg,
    "log": mp.log,
    "exp": mp.exp,
    "sqrt": mp.sqrt,
    "tanh": mp.tanh,
    "abs": abs,
    "min": min,
    "max": max,
    "softplus": lambda x: mp.log(1 + mp.exp(x)),
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
}


class Row:
    """One row: the value of a statement as a function of its logits."""

    def __init__(self, loss: Loss, size: int, target: Any, params: dict[str, Any]) -> None:
        self.loss = loss
        self.size = size
        self.vectors: dict[str, list[Number]] = {}
        self.scalars: dict[str, Number] = {"K": mp.mpf(size)}
        self.c = int(target) if loss.target == "index" else None
        if loss.target not in ("index", "none"):
            self.vectors["y"] = [mp.mpf(float(x)) for x in target]
        for p in loss.params:
            value = params.get(p.name, p.default)
            if p.shape:
                entries: Sequence[Any] = [value] * size if isinstance(value, float) else value
                self.vectors[p.name] = [mp.mpf(float(x)) for x in entries]
            else:
                self.scalars[p.name] = mp.mpf(float(value))

    def value(self, *z: Number) -> Number:
        vectors = {**self.vectors, "z": list(z)}
        inner = [self.read(self.loss.inner_map, {"k": k}, vectors) for k in range(self.size)]
        exps = [mp.exp(a) for a in inner]
        vectors["p"] = [e / mp.fsum(exps) for e in exps]
        vectors["s"] = [1 / (1 + mp.exp(-a)) for a in inner]
        return self.read(self.loss.statement, {} if self.c is None else {"c": self.c}, vectors)

    def read(self, tree: T.Tree, at: dict[str, int], vectors: dict[str, list[Number]]) -> Number:
        """The value of a tree; ``at`` says which class each index is."""
        match tree:
            case T.Number(value):
                return mp.mpf(value.numerator) / value.denominator
            case T.Scalar(name):
                return self.scalars[name]
            case T.Item(base, index):
                return vectors[base][at[index]]
            case T.Apply(function, args):
                return FUNCTIONS[function](*(self.read(a, at, vectors) for a in args))
            case T.Sum(body, index):
                return mp.fsum(self.read(body, {**at, index: k}, vectors) for k in range(self.size))
            case T.LogSumExp(body, index):
                return mp.log(mp.fsum(mp.exp(self.read(body, {**at, index: k}, vectors)) for k in range(self.size)))
            case T.Where(condition, then, otherwise):
                if isinstance(condition, T.IndexEqual):
                    holds = (at[condition.left] == at[condition.right]) is not condition.negated
                else:
                    sides = (self.read(x, at, vectors) for x in (condition.left, condition.right))
                    holds = RELATIONS[condition.relation](*sides)
                return self.read(then if holds else otherwise, at, vectors)
        raise TypeError(f"no meaning for {tree!r}")

    def gradient(self, logits: Sequence[float]) -> list[Number]:
        """mpmath's numerical derivative in each logit, at 40 digits."""
        with mp.workdps(DIGITS):
            point = tuple(mp.mpf(float(x)) for x in logits)
            if self.size == 1:
                return [mp.diff(self.value, point[0])]
            return [mp.diff(self.value, point, tuple(int(i == j) for i in range(self.size))) for j in range(self.size)]
