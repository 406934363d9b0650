"""An expression of a proof as a term of Coq (over the reals).

Derivatives not yet taken are Coquelicot's total ``Derive`` of a curve: of t, where the variable is replaced by t in the
vector that it is an entry of (``upd z j t``). Everything else is its usual name; / x and x ^ n are used where Coq has
them for every x, Rpower for exponents that are no whole number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from symce.check.coq.layout import LINE, Text, brackets, cat, group, nest
from symce.check.coq.scope import Scope, apply, atom, mark_of
from symce.check.document import KINDS, Node

#: how tightly a term binds, as Coq counts: what is set at a level needs brackets below it
ATOM, APPLICATION, POWER, SIGN, PRODUCT, BIG, ADDITION, TOP = 0, 10, 30, 35, 40, 41, 50, 200

_FUNCTIONS = {"log": "ln", "exp": "exp", "tanh": "tanh", "abs": "Rabs", "sign": "sign", "softplus": "softplus"}


def term(node: Node, scope: Scope, level: int = TOP) -> Text:
    """The expression at that place, in brackets where it binds less tightly than ``level``."""
    own, text = _TERMS[node.op](node, scope)
    return brackets(text) if own > level else text


def _number(value: Fraction) -> tuple[int, Text]:
    if value < 0:
        own, text = _number(-value)
        return SIGN, cat("- ", text if own <= SIGN else brackets(text))
    if value.denominator == 1:
        return ATOM, str(value.numerator)
    return PRODUCT, f"{value.numerator} / {value.denominator}"


def _letter(node: Node, scope: Scope) -> tuple[int, Text]:
    name, *indices = node.names
    vector = scope.vector(name)
    if not indices:
        return (ATOM, vector) if isinstance(vector, str) else (APPLICATION, vector)
    return APPLICATION, apply(vector, *(scope.index(i) for i in indices))


def _through(node: Node, scope: Scope) -> tuple[int, Text]:
    """An entry that is some function of others: that function, at those."""
    definition = scope.letters.document.definitions.get(node.names[0])
    if definition is None or definition.through is None:
        return _letter(node, scope)
    scope = scope.still()
    at = dict(zip(definition.indices, (scope.index(i) for i in node.names[1:]), strict=True))
    inner = replace(scope, indices={**scope.indices, **at})
    argument = atom(vector_of(definition.over, definition.through, inner))
    return APPLICATION, apply(scope.letters.identifiers[node.names[0]], *at.values(), argument)


def vector_of(over: tuple[str, str], node: Node, scope: Scope) -> Text:
    """The vector whose entries the expression gives, over that index of that kind; of entries z_ik over k, row i."""
    index, kind = over
    if node.op == "entry" and node.names[-1] == index and index not in node.names[1:-1]:
        return apply(scope.vector(node.names[0]), *(scope.index(i) for i in node.names[1:-1]))
    name, inner = scope.bind(index, kind)
    return group(f"fun {name} => ", nest(term(node, inner)))


def _softmax(node: Node, scope: Scope) -> tuple[int, Text]:
    vector, *indices = node.names
    at = [scope.index(i) for i in indices]
    moved = scope.moved(f"p:{vector}", len(at))
    if moved is not None:
        return APPLICATION, apply(moved, *at)
    *row, last = at
    entries = scope.still().vector(vector)
    return APPLICATION, apply("softmax", "K", atom(apply(entries, *row)), last)


def _sigmoid(node: Node, scope: Scope) -> tuple[int, Text]:
    (arg,) = node.args
    if arg.op != "entry":
        return APPLICATION, apply("sigmoid", term(arg, scope, ATOM))
    name, *indices = arg.names
    moved = scope.moved(f"s:{name}", len(indices))
    if moved is not None:
        return APPLICATION, apply(moved, *(scope.index(i) for i in indices))
    return APPLICATION, apply("sigmoid", term(arg, scope.still(), ATOM))


def _big(node: Node, scope: Scope) -> tuple[int, Text]:
    index, kind = node.names
    name, inner = scope.bind(index, kind)
    size = KINDS[kind]
    if node.op == "lse":
        body = term(node.args[0], inner, ATOM)
        total = group(f"\\sum_({name} < {size})", nest(LINE, apply("exp", body)))
        return APPLICATION, apply("ln", brackets(total))
    sign = "\\prod" if node.op == "prod" else "\\sum"
    return BIG, group(f"{sign}_({name} < {size})", nest(LINE, term(node.args[0], inner, BIG)))


def function(name: str, body: Text) -> Text:
    """A function of one variable, in brackets."""
    return group("(fun ", name, " =>", nest(LINE, body), ")")


def _derivative(node: Node, scope: Scope) -> tuple[int, Text]:
    return APPLICATION, apply("Derive", *curve(node, scope))


def curve(node: Node, scope: Scope) -> tuple[Text, Text]:
    """For a derivative: the function of t, and the point where its derivative is meant."""
    body, variable = node.args
    mark, indices = mark_of(variable)
    inner = scope.derivative(node.op == "total", mark, tuple(scope.index(i) for i in indices))
    return function(inner.variable, term(body, inner)), term(variable, scope, ATOM)


def _sum(node: Node, scope: Scope) -> tuple[int, Text]:
    """A sum; if its first term is subtracted, one that is not comes first."""
    signed = [_signed(arg, scope) for arg in node.args]
    first = next((n for n, (negative, _) in enumerate(signed) if not negative), 0)
    signed.insert(0, signed.pop(first))
    parts: list[Text] = [cat("- ", signed[0][1]) if signed[0][0] else signed[0][1]]
    for negative, text in signed[1:]:
        parts += [LINE, cat("- " if negative else "+ ", text)]
    return (ADDITION if len(signed) > 1 else SIGN), group(*parts)


def _signed(node: Node, scope: Scope) -> tuple[bool, Text]:
    """A term of a sum: whether it is subtracted, and what."""
    if node.op == "mul":
        coefficient, factors = _factors(node)
        if coefficient < 0:
            return True, _product_of(-coefficient, factors, scope)[1]
        return False, term(node, scope, PRODUCT)
    if node.op == "num" and (value := Fraction(node.names[0])) < 0:
        return True, _number(-value)[1]
    return False, term(node, scope, PRODUCT)


def _negative(node: Node) -> bool:
    """Whether the text of an expression begins with a minus sign."""
    if node.op in ("named", "mul", "add"):
        return _factors(node)[0] < 0 if node.op == "mul" else all(_negative(a) for a in node.args)
    return node.op == "num" and node.names[0].startswith("-")


def _factors(node: Node) -> tuple[Fraction, list[Node]]:
    """A product as a number and the factors that are none."""
    coefficient = Fraction(1)
    rest = []
    for arg in node.args:
        if arg.op == "num":
            coefficient *= Fraction(arg.names[0])
        else:
            rest.append(arg)
    return coefficient, rest


def _mul(node: Node, scope: Scope) -> tuple[int, Text]:
    coefficient, factors = _factors(node)
    if coefficient >= 0:
        return _product_of(coefficient, factors, scope)
    own, text = _product_of(-coefficient, factors, scope)
    if not factors or own <= SIGN:
        return SIGN, cat("- ", text)
    return PRODUCT, cat("- ", text)


def _product_of(coefficient: Fraction, factors: list[Node], scope: Scope) -> tuple[int, Text]:
    if not factors:
        return _number(coefficient)
    parts: list[Text] = []
    if coefficient != 1:
        own, text = _number(coefficient)
        parts.append(text if own <= SIGN else brackets(text))
    parts += [term(f, scope, SIGN) for f in factors]
    if len(parts) == 1:
        own, text = _TERMS[factors[0].op](factors[0], scope)
        return (own, text) if own <= SIGN and not _negative(factors[0]) else (ATOM, brackets(text))
    return PRODUCT, group(*(piece for n, p in enumerate(parts) for piece in ((LINE, "* ", p) if n else (p,))))


def _pow(node: Node, scope: Scope) -> tuple[int, Text]:
    base, exponent = node.args
    value = Fraction(exponent.names[0]) if exponent.op == "num" else None
    if value is None or value.denominator != 1:
        return APPLICATION, apply("Rpower", term(base, scope, ATOM), term(exponent, scope, ATOM))
    if value >= 0:
        return POWER, cat(term(base, scope, APPLICATION), " ^ ", str(value.numerator))
    if value == -1:
        return SIGN, cat("/ ", term(base, scope, APPLICATION))
    return SIGN, cat("/ (", term(base, scope, APPLICATION), " ^ ", str(-value.numerator), ")")


#: for each relation the function that chooses by it; whether the two sides, and the two values, change places
_CHOICES = {
    "lt": ("where_lt", False, False),
    "le": ("where_le", False, False),
    "gt": ("where_lt", True, False),
    "ge": ("where_le", True, False),
    "eq": ("where_eq", False, False),
    "ne": ("where_eq", False, True),
}


def _where(node: Node, scope: Scope) -> tuple[int, Text]:
    left, right, first, second = node.args
    name, turned, exchanged = _CHOICES[node.names[0]]
    sides = (right, left) if turned else (left, right)
    values = (second, first) if exchanged else (first, second)
    return APPLICATION, apply(name, *(term(a, scope, ATOM) for a in (*sides, *values)))


def _call(node: Node, scope: Scope) -> tuple[int, Text]:
    return APPLICATION, apply(_FUNCTIONS[node.op], term(node.args[0], scope, ATOM))


def _named(node: Node, scope: Scope) -> tuple[int, Text]:
    return _TERMS[node.args[0].op](node.args[0], scope)


def _chain(node: Node, scope: Scope) -> tuple[int, Text]:
    left, right = node.args
    return PRODUCT, group(term(left, scope, PRODUCT), LINE, "* ", term(right, scope, SIGN))


def _delta(node: Node, scope: Scope) -> tuple[int, Text]:
    return APPLICATION, apply("delta", *(scope.index(i) for i in node.names))


_TERMS: dict[str, Callable[[Node, Scope], tuple[int, Text]]] = {
    "num": lambda node, scope: _number(Fraction(node.names[0])),
    "size": lambda node, scope: (APPLICATION, f"INR {node.names[0]}"),
    "sym": _letter,
    "entry": _through,
    "softmax": _softmax,
    "sigmoid": _sigmoid,
    "delta": _delta,
    "sum": _big,
    "prod": _big,
    "lse": _big,
    "total": _derivative,
    "partial": _derivative,
    "where": _where,
    "add": _sum,
    "mul": _mul,
    "product": _chain,
    "pow": _pow,
    "named": _named,
    **dict.fromkeys(_FUNCTIONS, _call),
}
