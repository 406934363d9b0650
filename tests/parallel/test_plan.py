"""Plans: the same values as the program's, each message after what it is made of, and as few of them as can be."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from targets.programs import KERNELS, C, Lets, V, Z, cross_entropy, op, total

from symce.kernel.interpreter import evaluate
from symce.kernel.ir import Const, Gather, Input, Let, Map, Node, OneHot, Reduce, RowProgram, walk
from symce.targets.torch_parallel import has_parallel, render_parallel, render_parallel_package
from symce.targets.torch_parallel_plan import LARGEST, SUMS, Message, Split, kind, schedule, split, variables

PROGRAMS = {
    f"{kernel.name}-{form}": program
    for kernel in KERNELS
    if has_parallel(kernel)
    for form, program in kernel.programs.items()
}


def whole(node: Node) -> Node:
    """The node for one process, whose part of a value a class is all of it."""
    if isinstance(node, Map):
        args = tuple(whole(a) for a in node.args)
        return args[0] if node.op == "own" else Map(node.op, args)
    if isinstance(node, Reduce):
        return Reduce(node.op, whole(node.body))
    return Gather(whole(node.source), node.index) if isinstance(node, Gather) else node


@pytest.mark.parametrize("name", PROGRAMS)
@given(data=st.data())
def test_a_plan_has_the_values_of_its_program(name: str, data: st.DataObject) -> None:
    program = PROGRAMS[name]
    rows, classes = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 5))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    logits = rng.integers(-3, 4, (rows, classes)).astype(float)  # with ties
    inputs = {"logits": logits}
    for i in program.inputs:
        if i.kind == "index":
            inputs[i.name] = rng.integers(0, classes, rows)
        elif i.name != "logits":
            inputs[i.name] = rng.random({"row": (rows, classes), "class": (classes,)}.get(i.shape, ())) + 0.1
    plan = split(program)
    lets = tuple(Let(let.name, whole(let.value)) for let in plan.lets)
    planned = RowProgram(program.inputs, lets, {o: whole(node) for o, node in plan.outputs.items()})
    expected, found = evaluate(program, **inputs), evaluate(planned, **inputs)
    for output, value in expected.items():
        np.testing.assert_allclose(found[output], value, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("name", PROGRAMS)
def test_values_of_several_processes_have_names_and_messages(name: str) -> None:
    plan = split(PROGRAMS[name], one_or_nan=True)
    for node in (*plan.outputs.values(), *(child for let in plan.lets for child in _below(let.value))):
        assert not any(kind(n) for n in walk(node)), node
    known: set[str] = set()
    for step in schedule(plan, plan.outputs.values()):
        lets = step.lets if isinstance(step, Message) else (step,)
        for let in lets:
            assert known.issuperset(variables(let.value))
            assert bool(kind(let.value)) == isinstance(step, Message)
        known |= {let.name for let in lets}
    assert known.issuperset(n for node in plan.outputs.values() for n in variables(node))


def _below(node: Node) -> tuple[Node, ...]:
    if isinstance(node, Reduce):
        return (node.body,)
    return (node.source, node.index) if isinstance(node, Gather) else node.args if isinstance(node, Map) else ()


def messages(plan: Split, *outputs: str) -> list[tuple[str, set[str]]]:
    steps = schedule(plan, [plan.outputs[o] for o in outputs])
    return [(step.kind, {let.name for let in step.lets}) for step in steps if isinstance(step, Message)]


def test_sums_wait_for_one_another() -> None:
    """The logit at the target could be had at once, but goes with the sums that wait for the largest."""
    plan = split(cross_entropy().programs["index"])
    assert messages(plan, "value", "gradient") == [(LARGEST, {"a", "m"}), (SUMS, {"R", "logits_at_target"})]


def test_what_is_the_same_is_sent_once_and_entries_of_the_largest_are_not_sent() -> None:
    let = Lets()
    a = let("a", Reduce("argmax", Z))
    first, again = let("first", total(op("mul", Z, V))), let("again", total(op("mul", Z, V)))
    value = op("add", op("add", first, again), op("add", Gather(Z, a), Gather(op("exp", Z), a)))
    plan = split(RowProgram((Z, C, V), tuple(let.lets), {"value": value}))
    assert messages(plan, "value") == [(LARGEST, {"top"}), (SUMS, {"first"})]


def test_a_name_of_an_argument_is_not_taken() -> None:
    top = Input("top", "scalar")
    let = Lets()
    a = let("a", Reduce("argmax", Z))
    plan = split(RowProgram((Z, top), tuple(let.lets), {"value": op("mul", Gather(Z, a), top)}))
    assert [step.name for step in plan.lets] == ["a", "top_2"]


def test_an_entry_at_an_index_is_a_choice_of_entries() -> None:
    row = op("where", OneHot(C), Const(Fraction(2)), Z)
    plan = split(RowProgram((Z, C), (), {"value": Gather(row, C)}))
    assert (plan.lets, plan.outputs["value"]) == ((), Const(Fraction(2)))


def test_losses_without_a_sum_over_classes_have_no_module() -> None:
    files = {path for kernel in KERNELS for path in render_parallel(kernel)}
    assert "torch/parallel/binary_cross_entropy.py" not in files
    assert "torch/parallel/focal.py" in files
    assert '"binary_cross_entropy"' not in render_parallel_package(KERNELS)["torch/parallel/__init__.py"]
