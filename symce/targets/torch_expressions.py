"""Expressions of PyTorch tensors: what the printer core needs to know of PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from symce.targets.expressions import EXACT_HELPERS, Printer
from symce.targets.layout import Precedence, Text, call


class TorchPrinter(Printer):
    """Expressions of PyTorch tensors, each of them differentiable."""

    functions: ClassVar[Mapping[str, str]] = {
        **{op: f"torch.{op}" for op in ("exp", "expm1", "log", "log1p", "sqrt", "tanh", "abs", "sign")},
        **{op: f"_{op}" for op in ("product", "sigmoid", "softplus")},
        **EXACT_HELPERS,
    }
    reserved = Printer.reserved | {"torch", "nn", "Tensor", "forward_ad"}
    # Not amax, which spreads its derivative over equal entries: it belongs to the entry that argmax picks, as a program
    # leaves out just that one from the sum of the others.
    max_is_gather = True

    def reduce(self, op: str, body: Text) -> Text:
        if op in ("excess", "sum"):
            self.helpers.add(op)
            return call(f"_{op}", body)
        return call(f"torch.{op}", body, "dim=1", "keepdim=True")

    def total(self, op: str, body: Text) -> Text:
        return call(f"torch.{op}", body)

    def gather(self, source: Text, index: Text) -> Text:
        return call("torch.gather", source, "1", index)

    def classes(self, size: str) -> str:
        return f"torch.arange({size}, device=logits.device)"

    def spread(self, value: Text, *, number: bool) -> Text:
        return (
            call("torch.full_like", "logits", value)
            if number
            else Text(f"{value.within(Precedence.ATOM).text}.expand_as(logits)", Precedence.ATOM)
        )

    def select(self, condition: Text, then: Text, otherwise: Text, *, numbers: bool) -> Text:
        if numbers:  # two plain numbers would be chosen between in PyTorch's default dtype, and rounded to it
            then = call("logits.new_tensor", then)
        return call("torch.where", condition, then, otherwise)

    def put(self, row: Text, index: Text, value: Text, *, fresh: bool, number: bool) -> Text:
        # not in place: a row may be shared by the copies that vmap makes of an index
        return call("torch.scatter", row, "1", index, value)

    def extremum(self, op: str, left: Text, right: Text, *, number: bool) -> Text:
        if number:
            bound = "max" if op == "minimum" else "min"  # the minimum with 1 is what is clamped from above
            return call("torch.clamp", left, f"{bound}={right.text}")
        return call(f"torch.{op}", left, right)
