"""The value of an expression of a proof at a point, derivatives included, by the definition of each node alone.

A derivative is taken with dual numbers: its variable becomes ``value + epsilon``, and the expression is evaluated anew.
What follows the variable depends on the kind of derivative. For a *total* one everything does: softmax, the sigmoid,
and entries that are defined by others. For a *partial* one only the entries themselves: softmax(z) and sigma(z_k) are
quantities of their own, held fixed unless one of their entries is the variable; so are entries of other vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import reduce

from symce.check import arithmetic as A
from symce.check.arithmetic import ONE, ZERO, Dual, Number
from symce.check.document import KINDS, Document, Node
from symce.check.sampling import Point

Environment = Mapping[str, int]


@dataclass(eq=False)
class Context:
    """In which derivative an expression is evaluated; the outermost context is in none.

    ``mark`` is what the variable is an entry of, written as in ``Node.marks``; ``at`` are the values of its indices.
    """

    parent: Context | None = None
    total: bool = False
    mark: str = ""
    at: tuple[int, ...] = ()
    level: int = 0
    #: of an expression: the outermost context in which it has the same value, and its values there by its indices
    tables: dict[Node, tuple[Context, dict[object, Number]]] = field(default_factory=dict)
    #: of an entry of a vector, by its name and indices
    entries: dict[tuple[str, tuple[int, ...]], Number] = field(default_factory=dict)
    #: of a row of a softmax: the exponentials and their sum
    weights: dict[tuple[object, ...], tuple[list[Number], Number]] = field(default_factory=dict)
    children: dict[tuple[object, ...], Context] = field(default_factory=dict)

    def child(self, total: bool, mark: str, at: tuple[int, ...]) -> Context:
        """The context of a derivative taken here; one object for one derivative, which remembers its values."""
        key = (total, mark, at)
        if key not in self.children:
            self.children[key] = Context(self, total, mark, at, self.level + 1)
        return self.children[key]

    def seed(self, mark: str, at: tuple[int, ...], value: Number) -> Number:
        """The value of an entry, with the epsilon if it is the variable."""
        return Dual(self.level, value, ONE) if (mark, at) == (self.mark, self.at) else value


class Evaluator:
    """Values at one point. Raises ``arithmetic.Undefined`` where an expression has none."""

    def __init__(self, document: Document, point: Point) -> None:
        self.document = document
        self.point = point
        self.root = Context()
        self._reach: dict[str, frozenset[str]] = {}
        self._follows: dict[tuple[frozenset[str], str], bool] = {}

    def value(self, node: Node, env: Environment, context: Context | None = None) -> Number:
        """The value of an expression for these values of its free indices."""
        if context is None:
            context = self.root
        entry = context.tables.get(node)
        if entry is None:
            entry = self._table(node, context)
        home, table = entry
        at = node.at(env)
        found = table.get(at)
        if found is None:
            found = table[at] = HANDLERS[node.op](self, node, env, home)
        return found

    def _table(self, node: Node, context: Context) -> tuple[Context, dict[object, Number]]:
        home = context
        while home.parent is not None and not self._depends(node, home):
            home = home.parent
        found = context.tables[node] = home.tables.setdefault(node, (home, {}))
        return found

    def _depends(self, node: Node, context: Context) -> bool:
        """Whether the variable of a derivative is among what the expression is written in."""
        if not context.total:
            return context.mark in node.marks
        key = (node.marks, context.mark)
        if key not in self._follows:
            reached = (self._reached(mark.rpartition(":")[2]) for mark in node.marks)
            self._follows[key] = any(context.mark in letters for letters in reached)
        return self._follows[key]

    def _reached(self, letter: str) -> frozenset[str]:
        """The letter and all that it is defined by."""
        if letter not in self._reach:
            self._reach[letter] = frozenset({letter})  # a definition in a circle reaches nothing new
            definition = self.document.definitions.get(letter)
            parts = (definition.value, definition.through, definition.slope) if definition else ()
            inner = {mark.rpartition(":")[2] for part in parts if part for mark in part.marks}
            self._reach[letter] = frozenset({letter}).union(*(self._reached(i) for i in sorted(inner)))
        return self._reach[letter]

    # --- letters

    def at(self, indices: Iterable[str], env: Environment) -> tuple[int, ...]:
        """The values of indices; of a class by its number that number, of c(i) the true class of sample i."""
        return tuple([env[i] if i in env else self._fixed(i, env) for i in indices])

    def _fixed(self, index: str, env: Environment) -> int:
        return int(index) if index.isdigit() else self.point.true_class(env[index[2:-1]])

    def letter(self, node: Node, env: Environment, context: Context) -> Number:
        name, *indices = node.names
        return self.entry(name, self.at(indices, env), context)

    def entry(self, name: str, at: tuple[int, ...], context: Context) -> Number:
        key = (name, at)
        found = context.entries.get(key)
        if found is None:
            found = context.entries[key] = self._entry(name, at, context)
        return found

    def _entry(self, name: str, at: tuple[int, ...], context: Context) -> Number:
        if context.parent is not None and (not context.total or name == context.mark):
            return context.seed(name, at, self.entry(name, at, context.parent))
        definition = self.document.definitions.get(name)
        if definition is None:
            outer = context.parent
            return self.point.value(name, at) if outer is None else self.entry(name, at, outer)
        env = dict(zip(definition.indices, at, strict=True))
        if definition.value is not None:
            return self.value(definition.value, env, context)
        # some function of others: its own value is drawn, its change is slope times change
        if context.parent is None or definition.through is None or definition.slope is None:
            return self.point.value(name, at)
        result = self.entry(name, at, context.parent)
        index, kind = definition.over
        for n in range(1, self.point.size(kind) + 1):
            inner = {**env, index: n}
            before = self.value(definition.through, inner, context.parent)
            change = A.add(self.value(definition.through, inner, context), A.negative(before))
            result = A.add(result, A.multiply(self.value(definition.slope, inner, context.parent), change))
        return result

    def softmax(self, node: Node, env: Environment, context: Context) -> Number:
        vector, *indices = node.names
        *row, k = self.at(indices, env)
        if context.parent is not None and not context.total:
            return context.seed(f"p:{vector}", (*row, k), self.value(node, env, context.parent))
        place = (vector, *row)
        found = context.weights.get(place)
        if found is None:
            weights = [A.exp(self.entry(vector, (*row, n), context)) for n in range(1, self.point.classes + 1)]
            found = context.weights[place] = (weights, _total(weights))
        weights, total = found
        return A.divide(weights[k - 1], total)

    def sigmoid(self, node: Node, env: Environment, context: Context) -> Number:
        (arg,) = node.args
        if arg.op == "entry" and context.parent is not None and not context.total:
            vector, *indices = arg.names
            at = self.at(indices, env)
            return context.seed(f"s:{vector}", at, self.value(node, env, context.parent))
        return A.sigmoid(self.value(arg, env, context))

    # --- sums, derivatives, choices

    def terms(self, node: Node, env: Environment, context: Context) -> list[Number]:
        index, kind = node.names
        (body,) = node.args
        inner = dict(env)
        found = []
        for n in range(1, self.point.size(kind) + 1):
            inner[index] = n
            found.append(self.value(body, inner, context))
        return found

    def sum(self, node: Node, env: Environment, context: Context) -> Number:
        return _total(self.terms(node, env, context))

    def product(self, node: Node, env: Environment, context: Context) -> Number:
        return _product(self.terms(node, env, context))

    def factors(self, node: Node, env: Environment, context: Context) -> Number:
        """A product. 0 log 0 is 0, as everywhere in information theory: the limit, and what documents say."""
        logs = [a for a in node.args if a.op == "log"]
        if not logs:
            return _product([self.value(a, env, context) for a in node.args])
        values: list[Number] = []
        empty = False
        for arg in [*(a for a in node.args if a.op != "log"), *logs]:
            if arg.op == "log" and any(A.primal(v) == 0 for v in values):
                inner = self.value(arg.args[0], env, context)
                empty = empty or A.primal(inner) == 0
            if not empty:
                values.append(self.value(arg, env, context))
        return ZERO if empty else _product(values)

    def log_sum_exp(self, node: Node, env: Environment, context: Context) -> Number:
        return A.log(_total([A.exp(t) for t in self.terms(node, env, context)]))

    def derivative(self, node: Node, env: Environment, context: Context) -> Number:
        function, variable = node.args
        prefix = {"entry": "", "softmax": "p:", "sigmoid": "s:"}[variable.op]
        vector, *indices = variable.args[0].names if variable.op == "sigmoid" else variable.names
        inner = context.child(node.op == "total", prefix + vector, self.at(indices, env))
        return A.slope(self.value(function, env, inner), inner.level)

    def where(self, node: Node, env: Environment, context: Context) -> Number:
        return self.value(node.args[2 if self.chosen(node, env, context) else 3], env, context)

    def chosen(self, node: Node, env: Environment, context: Context | None = None) -> bool:
        """Whether the condition of a choice holds."""
        left, right = (A.primal(self.value(a, env, context)) for a in node.args[:2])
        holds = {
            "eq": left == right,
            "ne": left != right,
            "lt": left < right,
            "le": left <= right,
            "gt": left > right,
            "ge": left >= right,
        }
        return holds[node.names[0]]


def _total(terms: list[Number]) -> Number:
    return reduce(A.add, terms) if terms else ZERO


def _product(factors: list[Number]) -> Number:
    return reduce(A.multiply, factors) if factors else ONE


_Handler = Callable[[Evaluator, Node, Environment, Context], Number]


def _of(function: Callable[..., Number]) -> _Handler:
    return lambda ev, node, env, context: function(*[ev.value(a, env, context) for a in node.args])


_SIZES = {letter: kind for kind, letter in KINDS.items()}
#: how each kind of node is evaluated
HANDLERS: dict[str, _Handler] = {
    "num": lambda ev, node, env, context: A.real(Fraction(node.names[0])),
    "size": lambda ev, node, env, context: Decimal(ev.point.size(_SIZES[node.names[0]])),
    "sym": Evaluator.letter,
    "entry": Evaluator.letter,
    "softmax": Evaluator.softmax,
    "sigmoid": Evaluator.sigmoid,
    "delta": lambda ev, node, env, context: ONE if len(set(ev.at(node.names, env))) == 1 else ZERO,
    "sum": Evaluator.sum,
    "prod": Evaluator.product,
    "lse": Evaluator.log_sum_exp,
    "total": Evaluator.derivative,
    "partial": Evaluator.derivative,
    "where": Evaluator.where,
    "add": lambda ev, node, env, context: _total([ev.value(a, env, context) for a in node.args]),
    "mul": Evaluator.factors,
    "product": _of(A.multiply),
    "pow": _of(A.power),
    "named": _of(lambda x: x),
    "log": _of(A.log),
    "exp": _of(A.exp),
    "tanh": _of(A.tanh),
    "abs": _of(A.absolute),
    "sign": _of(A.sign),
    "softplus": _of(A.softplus),
}
