"""Numbers for symce's expressions: a meaning given to every node by its definition alone, for the tests of rules.

Derivatives are numerical (mpmath), sums are loops, softmax is exp over a sum. Nothing of symce.rules is used.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import mpmath as mp
from sympy import Basic, Indexed, KroneckerDelta

from symce.algebra.binders import FiniteProduct, FiniteSum, LogSumExp
from symce.algebra.functions import Sigmoid, Softmax, Softplus
from symce.algebra.indices import ClassIndex, FeatureIndex, SampleIndex, TrueClass, one, two
from symce.algebra.nodes import Named, Partial, Product, Total
from symce.algebra.piecewise import ByCases, Where

mp.mp.dps = 40


@dataclass(frozen=True)
class Point:
    """A point: sizes, indices and the values of symbols and entries (made on demand, a fixed function of the name)."""

    size: int
    indices: dict = field(default_factory=dict)
    values: dict = field(default_factory=dict)

    def length(self, index: Basic) -> int:
        return {ClassIndex: self.size, SampleIndex: 2, FeatureIndex: 3}[type(index)]

    def value(self, key: tuple) -> mp.mpf:
        if key in self.values:
            return self.values[key]
        seed = sum((n + 1) * ord(ch) for n, ch in enumerate("|".join(map(str, key))))
        return mp.mpf(1) / 4 + mp.mpf((seed * 2654435761) % 1000003) / 1000003

    def index(self, index: Basic) -> int:
        """The value of an index; of a class by its number that number, of c_i the class of sample i."""
        if isinstance(index, TrueClass):
            return 1 + self.index(index.sample) % self.size
        return int(index.name) if index in (one, two) else self.indices[index]

    def at(self, index: Basic, value: int) -> Point:
        return replace(self, indices={**self.indices, index: value})

    def having(self, key: tuple, value: mp.mpf) -> Point:
        return replace(self, values={**self.values, key: value})


def evaluate(expr: Basic, point: Point) -> mp.mpf:
    """The value of an expression at a point."""
    match expr:
        case FiniteProduct():
            index, body = expr.open(point.indices)
            return mp.fprod(evaluate(body, point.at(index, n)) for n in range(1, point.length(index) + 1))
        case FiniteSum() | LogSumExp():
            index, body = expr.open(point.indices)
            terms = [evaluate(body, point.at(index, n)) for n in range(1, point.length(index) + 1)]
            return mp.fsum(terms) if isinstance(expr, FiniteSum) else mp.log(mp.fsum(mp.exp(t) for t in terms))
        case KroneckerDelta():
            return mp.mpf(len({point.index(a) for a in expr.args}) == 1)
        case Indexed():
            return point.value((str(expr.base), *(point.index(i) for i in expr.indices)))
        case Softmax():
            vector, k = expr.args
            key = ("softmax", str(vector), point.index(k))
            if key in point.values:
                return point.values[key]
            weights = [mp.exp(point.value((str(vector), n))) for n in range(1, point.size + 1)]
            return weights[point.index(k) - 1] / mp.fsum(weights)
        case Sigmoid():
            if isinstance(expr.args[0], Indexed):
                entry = expr.args[0]
                key = ("sigmoid", str(entry.base), point.indices[entry.indices[0]])
                if key in point.values:
                    return point.values[key]
            return 1 / (1 + mp.exp(-evaluate(expr.args[0], point)))
        case Softplus():
            return mp.log(1 + mp.exp(evaluate(expr.args[0], point)))
        case Named():
            return evaluate(expr.definition, point)
        case Product():
            return evaluate(expr.outer, point) * evaluate(expr.inner, point)
        case ByCases():
            return evaluate(expr.plain, point)
        case Where():
            left, right = (evaluate(a, point) for a in expr.condition.args)
            holds = {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}
            return evaluate(expr.then if holds[expr.condition.rel_op] else expr.otherwise, point)
        case Total() | Partial():
            return derivative(expr, point)
    if expr.is_Symbol:
        return mp.mpf(point.indices[expr]) if expr in point.indices else _size(expr, point)
    if expr.is_Rational:
        return mp.mpf(int(expr.p)) / int(expr.q)
    args = [evaluate(a, point) for a in expr.args]
    if expr.is_Add:
        return mp.fsum(args)
    if expr.is_Mul:
        return mp.fprod(args)
    if expr.is_Pow:
        return mp.power(*args)
    return {"exp": mp.exp, "log": mp.log, "tanh": mp.tanh, "Abs": abs, "sign": mp.sign}[type(expr).__name__](*args)


def _size(symbol: Basic, point: Point) -> mp.mpf:
    sizes = {"K": point.size, "N": 2, "D": 3}
    name = str(symbol)
    return mp.mpf(sizes[name]) if name in sizes else point.value((name,))


def derivative(expr: Total | Partial, point: Point) -> mp.mpf:
    """d function / d variable: for a Partial, softmax and sigmoid are held fixed or are themselves the variable."""
    variable = expr.variable
    held = dict(point.values)
    if isinstance(expr, Partial):
        for s in sorted(expr.function.atoms(Softmax), key=str):
            for n in range(1, point.size + 1):
                held[("softmax", str(s.args[0]), n)] = evaluate(Softmax(s.args[0], _K), point.at(_K, n))
        for s in sorted(expr.function.atoms(Sigmoid), key=str):
            if isinstance(s.args[0], Indexed):
                base = s.args[0].base
                for n in range(1, point.size + 1):
                    held[("sigmoid", str(base), n)] = evaluate(Sigmoid(base[_K]), point.at(_K, n))
    if isinstance(variable, Softmax):
        key = ("softmax", str(variable.args[0]), point.indices[variable.args[1]])
    elif isinstance(variable, Sigmoid):
        key = ("sigmoid", str(variable.args[0].base), point.indices[variable.args[0].indices[0]])
    else:
        key = (str(variable.base), *(point.indices[i] for i in variable.indices))
    fixed = replace(point, values=held)
    where = fixed.value(key) if key in held or key[0] not in ("softmax", "sigmoid") else evaluate(variable, point)
    return mp.diff(lambda t: evaluate(expr.function, fixed.having(key, t)), where)


_K = ClassIndex("held")
