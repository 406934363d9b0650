"""The plan of a native kernel: which pass computes what, what is kept, and that a derivative may go over the logits."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from targets.programs import KERNELS, ZERO, C, Lets, V, Y, Z, op, softmax, total

from symce.kernel.interpreter import evaluate
from symce.kernel.ir import Const, Gather, Input, Let, Map, Node, OneHot, Reduce, RowProgram, Var, children
from symce.targets.native_plan import Pass, Plan, plan

NUMBER = Const(Fraction(1, 3))
CLASSES, ROWS = 5, 4


def program(value: Node, gradient: Node, let: Lets | None = None) -> RowProgram:
    """A program with the inputs that it names; a target is classes or floats."""
    lets = tuple(let.lets) if let else ()
    named = {n for root in (*(named.value for named in lets), value, gradient) for n in _all(root)}
    inputs = (Z, Y if Y in named else C, V, Input("T", "scalar"), Input("w", "class"))
    return RowProgram(inputs, lets, {"value": value, "gradient": gradient}).only("value", "gradient")


def shape(found: Plan) -> list[tuple[int, list[str], list[str]]]:
    """The passes: stage, stored rows, reductions."""
    return [(p.stage, [s.name for s in p.stored], [r.name for r in p.reductions]) for p in found.passes]


# --- what a plan says ------------------------------------------------------------------------------------------------
def test_cross_entropy_has_three_passes() -> None:
    """The maximum; the exponentials, which are kept, and their sum; the gradient."""
    let = Lets()
    parts = softmax(let)
    gap = let("gap_c", Gather(parts["D"], C))
    gradient = op("where", OneHot(C), op("neg", parts["q"]), parts["p"])
    found = plan(program(op("add", gap, parts["L"]), gradient, let))
    assert shape(found) == [(0, [], ["m", "a"]), (1, ["E"], ["R"]), (2, [], [])]
    assert found.last == 2
    assert [named.name for named in found.between(0)] == []
    assert [named.name for named in found.between(1)] == ["gap_c"]
    assert [named.name for named in found.between(2)][:2] == ["S", "L"]
    assert found.stored == {"E"}
    assert found.in_output == "E"


def test_the_value_alone_keeps_nothing() -> None:
    found = plan(KERNELS[0].programs["index"].only("value"))
    assert shape(found) == [(0, [], ["m", "a"]), (1, [], ["R"])]
    assert found.stored == frozenset()
    assert found.in_output is None


@pytest.mark.parametrize("named", ["max", "argmax", "both", "neither"])
@pytest.mark.parametrize("body", ["logits", "quotient"])
def test_max_and_argmax_share_a_pass(named: str, body: str) -> None:
    let = Lets()
    z: Node = Z if body == "logits" else op("div", Z, Input("T", "scalar"))
    top: Node = Reduce("max", z)
    place: Node = Reduce("argmax", z)
    if named in ("argmax", "both"):
        place = let("place", place)
    if named in ("max", "both"):
        top = let("top", top)
    found = plan(program(op("add", top, Gather(V, place)), op("where", OneHot(place), Z, V), let))
    first = found.passes[0]
    assert sorted(r.value.op for r in first.reductions if isinstance(r.value, Reduce)) == ["argmax", "max"]
    bodies = {r.value.body for r in first.reductions if isinstance(r.value, Reduce)}
    assert len(bodies) == 1
    searched = bodies.pop()  # for the class of the largest, once the pass is over: it must still be there
    assert isinstance(searched, Input | Var)
    if body == "quotient":
        assert searched.name in found.stored


def test_a_reduction_within_an_expression_is_named() -> None:
    inner = total(op("mul", V, Z))
    found = plan(program(op("exp", total(op("mul", Z, op("sub", V, inner)))), op("mul", V, op("add", inner, inner))))
    reductions = [let.name for let in found.lets.values() if isinstance(let.value, Reduce)]
    assert len(reductions) == 2
    for let in found.lets.values():  # none is left inside another
        assert not any(isinstance(n, Reduce) for child in children(let.value) for n in _all(child))
    assert not any(isinstance(n, Reduce) for node in found.outputs.values() for n in _all(node))
    assert [p.stage for p in found.passes] == [0, 1]


def test_equal_reductions_are_done_once() -> None:
    let = Lets()
    s = let("s", total(op("exp", Z)))
    found = plan(program(op("log", s), op("div", op("exp", Z), total(op("exp", Z))), let))
    assert sum(isinstance(n.value, Reduce) for n in found.lets.values()) == 1


def test_a_sum_of_one_number_a_row_is_a_product() -> None:
    found = plan(program(total(op("exp", Gather(Z, C))), Z))
    assert not any(isinstance(let.value, Reduce) for let in found.lets.values())


def test_a_costly_row_of_two_passes_is_stored_and_a_cheap_one_is_not() -> None:
    for costly in (False, True):
        let = Lets()
        row = let("row", op("exp" if costly else "neg", Z))
        s = let("s", total(row))
        found = plan(program(s, op("div", row, s), let))
        assert found.stored == ({"row"} if costly else frozenset())
        assert found.in_output == ("row" if costly else None)


def test_a_row_that_whole_rows_are_made_of_is_stored() -> None:
    let = Lets()
    parts = softmax(let)
    less = let("less", op("softmax_less", parts["p"], Y, Z, Reduce("max", Z)))
    found = plan(program(total(op("mul", less, less)), less, let))
    assert {"less", "p"} <= found.stored
    assert found.of_rows
    (filled,) = [p for p in found.passes if p.filled]
    assert [f.name for f in filled.filled] == ["less"]
    assert found.stage(less) == filled.stage + 1
    assert found.in_output != "less"  # it is filled when its pass is over, and reads whole rows


# --- the derivative's place ------------------------------------------------------------------------------------------
def test_a_stored_row_is_not_in_the_output_where_a_later_pass_reads_the_logits() -> None:
    let = Lets()
    e = let("e", op("exp", Z))
    s = let("s", total(e))
    found = plan(program(s, op("mul", op("div", e, s), Z), let))
    assert found.stored == {"e"}
    assert found.in_output is None


def test_a_stored_row_is_not_in_the_output_where_it_is_read_when_the_derivative_is_there() -> None:
    let = Lets()
    e = let("e", op("exp", Z))
    s = let("s", total(e))
    late = let("late", total(op("mul", e, op("div", V, s))))  # of the pass that writes the derivative
    value = let("at_last", op("mul", late, op("div", Gather(e, C), late)))
    carried_out(program(value, op("div", e, s), let))


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
        leaves = {n for n in _all(node) if isinstance(n, Input)}
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


@settings(max_examples=100)
@given(programs())
def test_any_plan_has_its_values_in_order(given: RowProgram) -> None:
    found = plan(given)
    assert found.stored <= set(found.lets)
    assert [p.stage for p in found.passes] == sorted({p.stage for p in found.passes})
    assert found.passes[-1].stage == found.last
    seen: set[str] = set()
    for let in found.lets.values():
        names = {n.name for n in _all(let.value) if isinstance(n, Var)}
        assert names <= seen
        assert all(found.stage(found.lets[n].value) <= found.stage(let.value) for n in names)
        seen.add(let.name)
    reduced = [r.name for p in found.passes for r in p.reductions]
    assert sorted(reduced) == sorted(n for n, let in found.lets.items() if isinstance(let.value, Reduce))
    again = plan(replace(given, lets=tuple(Let(let.name, let.value, "a note") for let in given.lets)))
    assert shape(again) == shape(found)


def _all(node: Node) -> list[Node]:
    return [node, *(n for child in children(node) for n in _all(child))]
