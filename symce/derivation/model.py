"""A loss as SymPy expressions: the meaning that the derivation gives to the syntax tree of its statement."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sympy import (
    Abs,
    Add,
    Eq,
    Expr,
    IndexedBase,
    KroneckerDelta,
    Max,
    Min,
    Mul,
    Ne,
    Pow,
    Rational,
    S,
    Symbol,
    exp,
    log,
    sqrt,
    tanh,
)

from symce.algebra.binders import FiniteSum, LogSumExp
from symce.algebra.functions import Sigmoid, Softmax, Softplus
from symce.algebra.indices import ClassIndex, K, c, j
from symce.algebra.nodes import Named
from symce.algebra.piecewise import Where
from symce.language import tree as T
from symce.losses.loss import Loss, Param
from symce.rules.rule import Rule
from symce.rules.targets import sums_to_one

k = ClassIndex("k")
z = IndexedBase("z", real=True)
#: the logits after the inner map, where a loss has one
adjusted = IndexedBase("a", real=True)
y = IndexedBase("y", nonnegative=True)

_ASSUMPTIONS: dict[str, dict[str, bool]] = {
    "real": {"real": True},
    "nonnegative": {"nonnegative": True},
    "positive": {"positive": True},
    "unit": {"nonnegative": True},
}


@dataclass(frozen=True)
class Model:
    """A loss with its letters.

    ``value`` is the statement; ``logits`` the vector whose softmax (or sigmoid) p (or s) is: z itself, or ``adjusted``
    where the loss has an inner map, and then ``image`` is that map's value at z[k].
    """

    loss: Loss
    value: Expr
    logits: IndexedBase
    image: Expr | None
    parameters: dict[str, Expr | IndexedBase] = field(hash=False)
    facts: tuple[Rule, ...] = ()

    @property
    def named(self) -> Expr:
        """The loss under its name L."""
        return Named(Symbol("L"), self.value)

    @property
    def variable(self) -> Expr:
        return self.logits[j]


def model(loss: Loss) -> Model:
    """The loss as SymPy expressions, for symbolic K."""
    parameters = {p.name: _letter(p) for p in loss.params}
    inner = loss.inner_map
    identity = isinstance(inner, T.Item) and inner.base == "z"
    logits = z if identity else adjusted
    reader = _Reader(parameters, logits)
    value = reader.read(loss.statement, {})
    image = None if identity else reader.read(inner, {inner_index(inner): k})
    facts = (sums_to_one(y),) if loss.target == "distribution" else ()
    return Model(loss, value, logits, image, parameters, facts)


def read(model: Model, tree: T.Tree, scope: dict[str, ClassIndex]) -> Expr:
    """Another tree of the same loss, in the model's letters; ``scope`` maps its free indices to indices."""
    return _Reader(model.parameters, model.logits).read(tree, scope)


def inner_index(tree: T.Tree) -> str:
    """The index that an inner map is written in."""
    indices = {node.index for node in _items(tree)}
    if len(indices) != 1:
        raise ValueError(f"an inner map is written in one index, not in {sorted(indices)}")
    return indices.pop()


def _items(tree: Any) -> list[T.Item]:
    if isinstance(tree, T.Item):
        return [tree]
    if isinstance(tree, T.Apply):
        return [item for a in tree.args for item in _items(a)]
    if isinstance(tree, T.Where):
        sides = (tree.condition.left, tree.condition.right) if isinstance(tree.condition, T.Compare) else ()
        return [item for a in (*sides, tree.then, tree.otherwise) for item in _items(a)]
    return []


def _letter(param: Param) -> Expr | IndexedBase:
    assumptions = _ASSUMPTIONS[param.domain]
    return IndexedBase(param.name, **assumptions) if param.shape else Symbol(param.name, **assumptions)


_FUNCTIONS = {
    "add": Add,
    "sub": lambda a, b: a - b,
    "mul": Mul,
    "div": lambda a, b: a / b,
    "pow": Pow,
    "neg": lambda a: -a,
    "log": log,
    "exp": exp,
    "sqrt": sqrt,
    "tanh": tanh,
    "abs": Abs,
    "min": lambda *a: _extreme(Min, a),
    "max": lambda *a: _extreme(Max, a),
    "softplus": Softplus,
    "sigmoid": Sigmoid,
}
_RELATIONS: dict[str, Any] = {
    "eq": Eq,
    "ne": Ne,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
}


def _extreme(kind: type, args: tuple[Expr, ...]) -> Expr:
    """min and max as a choice, which is how they are differentiated."""
    result = args[0]
    for other in args[1:]:
        result = Where(result <= other, result, other) if kind is Min else Where(result >= other, result, other)
    return result


@dataclass(frozen=True)
class _Reader:
    parameters: dict[str, Any]
    logits: IndexedBase

    def read(self, tree: T.Tree, scope: dict[str, ClassIndex]) -> Expr:
        match tree:
            case T.Number(value):
                return Rational(value.numerator, value.denominator)
            case T.Scalar(name):
                return K if name == "K" else self.parameters[name]
            case T.Item(base, index):
                return self.entry(base, self.index(index, scope))
            case T.Apply(function, args):
                return _FUNCTIONS[function](*[self.read(a, scope) for a in args])
            case T.Sum(body, index):
                bound = self.fresh(scope)
                return FiniteSum(self.read(body, {**scope, index: bound}), bound)
            case T.LogSumExp(body, index):
                bound = self.fresh(scope)
                return LogSumExp(self.read(body, {**scope, index: bound}), bound)
            case T.Where(T.IndexEqual(left, right, negated), then, otherwise):
                delta = KroneckerDelta(self.index(left, scope), self.index(right, scope))
                yes, no = self.read(then, scope), self.read(otherwise, scope)
                if negated:
                    yes, no = no, yes
                return delta * yes + (1 - delta) * no if no != S.Zero else delta * yes
            case T.Where(T.Compare(relation, left, right), then, otherwise):
                condition = _RELATIONS[relation](self.read(left, scope), self.read(right, scope))
                return Where(condition, self.read(then, scope), self.read(otherwise, scope))
        raise TypeError(f"no meaning is defined for {type(tree).__name__}")

    def entry(self, base: str, index: ClassIndex) -> Expr:
        match base:
            case "z":
                return z[index]
            case "p":
                return Softmax(self.logits, index)
            case "s":
                return Sigmoid(self.logits[index])
            case "y":
                return y[index]
        return self.parameters[base][index]

    def index(self, name: str, scope: dict[str, ClassIndex]) -> ClassIndex:
        return scope.get(name, c)

    def fresh(self, scope: dict[str, ClassIndex]) -> ClassIndex:
        return ClassIndex(f"index{len(scope)}")
