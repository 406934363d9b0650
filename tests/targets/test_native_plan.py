"""The plan of a native kernel: which pass computes what, and which rows are kept."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from targets.programs import KERNELS, C, Lets, V, Y, Z, op, softmax, total
from targets.test_native_in_place import program, programs

from symce.kernel.ir import Gather, Input, Let, Node, OneHot, Reduce, RowProgram, Var, children, walk
from symce.targets.native_plan import Plan, plan


def shape(found: Plan) -> list[tuple[int, list[str], list[str]]]:
    """The passes: stage, stored rows, reductions."""
    return [(p.stage, [s.name for s in p.stored], [r.name for r in p.reductions]) for p in found.passes]


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
        assert not any(isinstance(n, Reduce) for child in children(let.value) for n in walk(child))
    assert not any(isinstance(n, Reduce) for node in found.outputs.values() for n in walk(node))
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


def test_a_stored_row_is_not_in_the_output_where_a_later_pass_reads_the_logits() -> None:
    let = Lets()
    e = let("e", op("exp", Z))
    s = let("s", total(e))
    found = plan(program(s, op("mul", op("div", e, s), Z), let))
    assert found.stored == {"e"}
    assert found.in_output is None


@settings(max_examples=100)
@given(programs())
def test_any_plan_has_its_values_in_order(given: RowProgram) -> None:
    found = plan(given)
    assert found.stored <= set(found.lets)
    assert [p.stage for p in found.passes] == sorted({p.stage for p in found.passes})
    assert found.passes[-1].stage == found.last
    seen: set[str] = set()
    for let in found.lets.values():
        names = {n.name for n in walk(let.value) if isinstance(n, Var)}
        assert names <= seen
        assert all(found.stage(found.lets[n].value) <= found.stage(let.value) for n in names)
        seen.add(let.name)
    reduced = [r.name for p in found.passes for r in p.reductions]
    assert sorted(reduced) == sorted(n for n, let in found.lets.items() if isinstance(let.value, Reduce))
    again = plan(replace(given, lets=tuple(Let(let.name, let.value, "a note") for let in given.lets)))
    assert shape(again) == shape(found)
