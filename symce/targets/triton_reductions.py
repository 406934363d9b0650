"""The reductions of a row: at once where it is held as a whole, or lane by lane over its blocks."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from symce.kernel.ir import Let, Reduce
from symce.targets.layout import WIDTH, Text, call, lines
from symce.targets.native_plan import Plan
from symce.targets.triton_expressions import Expressions, tl_name
from symce.targets.triton_online import Online

_ZEROS = "tl.zeros((BLOCK,), tl.float64)"


class Reductions:
    """The statements of reductions; ``online`` is there where rows are passed over in blocks."""

    def __init__(self, plan: Plan, expressions: Expressions, online: Online | None) -> None:
        self._plan, self._print, self._online = plan, expressions, online

    def before(self, reductions: Sequence[Let]) -> list[str]:
        """The statements before a pass over the blocks."""
        text = []
        for let in reductions:
            assert isinstance(let.value, Reduce)
            name, op = tl_name(let.name), let.value.op
            if op == "max":
                assert self._online is not None
                text += self._online.start(let)
            elif op != "argmax":
                text.append(f"{name}_lanes = {_ZEROS}")
            if op == "excess":
                text.append(f"{name}_low_lanes = {_ZEROS}")
        return text

    def reduce(self, let: Let, indent: int) -> list[str]:
        """A reduction of a whole row, or what a block adds to it."""
        assert isinstance(let.value, Reduce)
        op, name, x = let.value.op, tl_name(let.name), self._print.value(let.value.body)
        note = [f"{' ' * indent}# {line}" for line in textwrap.wrap(let.note, WIDTH - indent - 2)]
        highest, terms = call("_lowest_outside", x, "inside"), call("_wide", x, "inside")
        if self._online is not None:
            match op:
                case "max":
                    return [" " * indent + line for line in self._online.update(let, highest)]
                case "argmax":
                    return []
                case "excess":
                    lanes = f"{name}_lanes", f"{name}_low_lanes"
                    return lines(f"{', '.join(lanes)} = ", call("_added", *lanes, terms, "0.0"), indent)
            return note + statement(f"{name}_lanes += ", terms, indent)
        value = {
            "sum": call("_total", x, "inside"),
            "fine_sum": call("tl.sum", terms, "axis=0"),
            "excess": call("_excess_of", terms, _ZEROS),
            "max": call("_largest", highest),
        }.get(op)
        if op == "argmax":
            value = call("_first_at", highest, self._top(let.value), "columns", "K")
        if value is None:
            raise ValueError(f"the Triton target has no reduction {op!r}")
        rounded = [f"{' ' * indent}{name} = {name}.to(REAL)"] if op == "excess" else []
        return note + statement(f"{name} = ", value, indent) + rounded

    def after(self, reductions: Sequence[Let]) -> list[str]:
        """The statements after a pass over the blocks."""
        text = []
        for let in reductions:
            assert isinstance(let.value, Reduce)
            name = tl_name(let.name)
            match let.value.op:
                case "max":
                    assert self._online is not None
                    text += self._online.finish(let)
                case "sum":
                    text.append(f"{name} = tl.sum({name}_lanes, axis=0).to(REAL)")
                case "fine_sum":
                    text.append(f"{name} = tl.sum({name}_lanes, axis=0)")
                case "excess":
                    text.append(f"{name} = _excess_of({name}_lanes, {name}_low_lanes).to(REAL)")
        return text

    def _top(self, argmax: Reduce) -> str:
        top = Reduce("max", argmax.body)
        return next(tl_name(let.name) for let in self._plan.lets.values() if let.value == top)


def statement(prefix: str, value: Text, indent: int) -> list[str]:
    """A statement in lines; a chain of operators that does not fit on one is set in brackets, as ruff format does."""
    whole, pad = " " * indent + prefix + value.text, " " * indent
    pair = len(value.pieces) == 2 and not value.pieces[0].head and value.pieces[1].head  # broken within the call
    if len(whole) <= WIDTH or value.head or len(value.pieces) < 2 or pair:
        return lines(prefix, value, indent)
    inner = [f"{pad}    {value.text}"]
    if len(inner[0]) > WIDTH:
        inner = lines("", value, indent + 4, operand=True)
    return [f"{pad}{prefix}(", *inner, f"{pad})"]
