"""RowProgram: a closed form as passes over one row of logits; the form between mathematics and every target.

Plain data, no SymPy. Every value has one of four shapes: ``scalar`` (one number), ``class`` (one a class, K),
``batch`` (one a row, N) and ``row`` (one a row and class, N x K). A program is a list of named values in order of
dependency (a row reduction, a number per row, or one value per entry) and its outputs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

Shape = Literal["scalar", "class", "batch", "row"]
ORDER: tuple[Shape, ...] = ("scalar", "class", "batch", "row")

#: Elementwise operations. ``product`` is a * b, but 0 wherever a is 0 (0 * log 0 = 0: masked classes, absent targets).
#: Those of EXACT are one operation because their parts, rounded one by one, would lose digits.
UNARY = ("neg", "exp", "expm1", "log", "log1p", "sqrt", "tanh", "abs", "sign", "sigmoid", "softplus", "not")
BINARY = ("add", "sub", "mul", "div", "pow", "product", "minimum", "maximum")
RELATIONS = ("eq", "ne", "lt", "le", "gt", "ge")
EXACT = (
    "exp_difference",  # LIFT exp(a - b): the rounding error of a - b is made up for
    "exp_quotient",  # LIFT exp((a - b) / t): those of the difference and of the quotient are
    "exp_multiple",  # LIFT exp((a - b) * t): likewise
    "difference_error",  # what a - b is short of by its rounding
    "expm1_less",  # exp(x) - 1 - x
    "divergence",  # f log(f/g) - f + g of (f, g, log f - log g, g - f)
    "softmax_less",  # p - y of (p, y, a, b), exact where they are nearly equal: p = softmax of a row a, b its largest
    "softmax_less_quotient",  # likewise of (p, y, a, b, t), with p = softmax of a / t
    "softmax_less_multiple",  # with p = softmax of a * t
)
#: Those whose entry at a class is made of the row's entries at all classes.
OF_ROWS = ("softmax_less", "softmax_less_quotient", "softmax_less_multiple")
#: where(condition, then, otherwise)
MAPS = (*UNARY, *BINARY, *RELATIONS, "and", "where", *EXACT)
#: What numerators of a softmax are multiplied with: one that by itself had too few bits left, below the smallest normal
#: number of float32 or float64, is then a normal number, and the quotient by the lifted denominator is rounded once.
LIFT = 2**64
#: ``excess`` is the sum less 1, rounded as if once
REDUCTIONS = ("sum", "max", "argmax", "excess")


def join(*shapes: Shape) -> Shape:
    """The shape that the given shapes broadcast to."""
    if "row" in shapes or ("class" in shapes and "batch" in shapes):
        return "row"
    return max(shapes, key=ORDER.index, default="scalar")


@dataclass(frozen=True)
class Input:
    """An argument of the program: logits (row), target (row, or batch of class indices), a parameter, a vector v."""

    name: str
    shape: Shape
    kind: Literal["float", "index"] = "float"


@dataclass(frozen=True)
class Const:
    """An exact number."""

    value: Fraction
    shape: Shape = field(default="scalar", init=False)


@dataclass(frozen=True)
class Size:
    """K, the number of classes, as a number."""

    shape: Shape = field(default="scalar", init=False)


@dataclass(frozen=True)
class Var:
    """A value named by an earlier Let."""

    name: str
    shape: Shape


@dataclass(frozen=True)
class Map:
    """An elementwise operation of MAPS; shapes broadcast."""

    op: str
    args: tuple[Node, ...]

    @property
    def shape(self) -> Shape:
        return join(*(a.shape for a in self.args))


@dataclass(frozen=True)
class Reduce:
    """A reduction of REDUCTIONS over the classes of each row: row -> batch, class -> scalar.

    ``argmax`` gives a class index, the first where several are equal.
    """

    op: str
    body: Node

    @property
    def shape(self) -> Shape:
        return "scalar" if self.body.shape in ("scalar", "class") else "batch"


@dataclass(frozen=True)
class Gather:
    """The entry of ``source`` (row or class) at a class index a row (batch): a batch."""

    source: Node
    index: Node
    shape: Shape = field(default="batch", init=False)


@dataclass(frozen=True)
class OneHot:
    """True at a class index a row (batch): a row of truth values."""

    index: Node
    shape: Shape = field(default="row", init=False)


Node = Input | Const | Size | Var | Map | Reduce | Gather | OneHot


@dataclass(frozen=True)
class Let:
    """A named value; ``note`` says, for the reader of the generated code, what it is or why it is computed so."""

    name: str
    value: Node
    note: str = ""


@dataclass(frozen=True)
class RowProgram:
    """Named values in order of dependency, and the outputs made of them.

    ``outputs`` holds some of: ``value`` (batch; or row, where the loss is a sum of one term a class and each
    term is wanted), ``gradient`` (row), ``hvp`` (row).
    """

    inputs: tuple[Input, ...]
    lets: tuple[Let, ...]
    outputs: Mapping[str, Node]

    def only(self, *names: str) -> RowProgram:
        """The program that computes just these outputs: lets and inputs that no output needs are gone."""
        outputs = {n: self.outputs[n] for n in names}
        needed: set[str] = set()
        for node in outputs.values():
            needed |= _names(node)
        lets = []
        for let in reversed(self.lets):
            if let.name in needed:
                lets.append(let)
                needed |= _names(let.value)
        return RowProgram(tuple(i for i in self.inputs if i.name in needed), tuple(reversed(lets)), outputs)


def children(node: Node) -> tuple[Node, ...]:
    match node:
        case Map():
            return node.args
        case Reduce():
            return (node.body,)
        case Gather():
            return (node.source, node.index)
        case OneHot():
            return (node.index,)
    return ()


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it, top down."""
    yield node
    for child in children(node):
        yield from walk(child)


def _names(node: Node) -> set[str]:
    return {n.name for n in walk(node) if isinstance(n, Var | Input)}
