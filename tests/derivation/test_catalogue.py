"""Every loss of the catalogue reaches the closed form that a textbook has, by the route that a person would take."""

import re
import time
from dataclasses import replace

import pytest
from sympy import IndexedBase, KroneckerDelta

from symce.algebra.functions import Softmax
from symce.algebra.indices import c, j
from symce.algebra.nodes import Named, Partial, Product, Total
from symce.derivation.budget import DerivationError
from symce.derivation.derive import derive
from symce.derivation.model import model, y, z
from symce.losses import Loss, catalogue
from symce.rules import CATALOGUE

LOSSES = catalogue()


@pytest.fixture(scope="session")
def derivations():
    return {name: derive(loss) for name, loss in LOSSES.items()}


@pytest.mark.parametrize("name", LOSSES)
def test_no_derivative_is_left_and_every_step_names_a_rule(derivations, name):
    proofs = {p.name: p for p in derivations[name].proofs}
    for proof in proofs.values():
        assert not proof.result.has(Total, Partial, Product), proof.name
        for step in proof.steps:
            assert step.why
            assert step.rule in CATALOGUE or step.rule.removeprefix("by-") in proofs, step.rule
        for cited in proof.cites:
            assert cited in proofs


def test_cross_entropy_prints_the_line_of_the_textbook(derivations):
    first = derivations["cross_entropy"].gradient
    assert first.general.result == Softmax(z, j) * first.general.result.coeff(Softmax(z, j)) - y[j]
    assert first.general.assumptions == (), "p_j sum(y) - y_j holds for every target"
    assert first.corollary.result == Softmax(z, j) - y[j]
    assert first.corollary.assumptions == ("sums-to-one",)


def test_cross_entropy_takes_the_route_of_the_seed(derivations):
    first = derivations["cross_entropy"].gradient
    rules = [s.rule for s in first.general.steps]
    assert rules == [
        "chain-rule",
        "by-gradient-partial-p",
        "softmax-jacobian",
        "cancel",
        "split-the-difference",
        "delta-contraction",
    ]
    assert 4 <= len(rules) + len(first.corollary.steps) <= 10
    assert [s.rule for s in first.corollary.steps] == ["by-gradient", "target-sums-to-one"]


def test_the_one_hot_form_needs_no_assumption(derivations):
    label = Named(y[j], KroneckerDelta(c, j))
    focal = derivations["focal"].gradient.final
    assert focal.assumptions == ()
    assert focal.result.has(Softmax(z, j) - label)
    assert derivations["nll_loss"].gradient.final.result == -label


@pytest.mark.parametrize("name", ["label_smoothing", "label_smoothing_uniform"])
def test_smoothed_targets_are_proven_to_sum_to_one(derivations, name):
    proofs = {p.name: p for p in derivations[name].proofs}
    assert proofs["gradient-mass"].result == 1
    final = derivations[name].gradient.final
    assert final.assumptions == ()
    assert final.result.as_coefficients_dict()[Softmax(z, j)] == 1
    assert [n.label for n in final.result.atoms(Named)] == [IndexedBase("q", real=True)[j]]


def test_the_weighted_form_keeps_the_sum_of_the_effective_target(derivations):
    final = derivations["weighted_cross_entropy"].gradient.final
    assert re.fullmatch(
        r"Softmax\(z, j\)\*FiniteSum\(Named\(q\[k\], .*\), k\) - Named\(q\[j\], .*\)", str(final.result)
    )


def test_the_linear_layer_and_the_batch(derivations):
    proofs = {p.name: p for p in derivations["cross_entropy"].linear}
    assert str(proofs["weights"].result) == "(Softmax(z, k) - y[k])*x[d]"
    assert str(proofs["bias"].result) == "Softmax(z, k) - y[k]"
    assert str(proofs["input"].result) == "FiniteSum((Softmax(z, k) - y[k])*W[k, d], k)"
    assert str(proofs["batch-weights"].result) == "FiniteSum((P[i, k] - Y[i, k])*X[i, d], i)/M"
    assert str(proofs["batch-bias"].result) == "FiniteSum(P[i, k] - Y[i, k], i)/M"
    assert str(proofs["l2"].result) == "lambda*W[k, d] + FiniteSum((P[i, k] - Y[i, k])*X[i, d], i)/M"


def test_the_hessian_of_cross_entropy(derivations):
    hessian, product = derivations["cross_entropy"].second
    assert str(hessian.final.result) == "(KroneckerDelta(j, l) - Softmax(z, l))*Softmax(z, j)"
    assert str(product.final.result) == "(-FiniteSum(Softmax(z, k)*v[k], k) + v[l])*Softmax(z, l)"


def test_the_derivation_agrees_with_sympys_own_diff_through_softmax(derivations):
    """A second route: SymPy's product and chain rules, our derivatives of softmax, sigmoid and sums."""
    from symce.rules.sums import CONTRACT, DISTRIBUTE, LINEARITY

    def normal(expr):
        for rule in (DISTRIBUTE, LINEARITY, CONTRACT, CATALOGUE["softmax-sums-to-one"], CATALOGUE["expand"]) * 3:
            new = rule.exhaust(expr)
            expr = expr if new is None else new
        return expr

    for name in ("cross_entropy", "kl_target_softmax", "kl_softmax_target", "softmax_entropy"):
        direct = model(LOSSES[name]).value.diff(z[j])
        derived = derivations[name].gradient.general.closed_form
        assert normal(direct - derived) == 0, name


def test_nothing_depends_on_the_size_of_anything(derivations):
    from sympy import Integer

    for name, derivation in derivations.items():
        for proof in derivation.proofs:
            assert all(abs(n) <= 4 for n in proof.result.atoms(Integer)), name


def test_deriving_is_deterministic(derivations):
    for name in ("focal", "sigmoid_focal", "kl_softmax_target"):
        again = derive(LOSSES[name])
        assert [str(s.expr) for p in again.proofs for s in p.steps] == [
            str(s.expr) for p in derivations[name].proofs for s in p.steps
        ]


def test_deriving_takes_no_time_that_anyone_would_notice(derivations):
    start = time.perf_counter()
    derive(LOSSES["cross_entropy"])
    assert time.perf_counter() - start < 20, "generous: the measured time stands in benchmarks/"


@pytest.mark.parametrize("name", LOSSES)
def test_the_textbooks_form_is_reached_and_another_one_is_not(name):
    """derive() compares with ``expected``; twice the form, or the form with another sign, must not pass."""
    loss = LOSSES[name]
    assert loss.expected, "every loss of the catalogue states the closed form of a textbook"
    for wrong in (f"2*({loss.expected})", f"-({loss.expected})", f"{loss.expected} + p[j]"):
        with pytest.raises(DerivationError, match="could not be shown"):
            derive(replace(loss, expected=wrong))


def test_a_loss_that_does_not_depend_on_the_logits_is_refused():
    constant = Loss(name="constant", title="Constant", target="none", value="Sum(p[k], k)")
    with pytest.raises(DerivationError, match="does not depend on the logits"):
        derive(constant)


def test_a_derivation_that_takes_too_long_says_so():
    terms = " + ".join(f"tanh({i}*p[k])*log({i} + p[k])*exp(p[k]/{i})" for i in range(2, 9))
    loss = Loss(name="endless", title="Endless", target="none", value=f"Sum({terms}, k)")
    start = time.perf_counter()
    with pytest.raises(DerivationError, match="not derived within 1 seconds"):
        derive(loss, seconds=1)
    assert time.perf_counter() - start < 60
