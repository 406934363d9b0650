"""Sums that bind their index: equal up to its name, never captured, never differentiated under a bound index."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sympy import IndexedBase, KroneckerDelta, Symbol, exp, log

from symce.algebra.binders import FiniteSum, LogSumExp
from symce.algebra.delta import contract
from symce.algebra.functions import Sigmoid, Softmax, Softplus
from symce.algebra.indices import ClassIndex, FeatureIndex, K, c, j
from symce.algebra.nodes import Named, Partial, Total
from symce.algebra.walk import bottom_up, unfold

z = IndexedBase("z", real=True)
y = IndexedBase("y", real=True)
k, l = ClassIndex("k"), ClassIndex("l")  # noqa: E741


def test_sums_that_differ_in_the_name_of_the_index_are_one_object():
    assert FiniteSum(z[k] * y[j], k) == FiniteSum(z[l] * y[j], l)
    assert FiniteSum(z[k], k) - FiniteSum(z[l], l) == 0
    assert hash(FiniteSum(z[k], k)) == hash(FiniteSum(z[l], l))


def test_nested_sums_do_not_share_an_index():
    nested = FiniteSum(FiniteSum(z[k] * y[l], k) * z[l], l)
    outer, body = nested.open()
    inner, product = body.args[0].open([outer]) if isinstance(body.args[0], FiniteSum) else body.args[1].open([outer])
    assert outer != inner
    assert product == z[inner] * y[outer]


@given(st.sampled_from("klmnrj"), st.sampled_from("klmnrj"))
def test_a_free_index_put_in_from_outside_is_never_captured(name, other):
    free = ClassIndex(name)
    total = FiniteSum(z[ClassIndex("a")] * y[ClassIndex("b")], ClassIndex("a"))
    moved = total.xreplace({ClassIndex("b"): free})
    assert free in moved.free_symbols
    index, body = moved.open()
    assert index != free
    assert body == z[index] * y[free]
    assert total.subs(ClassIndex("b"), free) == moved
    assert total.subs(ClassIndex(other), free) == total


def test_sympys_own_sum_captures_here():
    """The reason for a sum of our own: if SymPy mends this, look again at whether we need one."""
    from sympy import Sum

    a, b, n = (Symbol(s, integer=True) for s in "abn")
    wrong = Sum(z[a] * z[b], (a, 1, n)).subs(b, a)
    assert wrong == Sum(z[a] ** 2, (a, 1, n))


def test_the_bound_index_is_no_free_symbol():
    total = FiniteSum(z[k] * y[j], k)
    assert j in total.free_symbols
    assert not {s for s in total.free_symbols if str(s).startswith("%") or "%" in str(s)}


def test_a_derivative_in_a_bound_index_is_refused():
    total = FiniteSum(log(Softmax(z, k)), k)
    with pytest.raises(ValueError, match="bound by a sum"):
        total.diff(z[total.bound])
    with pytest.raises(ValueError, match="bound in the function"):
        Partial(total, z[total.bound])
    with pytest.raises(TypeError, match="not an entry of a vector"):
        Total(total, Symbol("t"))


def test_plain_diff_differentiates_through_softmax():
    loss = -FiniteSum(y[k] * log(Softmax(z, k)), k)
    assert loss.diff(z[j]) == -FiniteSum(y[k] * (KroneckerDelta(k, j) - Softmax(z, j)), k)
    assert LogSumExp(z[k], k).diff(z[j]).open()[1].has(LogSumExp)
    assert Sigmoid(z[k]).diff(z[j]) == Sigmoid(z[k]) * (1 - Sigmoid(z[k])) * KroneckerDelta(k, j)
    assert Softplus(z[j]).diff(z[j]) == Sigmoid(z[j])
    assert Softmax(y, k).diff(z[j]) == 0


def test_delta_contraction_under_the_declared_range():
    assert contract(FiniteSum(y[k] * KroneckerDelta(k, j), k)) == y[j]
    assert contract(FiniteSum(KroneckerDelta(k, c), k)) == 1
    assert contract(FiniteSum((z[k] + KroneckerDelta(k, j)), k)) is None
    feature = FeatureIndex("d")
    assert contract(FiniteSum(KroneckerDelta(k, feature), k)) is None, "an index of another range is no class"


def test_a_sum_binds_only_an_index():
    with pytest.raises(TypeError, match="binds an index"):
        FiniteSum(z[j], Symbol("j"))


def test_a_sum_of_zero_is_zero_and_sums_pickle():
    assert FiniteSum(0 * z[k], k) == 0
    total = FiniteSum(exp(z[k]) / K, k)
    assert pickle.loads(pickle.dumps(total)) == total


def test_a_walk_does_not_look_below_a_name_until_it_is_unfolded():
    named = Named(Symbol("H"), FiniteSum(z[k], k)) + z[j]
    seen = []
    bottom_up(named, seen.append)
    assert FiniteSum(z[k], k) not in seen
    assert unfold(named) == FiniteSum(z[k], k) + z[j]
