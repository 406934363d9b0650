"""The closed forms are as short as a person's, and have the shapes that a person would write."""

from __future__ import annotations

from itertools import product

import mpmath as mp
import pytest
from derivation.best_forms import GRADIENT, HVP, gradient_form, hvp_form, operations
from numeric import Point, evaluate
from sympy import Add, Expr, IndexedBase, KroneckerDelta, Mul, Symbol, log

from symce.algebra.binders import Binder, FiniteSum
from symce.algebra.functions import Sigmoid, Softmax
from symce.algebra.indices import ClassIndex, c, j
from symce.algebra.nodes import Named
from symce.algebra.walk import unfold
from symce.derivation.derive import derive
from symce.derivation.model import y, z
from symce.derivation.second import l
from symce.losses import catalogue

LOSSES = catalogue()
k = ClassIndex("k")
#: a form may be twice as long as the best that is known, no longer
ALLOWED = 2


@pytest.fixture(scope="module")
def derivations():
    return {name: derive(loss) for name, loss in LOSSES.items()}


# --- how long the forms are ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "count"),
    [
        (Softmax(z, j) - y[j], 1),
        (-y[j], 1),
        (-y[j] - Softmax(z, j), 2),
        (2 * y[j] * z[j], 2),
        (y[j] / z[j], 1),
        (1 / z[j], 1),
        (1 / (y[j] * z[j]), 2),
        (y[j] ** 2 / (1 + z[j]), 3),
        (log(Softmax(z, j)) * Softmax(z, j), 2),
        (FiniteSum(y[k] * z[k], k), 2),
        (y[j] * FiniteSum(y[k] * z[k], k) + FiniteSum(y[k] * z[k], k), 4),
        (Named(Symbol("H"), FiniteSum(y[k] * z[k], k)) * y[j], 3),
        (Sigmoid(z[j]) * (1 - Sigmoid(z[j])), 2),
    ],
)
def test_operations_are_counted_as_a_person_counts_them(form, count):
    assert operations(form) == count


def test_there_is_a_best_form_for_every_loss(derivations):
    assert set(GRADIENT) == set(LOSSES)
    assert set(HVP) == {name for name, d in derivations.items() if d.hvp is not None}


@pytest.mark.parametrize("name", GRADIENT)
def test_no_gradient_is_longer_than_twice_the_best_form_known(derivations, name):
    found, best = operations(derivations[name].gradient.final.result), operations(gradient_form(LOSSES[name]))
    assert 0 < found <= ALLOWED * best, f"{found} operations; the best form known has {best}"


@pytest.mark.parametrize("name", HVP)
def test_no_hessian_vector_product_is_longer_than_twice_the_best_form_known(derivations, name):
    found, best = operations(derivations[name].hvp.final.result), operations(hvp_form(LOSSES[name]))
    assert 0 < found <= ALLOWED * best, f"{found} operations; the best form known has {best}"


@pytest.mark.parametrize("name", GRADIENT)
def test_the_best_forms_are_forms_of_the_same_thing(derivations, name):
    """Else the table would prove nothing: each equals what is derived, at every class, true class and size."""
    pairs = [(derivations[name].gradient.final.result, gradient_form(LOSSES[name]))]
    if name in HVP:
        pairs.append((derivations[name].hvp.final.result, hvp_form(LOSSES[name])))
    for size in (2, 3):
        for entry, true in product(range(1, size + 1), repeat=2):
            point = _point(size, {j: entry, l: entry, c: true}, sums_to_one=LOSSES[name].target == "distribution")
            for found, best in pairs:
                assert mp.almosteq(evaluate(found, point), evaluate(best, point), rel_eps=mp.mpf(10) ** -25)


def _point(size, indices, *, sums_to_one):
    point = Point(size, indices)
    if sums_to_one:
        shares = [point.value(("y", n)) for n in range(1, size + 1)]
        for n, share in enumerate(shares, start=1):
            point = point.having(("y", n), share / mp.fsum(shares))
    return point


# --- what they look like ---------------------------------------------------------------------------------------------


def residual(expr: Expr) -> Expr | None:
    """w_j, if the expression is p_j - w_j, or p_j sum(w) - w_j; None if it is neither."""
    terms = {t.has(Softmax): t for t in Add.make_args(expr)}
    if len(Add.make_args(expr)) != 2 or set(terms) != {True, False}:
        return None
    w = -terms[False]
    p = [f for f in Mul.make_args(terms[True]) if not isinstance(f, Softmax)]
    whole = not p or (len(p) == 1 and isinstance(p[0], FiniteSum) and unfold(p[0].at(j)) == unfold(w))
    return w if whole and not any(isinstance(n, Binder) for n in _nodes(w)) else None


def centred(expr: Expr, p: Expr) -> bool:
    """Whether the expression is u_j - sum_k p_k u_k, or minus that."""
    terms = [unfold(t) for t in Add.make_args(expr)]
    sums = [t for t in terms if t.has(FiniteSum)]
    if len(sums) != 1:
        return False
    sign, level = sums[0].as_coeff_Mul()
    u = Add(*[t for t in terms if t is not sums[0]])
    if not isinstance(level, FiniteSum) or not u.has(j):
        return False
    return bool((sign * level.at(j) + p * u).expand() == 0)


