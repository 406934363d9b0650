"""Expressions of a RowProgram in JAX: pure functions, and Hessian-vector products that JAX can transpose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from symce.kernel.ir import Const, Input, Let, Map, Node, Reduce, RowProgram, Size, Var, walk
from symce.targets.expressions import EXACT_HELPERS, Printer
from symce.targets.layout import Text, call
from symce.targets.numerators import is_largest, without_one


class JaxPrinter(Printer):
    """Expressions of JAX arrays.

    A parameter may be traced, so that it is an array here and no Python number. What depends on the vector v is printed
    as linear in it to JAX's eyes: JAX turns the Hessian-vector product around where it goes backward through it.
    """

    functions: ClassVar[Mapping[str, str]] = {
        **{op: f"jnp.{op}" for op in ("exp", "expm1", "log", "log1p", "sqrt", "tanh", "abs", "sign")},
        **{op: f"_{op}" for op in ("product", "sigmoid", "softplus")},
        **EXACT_HELPERS,
    }
    calls: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "exp_difference": ("difference", "compensated"),
        "exp_quotient": ("quotient", "difference", "compensated", "exact_product"),
        "exp_multiple": ("multiple", "difference", "compensated", "exact_product"),
        "difference_error": ("difference",),
        "excess": ("sum_in_parts", "difference"),
        "softmax_less": ("less", "sum_in_parts", "difference", "exact_product"),
        "softmax_less_quotient": ("less", "quotient", "sum_in_parts", "difference", "exact_product"),
        "softmax_less_multiple": ("less", "multiple", "sum_in_parts", "difference", "exact_product"),
    }
    reserved = Printer.reserved | {"jax", "jnp", "lax", "np", "functools"}
    # As for PyTorch: where a derivative is taken of it, it belongs to the entry that argmax picks.
    max_is_gather = True

    def __init__(self) -> None:
        super().__init__()
        self._follow_v: set[str] = set()
        self._lets: dict[str, Node] = {}
        #: of the numerators of a softmax: their sum without the largest, and the class of that, as printed
        self._without_largest: dict[Node, tuple[Text, Text]] = {}

    def body(self, program: RowProgram) -> str:
        self._lets = {let.name: let.value for let in program.lets}
        self._without_largest = {}
        self._follow_v = {"v"}
        for let in program.lets:
            if self._follows_v(let.value):
                self._follow_v.add(let.name)
        return super().body(program)

    def _follows_v(self, node: Node) -> bool:
        """Whether a value depends on the vector of a Hessian-vector product."""
        return any(isinstance(n, Var | Input) and n.name in self._follow_v for n in walk(node))

    def is_number(self, node: Node) -> bool:
        """Numbers are what is known when the function is traced: K and constants, but no parameter."""
        match node:
            case Var():
                return node.name in self._numbers
            case Map():
                return all(self.is_number(a) for a in node.args)
        return isinstance(node, Const | Size)

    def _map(self, node: Map) -> Text:
        if node.op == "product" and self._follows_v(node.args[0]):
            self._helps("times_finite")
            return call("_times_finite", *(self.print(a) for a in node.args))
        return super()._map(node)

    def _let(self, let: Let) -> list[str]:
        text = super()._let(let)
        match without_one(let.value):
            case row, index if is_largest(self._lets, row, index):
                self._without_largest[row] = (self.print(Var(let.name, "batch")), self.print(index))
        return text

    def _reduce(self, node: Reduce) -> Text:
        """Where the sum of numerators without the largest is there, that without another needs no pass of its own."""
        match without_one(node):
            case row, index if row in self._without_largest:
                self.helpers |= {"sum_of_others", "take"}
                rest, top_class = self._without_largest[row]
                return call("_sum_of_others", self.print(row), self.print(index), rest, top_class)
        return super()._reduce(node)

    def reduce(self, op: str, body: Text) -> Text:
        if op in ("excess", "argmax", "sum"):
            self.helpers.add(op)
            return call(f"_{op}", body)
        return call(f"jnp.{op}", body, "axis=1", "keepdims=True")

    def total(self, op: str, body: Text) -> Text:
        return call(f"jnp.{op}", body)

    def gather(self, source: Text, index: Text) -> Text:
        self.helpers.add("take")
        return call("_take", source, index)

    def classes(self, size: str) -> str:
        return f"jnp.arange({size})"

    def spread(self, value: Text, *, number: bool) -> Text:
        return call("jnp.full_like", "logits", value) if number else call("jnp.broadcast_to", value, "logits.shape")

    def select(self, condition: Text, then: Text, otherwise: Text, *, numbers: bool) -> Text:
        return call("jnp.where", condition, then, otherwise)

    def extremum(self, op: str, left: Text, right: Text, *, number: bool) -> Text:
        return call(f"jnp.{op}", left, right)
