"""What a program is written with while it is lowered: inputs, named values, and the softmaxes of its vectors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

from sympy import Expr, IndexedBase, KroneckerDelta, Symbol

from symce.algebra.binders import LogSumExp
from symce.algebra.indices import ClassIndex, c
from symce.derivation.model import z as LOGITS
from symce.kernel import ir
from symce.kernel.patterns import scaled_vector
from symce.kernel.stability import (
    CATALOGUE,
    DIRECTION_FROM_TOP,
    FROM_TOP,
    SHIFT_BEFORE_DIVISION,
    SOFTMAX_BY_GAP,
)
from symce.kernel.stable import Scale, SoftmaxForms, sub


class LoweringError(RuntimeError):
    """A closed form that no program of passes over one row computes; the message says which part and why."""


@dataclass
class Scope(ABC):
    """One program while it is written.

    ``vectors`` gives, for each vector of the closed form (z, y, v, parameters), the input that holds it.
    """

    vectors: Mapping[IndexedBase, ir.Input]
    scalars: Mapping[Symbol, ir.Input]
    adjusted: IndexedBase | None = None
    image: tuple[Expr, ClassIndex] | None = None
    lets: list[ir.Let] = field(default_factory=list)
    _sums: dict[Expr, ir.Node] = field(default_factory=dict)
    _forms: dict[Expr, SoftmaxForms] = field(default_factory=dict)
    _vectors: dict[IndexedBase, ir.Node] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)
    _derivative: bool = False

    def let(self, name: str, value: ir.Node, note: str = "") -> ir.Var:
        """Give a value a name, made unique by a number where it is taken; what has one already keeps it."""
        known = next((x.name for x in self.lets if x.value == value), None)
        if known is not None:
            return ir.Var(known, value.shape)
        taken = {x.name for x in self.lets} | {i.name for i in (*self.vectors.values(), *self.scalars.values())}
        unique, n = name, 1
        while unique in taken:
            n += 1
            unique = f"{name}_{n}"
        self.lets.append(ir.Let(unique, value, note))
        return ir.Var(unique, value.shape)

    def vector(self, base: IndexedBase) -> ir.Node:
        """The row (or the K numbers) of a vector."""
        if base == self.adjusted and self.image is not None:
            if base not in self._vectors:
                image, index = self.image
                self._vectors[base] = self.let("adjusted", self.lower(image, index), "the logits after the inner map")
            return self._vectors[base]
        if base == FROM_TOP:
            self._used.add(DIRECTION_FROM_TOP.name)
            top = self.forms(self.adjusted or LOGITS).top_class
            return self.let(
                "v_from_top", sub(self.direction, ir.Gather(self.direction, top)), "a shift changes nothing"
            )
        if base not in self.vectors:
            raise LoweringError(f"no input holds the vector {base}")
        return self.vectors[base]

    def forms(self, vector: IndexedBase | LogSumExp) -> SoftmaxForms:
        """The stable forms of softmax of a vector, or of what a log-sum-exp runs over, computed once."""
        if vector not in self._forms:
            self._used.add(SOFTMAX_BY_GAP.name)
            node, scale = self._softmax_of(vector)
            if scale is not None:
                self._used.add(SHIFT_BEFORE_DIVISION.name)
            self._forms[vector] = SoftmaxForms(self.let, node, self.class_index, scale)
        return self._forms[vector]

    def _softmax_of(self, vector: IndexedBase | LogSumExp) -> tuple[ir.Node, Scale | None]:
        """The row that softmax is taken of, and the scale that is applied to it, where it is no more than that."""
        if isinstance(vector, LogSumExp):
            index, body = vector.open()
        elif vector == self.adjusted and self.image is not None:
            body, index = self.image
        else:
            return self.vector(vector), None
        scaled = scaled_vector(body, index)
        if scaled is None:
            if isinstance(vector, LogSumExp):
                return self.let("terms", self.lower(body, index), f"{body}, of which log-sum-exp is taken"), None
            return self.vector(vector), None
        base, by, divides = scaled
        node = self.vector(base)
        return node, None if by == 1 else Scale(self.lower(by, None), divides)

    @property
    def stability(self) -> tuple[str, ...]:
        """The names of the rules that were followed so far, in the order of symce.kernel.stability."""
        return tuple(name for name in CATALOGUE if name in self._used)

    @property
    def direction(self) -> ir.Node:
        """The vector of a Hessian-vector product."""
        return next(i for i in self.vectors.values() if i.name == "v")

    @property
    def class_index(self) -> ir.Node | None:
        """The input that holds the true class of every row, if there is one."""
        return next((i for i in self.vectors.values() if i.kind == "index"), None)

    @property
    def target(self) -> ir.Node:
        """The true class of every row."""
        node = self.class_index
        if node is None:
            raise LoweringError("the closed form names the true class c, but the target is not a class index")
        return node

    @property
    def hot(self) -> ir.Node:
        """The row that is true at the true class."""
        return ir.OneHot(self.target)

    def hot_for(self, delta: KroneckerDelta, row: ClassIndex | None) -> ir.Node:
        others = [a for a in delta.args if a != c]
        if len(others) != 1 or others[0] != row:
            self.on_row(next((a for a in delta.args if a not in (c, row)), delta.args[0]), row)
        return self.hot

    def entry(self, base: IndexedBase, index: Expr, row: ClassIndex | None) -> ir.Node:
        """base[index]: at the true class a gather, at the row's index the row itself."""
        if index == c:
            return ir.Gather(self.vector(base), self.target)
        self.on_row(index, row)
        return self.vector(base)

    def on_row(self, index: Expr, row: ClassIndex | None) -> None:
        if index != row:
            raise LoweringError(
                f"index {index} stands beside {row}: that takes a value for every pair of classes (K x K), which no "
                "kernel of one pass a row computes; write the pair's sum as a product of sums"
            )

    @abstractmethod
    def lower(self, expr: Expr, row: ClassIndex | None) -> ir.Node:
        """The expression as a node: a row where it varies with ``row``, else a number per row or a scalar."""
