"""A reader of the Coq terms of certificates with a meaning of its own, in numbers: what a theorem says, evaluated.

It shares nothing with what printed them: a parser of the notations of the library, and for each name what it means.
``Derive`` is a difference quotient.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

Environment = Mapping[str, Any]
Meaning = Callable[[Environment], Any]

_TOKEN = re.compile(
    r"\s*(\\sum_|\\prod_|=>|->|<=|>=|<>|:=|[0-9]+%nat|%nat|[0-9]+|[A-Za-z_][A-Za-z_0-9]*|[-+*/^()<>=,:])"
)


def tokens(text: str) -> list[str]:
    """The words and signs of a text, which must hold nothing else."""
    found, place = [], 0
    text = text.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        assert match, f"no Coq: {text[place : place + 40]!r}"
        found.append(match[1])
        place = match.end()
    return found


class Reader:
    """A parser of one text."""

    def __init__(self, text: str) -> None:
        self.words = tokens(text)
        self.place = 0

    def peek(self) -> str:
        return self.words[self.place] if self.place < len(self.words) else ""

    def take(self, *wanted: str) -> str:
        word = self.peek()
        assert not wanted or word in wanted, (
            f"{word!r} instead of {wanted}: {self.words[self.place - 5 : self.place + 5]}"
        )
        self.place += 1
        return word

    # --- propositions

    def theorem(self) -> tuple[list[Meaning], list[Meaning], Meaning]:
        """A -> B -> C: the hypotheses, the two sides of the conclusion (of a claim on a derivative its value by
        difference quotients, and the one claimed), the conclusion."""
        supposed = []
        while True:
            self.sides: list[Meaning] = []
            said = self.statement()
            if self.peek() != "->":
                assert not self.peek(), f"{self.peek()!r} after the conclusion"
                return supposed, self.sides, said
            self.take()
            supposed.append(said)

    def statement(self) -> Meaning:
        """A relation, a claim on a derivative, or one of these for all indices."""
        start = self.place
        if self.peek() == "(":
            self.take()
            if self.peek() == "forall":
                inner = self.for_all()
                self.take(")")
                return inner
            self.place = start
        if self.peek() == "is_derive":
            self.take()
            function, point, value = self.atom(), self.atom(), self.atom()
            self.sides = [lambda env: derivative(function(env), point(env)), value]
            return lambda env: close(derivative(function(env), point(env)), value(env))
        if self.peek() == "has_gradient":
            while self.peek() not in ("", ")", "->"):
                self.atom()
            return lambda env: True
        terms, relations = [self.term()], []
        while self.peek() in ("<", "<=", ">=", "=", "<>"):
            relations.append(self.take())
            terms.append(self.term())
        self.sides = terms
        if not relations:
            return terms[0]
        return lambda env: all(
            RELATIONS[r](a(env), b(env)) for r, a, b in zip(relations, terms, terms[1:], strict=False)
        )

    def for_all(self) -> Meaning:
        self.take("forall")
        names = []
        while self.peek() != ",":
            names.append(self.take())
        self.take(",")
        bounds = {}
        while self.peek() == "(" and self.words[self.place + 1] in names and self.words[self.place + 2] == "<":
            self.take("(")
            name = self.take()
            self.take("<")
            bounds[name] = self.take()
            self.take(")")
            self.take("%nat")
            self.take("->")
        said = self.statement()
        if self.peek() == "%nat":
            self.take()

        def holds(env: Environment) -> bool:
            places: list[dict[str, int]] = [{}]
            for name in names:
                places = [{**p, name: n} for p in places for n in range(env[bounds[name]])]
            return all(said({**env, **p}) for p in places)

        return holds

    # --- terms

    def term(self) -> Meaning:
        if self.peek() == "fun":
            return self.function()
        left = self.product()
        while self.peek() in ("+", "-"):
            left = _binary(self.take(), left, self.product())
        return left

    def function(self) -> Meaning:
        self.take("fun")
        names = []
        while self.peek() != "=>":
            names.append(self.take())
        self.take("=>")
        body = self.term()

        def meaning(env: Environment, left: tuple[str, ...] = tuple(names)) -> Any:
            if not left:
                return body(env)
            return lambda value: meaning({**env, left[0]: value}, left[1:])

        return meaning

    def product(self) -> Meaning:
        left = self.sign()
        while self.peek() in ("*", "/"):
            left = _binary(self.take(), left, self.sign())
        return left

    def sign(self) -> Meaning:
        match self.peek():
            case "-":
                self.take()
                inner = self.sign()
                return lambda env: -inner(env)
            case "/":
                self.take()
                inner = self.sign()
                return lambda env: inverse(inner(env))
            case "\\sum_" | "\\prod_":
                return self.big()
        return self.power()

    def big(self) -> Meaning:
        of = sum if self.take() == "\\sum_" else math.prod
        self.take("(")
        index = self.take()
        self.take("<")
        size = self.take()
        self.take(")")
        body = self.product()
        return lambda env: of(body({**env, index: n}) for n in range(env[size]))

    def power(self) -> Meaning:
        base = self.application()
        if self.peek() == "^":
            self.take()
            exponent = int(self.take())
            return lambda env: base(env) ** exponent
        return base

    def application(self) -> Meaning:
        head = self.atom()
        while self.peek() and (self.peek() == "(" or re.fullmatch(r"\w+(%nat)?", self.peek())):
            head = _apply(head, self.atom())
        return head

    def atom(self) -> Meaning:
        word = self.take()
        if word == "(":
            inner = self.term()
            closing = self.take(")", "<", "<=", "=")
            if closing != ")":
                left, right = inner, self.term()
                inner = lambda env: RELATIONS[closing](left(env), right(env))  # noqa: E731
                self.take(")")
            if self.peek() == "%nat":
                self.take()
            return inner
        if word[0].isdigit():
            number = int(word.removesuffix("%nat"))
            return lambda env: number
        return lambda env: env[word]


def _apply(head: Meaning, argument: Meaning) -> Meaning:
    return lambda env: head(env)(argument(env))


def _binary(sign: str, left: Meaning, right: Meaning) -> Meaning:
    match sign:
        case "+":
            return lambda env: left(env) + right(env)
        case "-":
            return lambda env: left(env) - right(env)
        case "*":
            return lambda env: left(env) * right(env)
    return lambda env: left(env) * inverse(right(env))


def inverse(x: float) -> float:
    """1 / x, and 0 for 0, as in Coq."""
    return 1 / x if x else 0.0


def close(a: float, b: float) -> bool:
    """Whether two values are the same, up to the error of the difference quotients."""
    return abs(a - b) <= 2e-5 * max(1, abs(a), abs(b))


def derivative(function: Callable[[float], float], at: float) -> float:
    """A difference quotient, exact for polynomials of degree 4."""
    h = 2e-3
    return float(8 * (function(at + h) - function(at - h)) - (function(at + 2 * h) - function(at - 2 * h))) / (12 * h)


RELATIONS: Mapping[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b + 1e-9,
    ">=": lambda a, b: a >= b - 1e-9,
    "=": close,
    "<>": lambda a, b: a != b,
}


def ln(x: float) -> float:
    """The logarithm, and 0 where there is none, as in Coq."""
    return math.log(x) if x > 0 else 0.0


def _updated(z: Callable[[int], Any], j: int, t: Any) -> Callable[[int], Any]:
    return lambda k: t if k == j else z(k)


def _softmax(size: int, z: Callable[[int], float], k: int) -> float:
    return math.exp(z(k)) / sum(math.exp(z(n)) for n in range(size))


#: the names of the library and of Coq
NAMES: Mapping[str, Any] = {
    "ln": ln,
    "exp": math.exp,
    "tanh": math.tanh,
    "Rabs": abs,
    "INR": float,
    "Rpower": lambda x: lambda y: math.exp(y * ln(x)),
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "softplus": lambda x: math.log(1 + math.exp(x)),
    "delta": lambda i: lambda j: float(i == j),
    "upd": lambda z: lambda j: lambda t: _updated(z, j, t),
    "upd2": lambda w: lambda i: lambda d: lambda t: _updated(w, i, _updated(w(i), d, t)),
    "softmax": lambda size: lambda z: lambda k: _softmax(size, z, k),
    "where_lt": lambda x: lambda y: lambda a: lambda b: a if x < y else b,
    "where_le": lambda x: lambda y: lambda a: lambda b: a if x <= y else b,
    "where_eq": lambda x: lambda y: lambda a: lambda b: a if x == y else b,
    "Derive": lambda f: lambda x: derivative(f, x),
}
