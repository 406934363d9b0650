"""A second opinion on whether a proof is true: floats and difference quotients on the JSON itself.

Nothing of symce.check is used, so that a mistake there cannot excuse a mutation that it does not catch.
"""

from __future__ import annotations

import json
import math
from fractions import Fraction
from itertools import product
from random import Random

STEP = 1e-4
POINTS = (1, 2)
#: further ones for an inequality, which may hold at a point by luck: with derivatives, and without
FEW, MANY = range(3, 7), range(3, 31)
#: the most assignments of values to the free indices at one point
ASSIGNMENTS = 9
#: assumption: the vector whose entries it makes add up to one
ONE = {"sums-to-one": "y", "true-sums-to-one": "true", "model-sums-to-one": "model"}


class World:
    """Values of the letters of one document, drawn by name; ``moved`` overrides entries, softmax and sigmoid."""

    def __init__(self, document, number, moved=None, outside=None, scale=1):
        self.document, self.number, self.moved, self.outside = document, number, moved or {}, outside
        self.scale = scale
        self.sizes = {"class": 2 if "two-classes" in document["assumptions"] else 3, "sample": 2, "feature": 2}
        self.defined = {d["name"][1]: d for d in document["definitions"]}
        self.seen = {}

    def still(self):
        """The world in which nothing has moved."""
        return self if self.outside is None else self.outside.still()

    def draw(self, name, at):
        seed = sum((n + 1) * ord(ch) for n, ch in enumerate(f"{self.number}:{name}{at}"))
        value = (seed * 2654435761 % 1000003) / 1000003
        size = 0.2 + 0.7 * value
        if self.document["domains"].get(name, "real") != "real":
            return size
        return size * (-1 if seed % 2 else 1) * self.scale

    def get(self, kind, name, at):
        key = (kind, name, at)
        if key in self.moved:
            return self.moved[key]
        if key not in self.seen:
            self.seen[key] = getattr(self, kind)(name, at)
        return self.seen[key]

    def entry(self, name, at):
        d = self.defined.get(name)
        if d is None:
            return self.free(name, at)
        env = dict(zip(d["name"][2:], at, strict=True))
        if "value" in d:
            return evaluate(d["value"], env, self)
        over, kind = d["over"]
        still, value = self.still(), self.draw(name, at)
        if still is not self:
            for n in range(1, self.sizes[kind] + 1):
                inner = {**env, over: n}
                change = evaluate(d["through"], inner, self) - evaluate(d["through"], inner, still)
                value += evaluate(d["slope"], inner, still) * change
        return value

    def free(self, name, at):
        if len(at) == 1:
            classes = range(1, self.sizes["class"] + 1)
            if name == "y" and "predicted-target" in self.document["assumptions"]:
                return self.still().get("softmax", "z", at)
            if any(ONE.get(a) == name for a in self.document["assumptions"]):
                return self.draw(name, at) / sum(self.draw(name, (n,)) for n in classes)
        return self.draw(name, at)

    def softmax(self, name, at):
        *row, k = at
        weights = [math.exp(self.get("entry", name, (*row, n))) for n in range(1, self.sizes["class"] + 1)]
        return weights[k - 1] / sum(weights)

    def sigmoid(self, name, at):
        return 1 / (1 + math.exp(-self.get("entry", name, at)))

    def place(self, indices, env):
        return tuple([env[i] if i in env else self.fixed(i, env) for i in indices])

    def fixed(self, index, env):
        if index.isdigit():
            return int(index)
        return 1 + (env[index[2:-1]] + self.number) % self.sizes["class"]


def evaluate(node, env, world):
    """The value of an expression. Raises ValueError, ZeroDivisionError or OverflowError where it has none."""
    op = node[0]
    if op in ("entry", "softmax"):
        return world.get(op, node[1], world.place(node[2:], env))
    if op == "mul" and any(e[0] == "log" for e in node):
        return beside_logarithms(node[1:], env, world)
    if op in ("add", "mul", "product", "pow"):
        values = [evaluate(e, env, world) for e in node[1:]]
        if op == "pow":
            return power(*values)
        return sum(values) if op == "add" else math.prod(values)
    if op in ("sum", "prod", "lse"):
        inner, values = dict(env), []
        for n in range(1, world.sizes[node[2]] + 1):
            inner[node[1]] = n
            values.append(evaluate(node[3], inner, world))
        if op == "lse":
            return math.log(sum(map(math.exp, values)))
        return sum(values) if op == "sum" else math.prod(values)
    match op:
        case "num":
            return float(Fraction(node[1]))
        case "size":
            return float(world.sizes[{"K": "class", "N": "sample", "D": "feature"}[node[1]]])
        case "sym":
            return world.get("entry", node[1], ())
        case "delta":
            one, other = world.place(node[1:], env)
            return float(one == other)
        case "named":
            return evaluate(node[2], env, world)
        case "where":
            left, right = evaluate(node[1][1], env, world), evaluate(node[1][2], env, world)
            order = (left > right) - (left < right)
            holds = {"eq": order == 0, "ne": order != 0, "lt": order < 0, "le": order <= 0, "gt": order > 0}
            return evaluate(node[2 if holds.get(node[1][0], order >= 0) else 3], env, world)
        case "total" | "partial":
            return derivative(op, *node[1:], env, world)
        case "sigmoid" if node[1][0] == "entry":
            return world.get("sigmoid", node[1][1], world.place(node[1][2:], env))
    return FUNCTIONS[op](evaluate(node[1], env, world))