def shapes(expr: Expr) -> set[str]:
    """The standard shapes of the terms of a gradient."""
    if not expr.has(Softmax, FiniteSum):
        return {"elementwise"}
    if residual(expr) is not None:
        return {"p sum(w) - w" if expr.has(FiniteSum) else "(p - w) factor"}
    if isinstance(expr, Mul):
        brackets = [f for f in expr.args if isinstance(f, Add) and f.has(j)]
        letters = [f for f in expr.args if isinstance(f, Softmax) and f.has(j)]
        if any(residual(f) is not None for f in brackets) and not letters:
            return {"p sum(w) - w" if any(f.has(FiniteSum) for f in brackets) else "(p - w) factor"}
        if letters and any(centred(f, letters[0]) for f in brackets):
            return {"p (u - sum p u)"}
        return {"p factor"} if letters and not brackets else {"none of them"}
    split = [t for t in expr.args if isinstance(t, Softmax) or not t.has(Softmax)]
    rest = [t for t in expr.args if t not in split]
    return {s for part in (Add(*split), *rest) for s in shapes(part)} if rest else {"none of them"}


SHAPES = {
    "bce_with_logits": {"elementwise"},
    "brier": {"p (u - sum p u)"},
    "confidence_penalty": {"(p - w) factor", "p (u - sum p u)"},
    "cross_entropy": {"(p - w) factor"},
    "distillation": {"(p - w) factor"},
    "focal": {"(p - w) factor"},
    "generalised_cross_entropy": {"(p - w) factor"},
    "info_nce": {"(p - w) factor"},
    "kl_softmax_target": {"p (u - sum p u)"},
    "kl_target_softmax": {"(p - w) factor"},
    "label_smoothing": {"(p - w) factor"},
    "label_smoothing_uniform": {"(p - w) factor"},
    "nll_loss": {"elementwise"},
    "poly1": {"(p - w) factor", "p (u - sum p u)"},
    "sigmoid_focal": {"elementwise"},
    "soft_capped_cross_entropy": {"(p - w) factor"},
    "softmax_entropy": {"p (u - sum p u)"},
    "temperature_cross_entropy": {"(p - w) factor"},
    "weighted_cross_entropy": {"p sum(w) - w"},
    "z_loss": {"(p - w) factor", "p factor"},
}
#: before it is used that the target sums to one, or what it is
GENERAL = (
    "cross_entropy",
    "distillation",
    "kl_target_softmax",
    "label_smoothing",
    "label_smoothing_uniform",
    "soft_capped_cross_entropy",
    "temperature_cross_entropy",
    "weighted_cross_entropy",
)


@pytest.mark.parametrize("name", LOSSES)
def test_the_gradient_has_a_standard_shape(derivations, name):
    assert shapes(derivations[name].gradient.final.result) == SHAPES[name]


@pytest.mark.parametrize("name", GENERAL)
def test_the_general_form_keeps_the_sum_of_the_targets(derivations, name):
    assert shapes(derivations[name].gradient.general.result) == {"p sum(w) - w"}


def test_other_forms_of_the_same_gradients_have_no_standard_shape():
    p, u = Softmax(z, j), IndexedBase("u")
    mean = FiniteSum(Softmax(z, k) * u[k], k)
    assert shapes(p * (u[j] - mean)) == {"p (u - sum p u)"}
    assert shapes(p * (u[j] + mean)) == {"none of them"}
    assert shapes(p * (u[j] - FiniteSum(u[k], k))) == {"none of them"}
    assert shapes(p * FiniteSum(u[k], k) - u[j]) == {"p sum(w) - w"}
    assert shapes(p * FiniteSum(u[k] ** 2, k) - u[j]) != {"p sum(w) - w"}
    assert shapes((p - y[j]) * u[c]) == {"(p - w) factor"}
    assert shapes(p * u[c] - y[j] * u[c]) != {"(p - w) factor"}
    assert shapes(y[j] * (p - 1) + (1 - y[j]) * p) != {"(p - w) factor"}


# --- common sums -----------------------------------------------------------------------------------------------------


def test_the_entropy_is_named_once_where_it_is_part_of_a_loss(derivations):
    for name in ("confidence_penalty", "softmax_entropy"):
        final = derivations[name].gradient.final.result
        names = [n for n in _nodes(final) if isinstance(n, Named)]
        assert [str(n.label) for n in names] == ["H(p)"]
        assert names[0].definition == -FiniteSum(log(Softmax(z, k)) * Softmax(z, k), k)
        assert not final.xreplace({names[0]: Symbol("H")}).has(Binder), "the sum stands in its name alone"


def test_the_divergence_is_named_once(derivations):
    final = derivations["kl_softmax_target"].gradient.final.result
    names = [n for n in _nodes(final) if isinstance(n, Named)]
    assert [str(n.label) for n in names] == ["KL(p, y)"]
    assert not final.xreplace({names[0]: Symbol("D")}).has(Binder)


@pytest.mark.parametrize("name", LOSSES)
def test_no_gradient_holds_a_sum_twice(derivations, name):
    sums = [n for n in _nodes(unfold(derivations[name].gradient.final.result)) if isinstance(n, Binder)]
    assert len(sums) == len(set(sums))


def test_a_named_target_is_one_name(derivations):
    for name, letter in (("focal", "y"), ("label_smoothing", "q"), ("distillation", "q")):
        final = derivations[name].gradient.final.result
        assert {n.label.base.name for n in _nodes(final) if isinstance(n, Named)} == {letter}
        assert not final.replace(lambda n: isinstance(n, Named), lambda n: n.label).has(KroneckerDelta)


def _nodes(expr):
    """All nodes, one as often as it occurs; what a name stands for is not part of the form."""
    yield expr
    if not isinstance(expr, Named):
        for arg in expr.args:
            yield from _nodes(arg)
