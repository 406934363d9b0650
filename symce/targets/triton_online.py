"""What a pass over blocks keeps up with the largest entry of a row: its class, and a softmax's sum of numerators.

Each lane of a block has a largest entry, and a sum of its numerators without that one's, relative to it; when a larger
entry comes, the sum is scaled down to it. The lanes are put together when the pass is over (Milakov and Gimelshein
2018, Online normalizer calculation for softmax).
"""

from __future__ import annotations

from symce.kernel.ir import Let, Map, Node, Reduce, Var
from symce.targets.layout import Precedence, Text, call, infix, lines
from symce.targets.native_plan import Plan
from symce.targets.numerators import is_largest, without_one
from symce.targets.triton_expressions import FUNCTIONS, Expressions, tl_name

_LIFT = "1.8446744073709552e19"  # 2**64


class Online:
    """The sums of numerators that take no pass of their own, by name."""

    def __init__(self, plan: Plan, expressions: Expressions) -> None:
        self._plan, self._print = plan, expressions
        self._lets = {name: let.value for name, let in plan.lets.items()}
        #: of a sum without the largest numerator: what the numerators are, and their row
        self._rests: dict[str, tuple[Map, Var]] = {}
        for name, value in self._lets.items():
            match without_one(value):
                case row, index if is_largest(self._lets, row, index):
                    numerators = self._lets[row.name]
                    if isinstance(numerators, Map) and isinstance(numerators.args[1], Var):
                        self._rests[name] = numerators, row

    def knows(self, let: Let) -> bool:
        """Whether a reduction needs no pass of its own."""
        return let.name in self._rests or self._beside(let) is not None

    def _beside(self, let: Let) -> tuple[Var, Node, str] | None:
        """(numerators, class, sum without the largest) of a sum without the numerator of another class."""
        if let.name not in self._rests:
            match without_one(let.value):
                case row, index if not self._plan.is_row(index):
                    return next(((row, index, n) for n, (_, other) in self._rests.items() if other == row), None)
        return None

    def beside(self, let: Let) -> Text | None:
        """The sum without the numerator of one class, from that without the largest; None for any other value.

        Nothing that counts is lost: the sum holds the largest, beside which no error of a difference is large.
        """
        found = self._beside(let)
        if found is None:
            return None
        row, index, rest = found
        k, top_class = self._print.value(index), self._print.value(without_one(self._lets[rest])[1])  # type: ignore[index]
        entry = self._print.value(row, k.text)
        others = infix(Text(_LIFT), "+", infix(Text(tl_name(rest)), "-", entry, Precedence.SUM), Precedence.SUM)
        return call("tl.where", f"{k.text} == {top_class.text}", tl_name(rest), others)

    def _of(self, top: Let) -> list[tuple[str, Map]]:
        """The sums of numerators relative to a largest entry."""
        return [(name, n) for name, (n, _) in self._rests.items() if n.args[1] == Var(top.name, n.args[1].shape)]

    def _argmax(self, top: Let) -> str | None:
        assert isinstance(top.value, Reduce)
        wanted = Reduce("argmax", top.value.body)
        return next((name for name, value in self._lets.items() if value == wanted), None)

    def _numerators(self, n: Map, low: str, high: str) -> Text:
        scale = [self._print.value(Map(n.op, (n.args[1], n.args[1], *n.args[2:]))).pieces[2]] if n.args[2:] else []
        return call(FUNCTIONS[n.op], low, high, *scale)

    def start(self, top: Let) -> list[str]:
        """The statements before the pass."""
        text = [f'{tl_name(top.name)}_lanes = tl.full((BLOCK,), float("-inf"), REAL)']
        winner = self._argmax(top)
        if winner:
            text.append(f"{tl_name(winner)}_lanes = tl.arange(0, BLOCK)")
        return text + [f"{tl_name(name)}_lanes = tl.zeros((BLOCK,), tl.float64)" for name, _ in self._of(top)]

    def update(self, top: Let, x: Text) -> list[str]:
        """The statements for one block, whose entries are x."""
        name = tl_name(top.name)
        here, lanes, bigger = f"{name}_here", f"{name}_lanes", f"{name}_bigger"
        text = [*lines(f"{here} = ", x, 0), f"{bigger} = {here} > {lanes}"]
        for rest, numerators in self._of(top):
            kept = f"{tl_name(rest)}_lanes"
            text += [
                f"low = tl.where({bigger}, {lanes}, {here})",
                f"high = tl.where({bigger}, {here}, {lanes})",
                *lines("grown = ", self._numerators(numerators, "low", "high"), 0),
                'grown = tl.where(high == float("-inf"), 0.0, grown).to(tl.float64)',
                f"{kept} = tl.where({bigger}, {kept} * (grown / {_LIFT}), {kept}) + grown",
            ]
        winner = self._argmax(top)
        if winner:
            text.append(f"{tl_name(winner)}_lanes = tl.where({bigger}, columns, {tl_name(winner)}_lanes)")
        return [*text, f"{lanes} = tl.where({bigger} | ({here} != {here}), {here}, {lanes})"]

    def finish(self, top: Let) -> list[str]:
        """The statements after the pass."""
        name, winner = tl_name(top.name), self._argmax(top)
        text = [f"{name} = _largest({name}_lanes)"]
        if winner:
            w = tl_name(winner)
            text.append(f"{w} = _first_at({name}_lanes, {name}, {w}_lanes, K)")
        for rest, numerators in self._of(top):
            r, w = tl_name(rest), tl_name(winner or "")
            text += [
                *lines("grown = ", self._numerators(numerators, f"{name}_lanes", name), 0),
                "grown = grown.to(tl.float64)",
                f"{r}_lanes *= grown / {_LIFT}",
                f"{r}_lanes += tl.where({w}_lanes == {w}, 0.0, grown)",
                f"{r} = tl.sum({r}_lanes, axis=0).to(REAL)",
            ]
        return text
