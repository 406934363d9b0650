"""A second opinion on whether a mutation changes the mathematics: floats and difference quotients on the JSON itself.

Nothing of symce.check is used, so that a mistake there cannot excuse a mutation that it does not catch.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product

SIZES = {"class": 3, "sample": 2, "feature": 2}
STEP = 1e-4


class World:
    """Values of the letters of one document, drawn by name; ``changed`` overrides entries, softmax and sigmoid."""

    def __init__(self, document, number, changed=None):
        self.document, self.number, self.changed = document, number, changed or {}
        self.defined = {d["name"][1]: d for d in document["definitions"]}

    def having(self, changes):
        return World(self.document, self.number, {**self.changed, **changes})

    def draw(self, name, at):
        seed = sum((n + 1) * ord(ch) for n, ch in enumerate(f"{self.number}:{name}{at}"))
        value = (seed * 2654435761 % 1000003) / 1000003
        return 2 * value - 1 if self.document["domains"].get(name, "real") == "real" else 0.2 + 0.7 * value

    def entry(self, name, at):
        if ("", name, at) in self.changed:
            return self.changed["", name, at]
        d = self.defined.get(name)
        if d is None:
            value = self.draw(name, at)
            if name == "y" and len(at) == 1 and "sums-to-one" in self.document["assumptions"]:
                value /= sum(self.draw(name, (n,)) for n in range(1, SIZES["class"] + 1))
            return value
        env = dict(zip(d["name"][2:], at, strict=True))
        if "value" in d:
            return evaluate(d["value"], env, self)
        over, kind = d["over"]
        still = World(self.document, self.number)
        terms = [{**env, over: n} for n in range(1, SIZES[kind] + 1)]
        return self.draw(name, at) + sum(
            evaluate(d["slope"], e, still) * (evaluate(d["through"], e, self) - evaluate(d["through"], e, still))
            for e in terms
        )


def evaluate(node, env, world):
    """The value of an expression."""
    op, *rest = node
    inner = lambda e: evaluate(e, env, world)  # noqa: E731
    terms = lambda: [evaluate(rest[2], {**env, rest[0]: n}, world) for n in range(1, SIZES[rest[1]] + 1)]  # noqa: E731
    at = lambda e: tuple(env[i] for i in e[2:])  # noqa: E731
    match op:
        case "num":
            return float(Fraction(rest[0]))
        case "size":
            return float(SIZES[{"K": "class", "N": "sample", "D": "feature"}[rest[0]]])
        case "sym":
            return world.entry(rest[0], ())
        case "entry":
            return world.entry(rest[0], at(node))
        case "softmax":
            key = ("softmax", rest[0], at(node))
            weights = [math.exp(world.entry(rest[0], (n,))) for n in range(1, SIZES["class"] + 1)]
            return world.changed.get(key, weights[env[rest[1]] - 1] / sum(weights))
        case "sigmoid":
            key = ("sigmoid", rest[0][1], at(rest[0])) if rest[0][0] == "entry" else None
            return world.changed[key] if key in world.changed else 1 / (1 + math.exp(-inner(rest[0])))
        case "delta":
            return float(env[rest[0]] == env[rest[1]])
        case "sum":
            return sum(terms())
        case "lse":
            return math.log(sum(map(math.exp, terms())))
        case "add":
            return sum(map(inner, rest))
        case "mul" | "product":
            return math.prod(map(inner, rest))
        case "pow":
            return inner(rest[0]) ** inner(rest[1])
        case "named":
            return inner(rest[1])
        case "where":
            left, right = inner(rest[0][1]), inner(rest[0][2])
            holds = {"lt": left < right, "le": left <= right, "gt": left > right, "ge": left >= right}
            return inner(rest[1] if holds[rest[0][0]] else rest[2])
        case "total" | "partial":
            return derivative(op, *rest, env, world)
    functions = {
        "log": math.log,
        "exp": math.exp,
        "tanh": math.tanh,
        "abs": abs,
        "softplus": lambda t: math.log1p(math.exp(t)),
    }
    return functions[op](inner(rest[0]))


def derivative(op, function, variable, env, world):
    """A central difference of fourth order; for a partial derivative all that is not the variable is nailed down."""
    kind = "" if variable[0] == "entry" else variable[0]
    entry = variable[1] if kind == "sigmoid" else variable
    key = (kind, entry[1], tuple(env[i] for i in entry[2:]))
    held = {}
    if op == "partial":
        for e in nodes(function):
            if e[0] in ("entry", "softmax") or (e[0] == "sigmoid" and e[1][0] == "entry"):
                vector, count = (e[1][1], len(e[1]) - 2) if e[0] == "sigmoid" else (e[1], len(e) - 2)
                for at in product(range(1, 4), repeat=count):
                    name = {f"i{n}": v for n, v in enumerate(at)}
                    plain = ["entry", vector, *name]
                    full = {"entry": plain, "softmax": ["softmax", vector, *name], "sigmoid": ["sigmoid", plain]}[e[0]]
                    held["" if e[0] == "entry" else e[0], vector, at] = evaluate(full, name, world)
    fixed = world.having(held)
    middle = evaluate(variable, env, world)
    f = lambda t: evaluate(function, env, fixed.having({key: middle + t * STEP}))  # noqa: E731
    return (8 * (f(1) - f(-1)) - (f(2) - f(-2))) / (12 * STEP)


def nodes(expr):
    """All expressions within an expression, the labels of names left out."""
    if isinstance(expr, list) and expr and isinstance(expr[0], str):
        yield expr
        for e in expr[2:] if expr[0] == "named" else expr[1:]:
            yield from nodes(e)


def same(document, one, other):
    """Whether two expressions have the same value at a few points, for all values of the free indices.

    Raises AssertionError where rounding leaves that open.
    """
    worst = 0.0
    names = sorted(document["indices"])
    for number in (1, 2):
        world = World(document, number)
        for values in product(*[range(1, SIZES[document["indices"][n]] + 1) for n in names]):
            env = dict(zip(names, values, strict=True))
            try:
                a, b = evaluate(one, env, world), evaluate(other, env, world)
            except (ValueError, ZeroDivisionError, OverflowError):
                return False
            if isinstance(b, complex):
                return False
            worst = max(worst, abs(a - b) / max(abs(a), abs(b), 1e-2))
    assert worst < 1e-6 or worst > 1e-4, f"a difference of {worst} decides nothing"
    return worst < 1e-6
