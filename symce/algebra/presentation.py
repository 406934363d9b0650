"""The form in which a person writes an expression, as a tree: the order of terms and factors, signs, fractions.

SymPy stores sums and products without an order to read them in. Everything about that order is decided here, once, and
the printers (latex.py, text.py) only choose glyphs and parentheses; so a formula reads the same on paper and in a
terminal.

Order of terms: positive before negative, numbers first, the shorter first, p before y. Order of factors: numbers,
parameters, targets, probabilities, brackets, features, deltas, functions, sums, derivatives, so that nothing that
reaches to the right stands before a factor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from symce.algebra.letters import P_HAT


@dataclass(frozen=True)
class Letter:
    """A name with indices: p_k, delta_kj, alpha_c, gamma."""

    name: str
    indices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Number:
    """A number that is not negative and no fraction."""

    digits: str


@dataclass(frozen=True)
class Terms:
    """A sum: (True, t) is a term with a minus sign. One term with a minus sign is a negative."""

    terms: tuple[tuple[bool, Node], ...]


@dataclass(frozen=True)
class Times:
    factors: tuple[Node, ...]


@dataclass(frozen=True)
class Dot:
    """A product with a visible sign, before anything cancels."""

    left: Node
    right: Node


@dataclass(frozen=True)
class Fraction:
    top: Node
    bottom: Node


@dataclass(frozen=True)
class Power:
    base: Node
    exponent: Node


@dataclass(frozen=True)
class Root:
    radicand: Node


@dataclass(frozen=True)
class Exp:
    exponent: Node


@dataclass(frozen=True)
class Bars:
    """An absolute value."""

    arg: Node


@dataclass(frozen=True)
class Call:
    """A function of one argument: log and tanh need no parentheses around a letter, the others do."""

    name: str
    arg: Node


@dataclass(frozen=True)
class Of:
    """A quantity of whole vectors under its name: H(y, p), KL(y, p)."""

    name: str
    vectors: tuple[str, ...]


@dataclass(frozen=True)
class Big:
    """The sum (or product) of ``body`` for ``index`` from 1 to ``size``."""

    index: str
    size: str
    body: Node
    sign: Literal["sum", "prod"] = "sum"


@dataclass(frozen=True)
class Derivative:
    """d ``of`` / d ``by``; ``bracket``: the operator stands before ``of`` in square brackets."""

    of: Node
    by: tuple[Letter, ...]
    bracket: bool


@dataclass(frozen=True)
class Cases:
    left: Node
    relation: str
    right: Node
    then: Node
    otherwise: Node


Node = (
    Letter | Number | Terms | Times | Dot | Fraction | Power | Root | Exp | Bars | Call | Of | Big | Derivative | Cases
)

_TARGETS = {"y", "q", "Y", "Q"}
_FEATURES = {"g", "G", "v", "x", "X"}
_PROBABILITIES = {P_HAT, "s", "P", "S"}
_LAST = {"b", "lambda"}  # W x + b; the penalty after the loss


def children(node: Node) -> tuple[Node, ...]:
    match node:
        case Terms(terms):
            return tuple(t for _, t in terms)
        case Times(factors):
            return factors
        case Dot(a, b) | Fraction(a, b) | Power(a, b):
            return (a, b)
        case Root(a) | Exp(a) | Bars(a) | Call(_, a) | Big(_, _, a):
            return (a,)
        case Derivative(of, by, _):
            return (of, *by)
        case Cases(left, _, right, then, otherwise):
            return (left, right, then, otherwise)
    return ()


def size(node: Node) -> int:
    """The number of nodes."""
    return 1 + sum(size(c) for c in children(node))


def holds(node: Node, kind: type) -> bool:
    """Whether a node of this kind is anywhere in the tree."""
    return isinstance(node, kind) or any(holds(c, kind) for c in children(node))


def terms(signed: list[tuple[bool, Node]]) -> Node:
    """The sum of signed terms, in order."""
    flat: list[tuple[bool, Node]] = []
    for minus, term in signed:
        if isinstance(term, Terms) and len(term.terms) == 1:
            inner_minus, inner = term.terms[0]
            flat.append((minus != inner_minus, inner))
        else:
            flat.append((minus, term))
    plain = all(_plain(t) or isinstance(t, Number) for _, t in flat)
    flat.sort(key=lambda entry: (entry[0], _term_rank(entry[1], plain)))
    return flat[0][1] if len(flat) == 1 and not flat[0][0] else Terms(tuple(flat))


def _plain(term: Node) -> bool:
    return all(isinstance(f, Letter) and not f.indices for f in factors_of(term))


def _term_rank(term: Node, plain: bool) -> tuple[bool, bool, int, int, str]:
    number = isinstance(term, Number) or (isinstance(term, Fraction) and isinstance(term.top, Number))
    last = any(isinstance(f, Letter) and f.name in _LAST for f in factors_of(term))
    first_letter = next((f for f in factors_of(term) if isinstance(f, Letter)), None)
    probability = first_letter is not None and first_letter.name in _PROBABILITIES
    # n + 1, but 1 + log p
    return (last, number == plain, size(term), not probability, repr(term))


def factors_of(node: Node) -> tuple[Node, ...]:
    return node.factors if isinstance(node, Times) else (node,)


def times(factors: list[Node]) -> Node:
    """The product of factors, in order."""
    flat = [g for f in factors for g in factors_of(f)]
    flat.sort(key=_factor_rank)
    return flat[0] if len(flat) == 1 else Times(tuple(flat))


def quotient(above: list[Node], below: list[Node]) -> Node:
    """The product of ``above`` over the product of ``below``: what is short on the fraction, the rest after it."""
    if not below:
        return times(above) if above else Number("1")
    flat = [g for f in above for g in factors_of(f)]
    tail = [f for f in flat if _beside(f)]
    top = [f for f in flat if not _beside(f)]
    features = [f for f in top if isinstance(f, Letter) and f.name in _FEATURES]
    if tail and features:
        top, tail = [f for f in top if f not in features], [*tail, *features]
    brackets: list[Node] = [
        f for f in tail if isinstance(f, Terms | Call) and not holds(f, Big) and not holds(f, Derivative)
    ]
    if not top and len(brackets) == 1 and all(f in brackets or f in features for f in tail):
        top, tail = brackets, [f for f in tail if f not in brackets]
    fraction = Fraction(times(top) if top else Number("1"), times(below))
    return times([fraction, *tail]) if tail else fraction


def _beside(node: Node) -> bool:
    """Whether a factor of a numerator stands beside the fraction instead."""
    return isinstance(node, Terms | Call | Big | Derivative | Dot | Cases | Of)


def _factor_rank(node: Node) -> tuple[float, bool, int, str]:
    difference = isinstance(node, Terms) and len(node.terms) == 2 and all(isinstance(t, Letter) for _, t in node.terms)
    return (_rank(node), difference, size(node), repr(node))


def _rank(node: Node) -> float:
    match node:
        case Number():
            return 0
        case Fraction():
            return 0.5
        case Letter(name, indices):
            if not indices:
                return 1
            if name in _TARGETS:
                return 3
            if name == "delta":
                return 9
            if name in _FEATURES:
                return 8.5
            return 6 if name in _PROBABILITIES else 5 if name == "W" else 2
        case Power(Letter() as base, _):
            return _rank(base)
        case Power() | Exp() | Root() | Bars():
            return 7
        case Terms():
            return 8
        case Of():
            return 9.5
        case Call():
            return 12
        case Big():
            return 13
        case Derivative():
            return 14
    return 15
