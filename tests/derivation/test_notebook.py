"""What a notebook shows of a derivation and of a proof: the statement, numbered steps with their rules, the result."""

from __future__ import annotations

import re

import pytest

import symce
from symce.algebra.latex import latex
from symce.derivation.proof import CITATION
from symce.losses import Loss, Param, catalogue

LOSSES = catalogue()
FEW = ("confidence_penalty", "cross_entropy", "distillation", "focal", "sigmoid_focal")


@pytest.fixture(scope="module")
def derivations():
    return {name: symce.derive(loss) for name, loss in LOSSES.items()}


def displays(text: str) -> list[str]:
    """The displayed formulas of a text."""
    return re.findall(r"\$\$(.*?)\$\$", text, re.DOTALL)


@pytest.mark.parametrize("name", LOSSES)
def test_a_proof_shows_its_statement_every_step_in_order_and_its_result(derivations, name):
    for proof in derivations[name].proofs:
        shown = proof._repr_latex_()
        (formula,) = displays(shown)
        numbers = re.findall(r"\\text\{\((\d+)\) (?:by )?([a-z0-9-]+)\}", formula)
        assert numbers == [(str(n), s.rule.removeprefix(CITATION)) for n, s in enumerate(proof.steps, start=1)]
        assert formula.count("&= ") == len(proof.steps), "one equals sign a step"
        assert formula.count(latex(proof.statement)) >= 1
        result = latex(proof.result)
        markdown = proof._repr_markdown_()
        assert shown in markdown
        assert f"$\\displaystyle {latex(proof.statement)} = {result}$" in markdown
        assert markdown.startswith(f"**{proof.kind.capitalize()}** ({proof.name})")
        assert ("Assuming $" in markdown) == bool(proof.assumptions)


@pytest.mark.parametrize("name", LOSSES)
def test_a_derivation_shows_the_loss_the_gradient_with_its_steps_and_the_rest(derivations, name):
    derivation = derivations[name]
    markdown = derivation._repr_markdown_()
    loss = rf"\mathcal{{L}} = {latex(derivation.model.value)}"
    assert displays(markdown)[0] == loss
    assert displays(derivation._repr_latex_())[0] == loss
    for proof in derivation.gradient.proofs:
        assert proof._repr_latex_() in markdown
        assert proof._repr_latex_() in derivation._repr_latex_()
    for proof in derivation.linear:
        assert latex(proof.statement) in markdown
    assert ("the Hessian-vector product" in markdown) == (derivation.hvp is not None)


@pytest.mark.parametrize("name", LOSSES)
def test_what_is_shown_is_whole_latex(derivations, name):
    for text in (derivations[name]._repr_markdown_(), derivations[name]._repr_latex_()):
        assert text.count("$$") % 2 == 0
        assert text.count("$") % 2 == 0
        for formula in re.findall(r"\$\$?(.*?)\$\$?", text, re.DOTALL):
            assert formula.strip()
            assert formula.count("{") == formula.count("}")
            assert formula.count(r"\left") - formula.count(r"\leftarrow") == formula.count(r"\right")
            assert formula.count(r"\begin{") == formula.count(r"\end{")
        assert "%" not in text, "a bound index has no name that anyone should see"
        assert not re.search(r"Softmax|FiniteSum|Named|Dummy", text)


@pytest.mark.parametrize("name", FEW)
def test_what_a_name_stands_for_is_said_once_a_statement(derivations, name):
    for line in derivations[name]._repr_markdown_().splitlines():
        _, where, meanings = line.partition(", where ")
        if where:
            letters = re.findall(r"\$(\S+(?:\(.*?\))?) = ", meanings)
            assert letters
            assert len(letters) == len(set(letters))


def test_the_names_of_a_result_are_explained(derivations):
    shown = derivations["label_smoothing"].gradient.final._repr_markdown_()
    assert r"\hat{\pi}_j - q_j$, where $q_k = (1 - \epsilon) \delta_{ck} + " in shown
    assert "H(" in derivations["confidence_penalty"].gradient.final._repr_markdown_().partition(", where ")[2]


def test_the_inner_map_is_shown(derivations):
    assert displays(derivations["temperature_cross_entropy"]._repr_markdown_())[1] == r"a_k = \frac{z_k}{T}"


def test_a_parameter_is_printed_by_its_own_letter():
    params = (Param("strength", symbol=r"\xi_{0}"),)
    derivation = symce.derive(Loss("mine", "Mine", "index", "-log(p[c]) + strength*(1 - p[c])", params))
    for text in (derivation._repr_markdown_(), derivation._repr_latex_()):
        assert r"\xi_{0}" in text
        assert "strength" not in text


def test_a_loss_whose_hessian_is_zero_shows_too(derivations):
    assert derivations["nll_loss"].hvp is None
    assert "-y_j" in derivations["nll_loss"]._repr_markdown_()


def test_a_long_step_is_broken_and_keeps_its_number(derivations):
    proofs = derivations["sigmoid_focal"].gradient.proofs
    texts = [p._repr_latex_() for p in proofs]
    assert any(r"&\quad " in t for t in texts)


def test_showing_is_deterministic(derivations):
    for name in FEW:
        assert symce.derive(LOSSES[name])._repr_markdown_() == derivations[name]._repr_markdown_()