def beside_logarithms(factors, env, world):
    """A product. 0 log 0 is 0."""
    rest = math.prod(evaluate(e, env, world) for e in factors if e[0] != "log")
    inner = [evaluate(e[1], env, world) for e in factors if e[0] == "log"]
    return 0.0 if rest == 0 and 0 in inner else rest * math.prod(map(math.log, inner))


FUNCTIONS = {
    "log": math.log,
    "exp": math.exp,
    "tanh": math.tanh,
    "abs": abs,
    "sign": lambda t: float((t > 0) - (t < 0)),
    "sigmoid": lambda t: 1 / (1 + math.exp(-t)),
    "softplus": lambda t: math.log1p(math.exp(t)),
}


def power(base, exponent):
    if base < 0 and not exponent.is_integer():
        raise ValueError("a real power of a negative number")
    return base**exponent


def derivative(op, function, variable, env, world):
    """A central difference of fourth order; for a partial derivative all that is not the variable is nailed down."""
    kind = variable[0]
    entry = variable[1] if kind == "sigmoid" else variable
    key = (kind, entry[1], world.place(entry[2:], env))
    held = {} if op == "partial" else {k: v for k, v in world.moved.items() if k[0] == "entry"}
    for e in nodes(function) if op == "partial" else ():
        if e[0] in ("entry", "softmax") or (e[0] == "sigmoid" and e[1][0] == "entry"):
            vector, count = (e[1][1], len(e[1]) - 2) if e[0] == "sigmoid" else (e[1], len(e) - 2)
            for at in product(range(1, max(world.sizes.values()) + 1), repeat=count):
                held[e[0], vector, at] = world.get(e[0], vector, at)
    middle = evaluate(variable, env, world)

    def f(t):
        return evaluate(function, env, World(world.document, world.number, {**held, key: middle + t * STEP}, world))

    return (8 * (f(1) - f(-1)) - (f(2) - f(-2))) / (12 * STEP)


def nodes(expr):
    """All expressions within an expression, the labels of names left out."""
    if isinstance(expr, list) and expr and isinstance(expr[0], str):
        yield expr
        for e in expr[2:] if expr[0] == "named" else expr[1:]:
            yield from nodes(e)


def claims(expr, bound=()):
    """(label, value, indices that are bound around them) of each name that says what it stands for."""
    if isinstance(expr, list) and expr and isinstance(expr[0], str):
        if expr[0] == "named" and expr[1][0] in ("total", "partial"):
            yield expr[1], expr[2], bound
        inner = (*bound, (expr[1], expr[2])) if expr[0] in ("sum", "prod", "lse") else bound
        for e in expr[2:] if expr[0] == "named" else expr[1:]:
            yield from claims(e, inner)


class Oracle:
    """Which lines of a document follow from one another; what has been evaluated is remembered."""

    def __init__(self, document):
        self.document = document
        lines = [document["statement"], *(s["expr"] for s in document["steps"])]
        equations = all(s.get("relation", "=") == "=" for s in document["steps"])
        smooth = any(e[0] in ("total", "partial") for line in lines for e in nodes(line))
        self.worlds = [World(document, number) for number in POINTS]
        if not equations:  # a difference quotient has few digits where numbers are large
            self.worlds += [World(document, n, scale=1 if smooth else 5) for n in (FEW if smooth else MANY)]
        self.values = {}

    def line(self, expr, extra=()):
        """The values at all points, None where there is none. ``extra``: indices that are free here besides."""
        key = json.dumps([expr, extra])
        if key not in self.values:
            self.values[key] = [self.at(expr, env, world) for world in self.worlds for env in self.places(world, extra)]
        return self.values[key]

    def places(self, world, extra):
        kinds = {**self.document["indices"], **dict(extra)}
        names = sorted(kinds)
        every = list(product(*[range(1, world.sizes[kinds[n]] + 1) for n in names]))
        for values in Random(f"{names}").sample(every, min(len(every), ASSIGNMENTS)):
            yield dict(zip(names, values, strict=True))

    @staticmethod
    def at(expr, env, world):
        try:
            return evaluate(expr, env, world)
        except (ValueError, ZeroDivisionError, OverflowError):
            return None

    def holds(self, steps=None):
        """Whether every line is what its relation says of the line before; ``steps``: these alone.

        Raises AssertionError where rounding leaves that open.
        """
        lines = [self.document["statement"], *(s["expr"] for s in self.document["steps"])]
        for number in range(1, len(lines)) if steps is None else steps:
            relation = self.document["steps"][number - 1].get("relation", "=")
            if not compare(self.line(lines[number - 1]), relation, self.line(lines[number])):
                return False
        for number, line in enumerate(lines):
            said = claims(line) if steps is None or {number, number + 1} & {*steps} else ()
            if not all(compare(self.line(a, b), "=", self.line(c, b)) for a, c, b in said):
                return False
        return True


def compare(ones, relation, others):
    """Whether a relation holds between all values of two lines."""
    for a, b in zip(ones, others, strict=True):
        if a is None or b is None:
            return False
        apart = (b - a) / max(abs(a), abs(b), 1e-2)
        assert not 1e-6 < abs(apart) < 1e-5, f"a difference of {apart} decides nothing"
        if abs(apart) > 1e-5 and (relation == "=" or (relation == "<=") != (apart > 0)):
            return False
    return True
