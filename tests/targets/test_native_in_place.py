"""Plans carried out on arrays as their printers do it, with the derivative over the logits: the interpreter judges."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from targets.programs import KERNELS, ZERO, C, Lets, V, Y, Z, op, total

from symce.kernel.interpreter import evaluate
from symce.kernel.ir import Const, Gather, Input, Map, Node, OneHot, Reduce, RowProgram, Var, walk
from symce.targets.native_plan import Pass, Plan, plan

NUMBER = Const(Fraction(1, 3))
CLASSES, ROWS = 5, 4


def program(value: Node, gradient: Node, let: Lets | None = None) -> RowProgram:
    """A program with the inputs that it names; a target is classes or floats."""
    lets = tuple(let.lets) if let else ()
    named = {n for root in (*(named.value for named in lets), value, gradient) for n in walk(root)}
    inputs = (Z, Y if Y in named else C, V, Input("T", "scalar"), Input("w", "class"))
    return RowProgram(inputs, lets, {"value": value, "gradient": gradient}).only("value", "gradient")


class Poisoned(Exception):
    """A value was read from where the derivative, or a row in its place, had been written."""


class Machine:
    """A plan carried out as its printers do it, on arrays; the derivative goes over the logits, for the worst.

    What a pass overwrites is gone for the passes after it, for what is computed after it, and for what it reads at one
    class, as another turn of its loop may have been there.
    """

    def __init__(self, found: Plan, inputs: dict[str, Any]) -> None:
        self.plan, self.inputs = found, dict(inputs)
        self.known: dict[str, Any] = {}
        self.memory: dict[str, Any] = {}
        self.lost: set[str] = set()
        self.overwrites: set[str] = set()
        self.derivative = any(name != "value" for name in found.outputs)

    def run(self) -> dict[str, Any]:
        found = self.plan
        results: dict[str, Any] = {}
        value_is_row = "value" in found.outputs and found.is_row(found.outputs["value"])
        for let in found.numbers:
            self.known[let.name] = self.of_number(let.value)
        passes = {p.stage: p for p in found.passes}
        for stage in range(found.last + 2):
            for let in found.between(stage):
                self.known[let.name] = self.of_row(let.value)
            if stage in passes:
                results |= self.carried_out(passes[stage], value_is_row)
        if not value_is_row and "value" in found.outputs:
            results["value"] = self.of_row(found.outputs["value"])
        return results

    def carried_out(self, step: Pass, value_is_row: bool) -> dict[str, Any]:
        found, results = self.plan, {}
        writes_output = step.stage == found.last
        over_logits = self.derivative and (writes_output or found.in_output in {s.name for s in step.stored})
        self.overwrites = {"logits"} if over_logits else set()
        if writes_output and found.in_output:
            self.overwrites.add(found.in_output)
        lost = set(self.overwrites)
        for let in step.stored:
            self.memory[let.name] = self.of_entries(let.value)
            self.overwrites.add(let.name)  # other entries of it are not there yet
        for let in step.reductions:
            assert isinstance(let.value, Reduce)
            self.known[let.name] = self.reduced(let.value)
        if writes_output:
            for name, node in found.outputs.items():
                if name != "value" or value_is_row:
                    results[name] = self.of_entries(node)
        self.lost |= lost
        self.overwrites = set()
        return results

    def reduced(self, node: Reduce) -> Any:
        return self._run(Reduce(node.op, self._stands_for("x", self.of_entries(node.body))))

    def of_entries(self, node: Node) -> Any:
        """Every entry of a row, in a pass."""
        return np.broadcast_to(self._run(self._opened(node, at_one_class=False)), (ROWS, CLASSES))

    def of_row(self, node: Node) -> Any:
        """One number a row, between two passes."""
        return np.broadcast_to(self._run(self._opened(node, at_one_class=False)), (ROWS, 1))

    def of_number(self, node: Node) -> Any:
        return self._run(self._opened(node, at_one_class=False))

    def _opened(self, node: Node, *, at_one_class: bool) -> Node:
        """The value with what it is made of: inputs, and names whose values are known."""
        match node:
            case Input():
                self._check(node.name, at_one_class)
            case Var():
                if node.name in self.memory:
                    self._check(node.name, at_one_class)
                    return self._stands_for(node.name, self.memory[node.name])
                if not self.plan.is_row(node):
                    return self._stands_for(node.name, self.known[node.name])
                assert node.name not in self.plan.stored, f"{node.name} is not known yet"
                return self._opened(self.plan.lets[node.name].value, at_one_class=at_one_class)
            case Map():
                return Map(node.op, tuple(self._opened(a, at_one_class=at_one_class) for a in node.args))
            case Gather():
                index = self._opened(node.index, at_one_class=False)
                return Gather(self._opened(node.source, at_one_class=True), index)
            case OneHot():
                return OneHot(self._opened(node.index, at_one_class=False))
            case Reduce():
                raise AssertionError("a reduction within an expression")
        return node

    def _check(self, name: str, at_one_class: bool) -> None:
        if name in self.lost or (at_one_class and name in self.overwrites):
            raise Poisoned(name)

    def _stands_for(self, name: str, value: Any) -> Input:
        array = np.asarray(value)
        stands = {(): "scalar", (ROWS, 1): "batch", (ROWS, CLASSES): "row"}[array.shape]
        kind = "index" if array.dtype.kind == "i" else "float"
        found = Input(f"_{name}_{len(self.inputs)}", stands, kind)  # type: ignore[arg-type]
        self.inputs[found.name] = array
        return found

    def _run(self, node: Node) -> Any:
        leaves = {n for n in walk(node) if isinstance(n, Input)}
        name = "gradient" if node.shape in ("row", "class") else "value"
        out = evaluate(RowProgram(tuple(leaves), (), {name: node}), **self.inputs)[name]
        if name == "value":
            out = out[:, None]
        whole = isinstance(node, Reduce) and node.op == "argmax"
        out = out.astype(np.int64) if whole or (isinstance(node, Input) and node.kind == "index") else out
        return out[0, 0] if node.shape == "scalar" else out


def carried_out(given: RowProgram, seed: int = 0) -> None:
    """The plan of a program, in place, gives what the program means. Raises Poisoned."""
    rng = np.random.default_rng(seed)
    inputs: dict[str, Any] = {
        "logits": rng.normal(size=(ROWS, CLASSES)), "target": rng.integers(0, CLASSES, ROWS),
        "y": rng.uniform(0.1, 1, (ROWS, CLASSES)), "v": rng.normal(size=(ROWS, CLASSES)), "T": 1.5, "gamma": 2.0,
        "w": rng.uniform(0.5, 2, CLASSES), "alpha": rng.uniform(0.5, 2, CLASSES), "s": 0.5,
        "teacher": rng.uniform(0.1, 1, (ROWS, CLASSES)), "factor": rng.uniform(0.5, 2, CLASSES),
    }  # fmt: skip
    if any(i.name == "target" and i.shape == "row" for i in given.inputs):
        inputs["target"] = inputs["y"]
    right = evaluate(given, **inputs)
    with np.errstate(all="ignore"):
        got = Machine(plan(given), inputs).run()
    for name, expected in right.items():
        found = np.asarray(got[name]).reshape(expected.shape)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda k: k.name)
def test_the_plans_of_kernels_mean_what_their_programs_mean(kernel: Any) -> None:
    for form in kernel.programs.values():
        for wanted in (("value",), ("value", "gradient"), ("gradient",), ("hvp",)):
            if set(wanted) <= set(form.outputs):
                carried_out(form.only(*wanted))


@pytest.mark.parametrize(
    ("value", "gradient"),
    [
        # the value reads a logit, and a sum of the pass that writes the derivative
        (op("add", op("exp", op("neg", Gather(Z, C))), total(op("exp", Z))), op("exp", Z)),
        # a condition of the derivative reads a logit
        (Gather(Z, C), op("where", op("lt", ZERO, op("sub", NUMBER, Gather(Z, C))), V, ZERO)),
        (ZERO, op("where", op("and", op("lt", Gather(Z, C), NUMBER), op("lt", Z, V)), V, Z)),
        # a row of no name reads one, in the last pass
        (Gather(Z, C), op("mul", V, op("exp", op("sub", Gather(Z, C), NUMBER)))),
        (ZERO, op("mul", Z, Gather(op("mul", Z, V), C))),
    ],
)
def test_the_logits_are_read_before_the_derivative_is_over_them(value: Node, gradient: Node) -> None:
    value = value if value.shape == "batch" else op("mul", value, Gather(V, C))
    carried_out(program(value, gradient))


UNARY = ("neg", "exp", "tanh", "abs", "sigmoid", "softplus", "sign")
BINARY = ("add", "sub", "mul", "product", "minimum", "maximum")


@st.composite
def programs(draw: st.DrawFn) -> RowProgram:
    """Any program: sums of sums, entries at classes, conditions, the largest and its class, rows used twice."""
    let = Lets()
    rows: list[Node] = [Z, Z, V]
    numbers: list[Node] = [Gather(Z, C)]
    classes: list[Node] = [C]

    def some(kinds: str) -> Node:
        pools = {"r": rows, "b": numbers, "n": [NUMBER, Input("T", "scalar"), Input("w", "class")]}
        return draw(st.sampled_from(pools[draw(st.sampled_from(kinds))]))

    for n in range(draw(st.integers(2, 9))):
        kind = draw(st.sampled_from(["row", "row", "row", "sum", "sum", "gather", "top", "number", "where"]))
        node: Node
        if kind == "row":
            node = op(draw(st.sampled_from(UNARY)), some("r"))
            node = op(draw(st.sampled_from(BINARY)), node, some("rrbn"))
        elif kind == "where":
            index = draw(st.sampled_from(classes))
            less = op("lt", some("rb"), some("rbn"))
            condition = draw(st.sampled_from([OneHot(index), less, op("and", OneHot(index), op("not", less))]))
            node = op("where", condition, some("rb"), some("r"))
        elif kind == "sum":
            node = total(some("r"))
        elif kind == "gather":
            node = Gather(some("r"), draw(st.sampled_from(classes)))
        elif kind == "top":
            body = some("r")
            classes.append(let(f"class{n}", Reduce("argmax", body)))
            node = Reduce("max", body) if draw(st.booleans()) else Gather(body, classes[-1])
        else:
            node = op(draw(st.sampled_from(BINARY)), some("b"), op(draw(st.sampled_from(UNARY)), some("b")))
        node = let(f"x{n}", node) if draw(st.booleans()) else node
        (rows if node.shape == "row" else numbers).append(node)
    value, gradient = op("add", numbers[-1], some("b")), op(draw(st.sampled_from(BINARY)), rows[-1], some("rb"))
    return program(value, gradient, let)


@settings(max_examples=300)
@given(programs())
def test_any_plan_in_place_means_what_its_program_means(given: RowProgram) -> None:
    carried_out(given)


def test_a_stored_row_is_not_in_the_output_where_it_is_read_when_the_derivative_is_there() -> None:
    let = Lets()
    e = let("e", op("exp", Z))
    s = let("s", total(e))
    late = let("late", total(op("mul", e, op("div", V, s))))  # of the pass that writes the derivative
    value = let("at_last", op("mul", late, op("div", Gather(e, C), late)))
    carried_out(program(value, op("div", e, s), let))
