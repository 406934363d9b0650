"""Why the code computes a loss so: every rule of its kernel, in letters that are explained, and what it is worth."""

from __future__ import annotations

import re

import pytest
from sympy import Expr

from symce.algebra.functions import Softmax
from symce.algebra.latex import latex
from symce.algebra.walk import bottom_up
from symce.derivation.derive import derive
from symce.documents.blocks import Handout, Laws, Letters, Paragraph, Section, Table
from symce.documents.letters import printed
from symce.handout import reasons
from symce.handout.losses import of_losses
from symce.handout.options import Options
from symce.handout.reasons import TITLE, readable
from symce.kernel.build import kernel
from symce.kernel.stability import CATALOGUE
from symce.losses import catalogue
from symce.losses.toml import loads_toml
from symce.rules import laws

LOSSES = ("cross_entropy", "focal", "bce_with_logits", "distillation", "soft_capped_cross_entropy", "nll_loss")


def section(handout: Handout, loss: str) -> Section:
    (found,) = [s for s in handout.sections if s.label == f"{loss}-reasons"]
    assert found.title == TITLE
    return found


def blocks(kind: type, part: Section) -> list:
    return [block for block in part.blocks if isinstance(block, kind)]


def rules(part: Section) -> list[str]:
    return [rule.name for block in blocks(Laws, part) for rule in block.rules]


def words(part: Section) -> str:
    return " ".join(block.text for block in blocks(Paragraph, part))


@pytest.mark.parametrize("name", LOSSES)
def test_every_rule_of_the_kernel_stands_there_in_letters_that_are_explained(name: str) -> None:
    handout = of_losses([catalogue()[name]], Options())
    part = section(handout, name)
    assert tuple(rules(part)) == kernel(derive(catalogue()[name])).stability
    explained = {
        letter
        for s in handout.sections
        for b in blocks(Letters, s)
        for m in b.meanings
        for letter in printed([m.letter])
    }
    # a statement shows what the loss's own letters are
    shown = {side for block in blocks(Laws, part) for rule in block.rules for side in rule.law}
    assert printed(shown) <= explained
    if name == "nll_loss":
        assert "computed as they stand" in words(part)


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_law_on_the_page_is_the_law(name: str) -> None:
    """With what its letters mean put for them again, and their sums multiplied out alike."""

    def meant(expr: Expr) -> Expr | None:
        if not expr.is_Indexed or not expr.args[1:]:
            return None
        if expr.base == reasons._q:
            return (
                Softmax(reasons._u, expr.indices[0])
                if name == "divergence-of-two-softmaxes"
                else laws.model[expr.indices[0]]
            )
        return reasons._gap_of(expr.indices[0]) if expr.base == reasons._gap else None

    for shown, law in zip(readable(CATALOGUE[name]).law, CATALOGUE[name].law, strict=True):
        assert bottom_up(bottom_up(shown, meant), meant) == law


def test_the_second_softmax_of_a_law_is_q_in_either_notation() -> None:
    left, right = readable(CATALOGUE["divergence-of-two-softmaxes"]).law
    for symbols in ({"q": r"\tilde{y}", "model": "q"}, {"q": r"\tilde{y}", "model": "p", "^p": "p"}):
        p = symbols.get("^p", r"\hat{\pi}")
        assert latex(left, symbols) == rf"\sum_{{k=1}}^{{K}} q_k \log \frac{{q_k}}{{{p}_k}}"
        assert "e^{x_k} - 1 - x_k" in latex(right, symbols)


def test_a_rule_and_a_letter_stand_once_in_a_handout_on_several_losses() -> None:
    handout = of_losses([catalogue()[n] for n in ("focal", "distillation", "cross_entropy")], Options())
    parts = [section(handout, n) for n in ("focal", "distillation", "cross_entropy")]
    all_rules = [name for part in parts for name in rules(part)]
    assert len(all_rules) == len(set(all_rules))
    assert "[#focal-reasons]" in words(parts[1])
    assert "`softmax-by-gap`" in words(parts[2])
    letters = [latex(m.letter) for part in parts for b in blocks(Letters, part) for m in b.meanings]
    assert len(letters) == len(set(letters))


def test_what_softmax_is_taken_of_is_said_where_it_is_not_the_logits() -> None:
    handout = of_losses([catalogue()[n] for n in ("temperature_cross_entropy", "cross_entropy")], Options())
    assert "here $a_k$ (in `shift-before-division`" in words(section(handout, "temperature_cross_entropy"))
    assert "$a_k$" not in words(section(handout, "cross_entropy"))


def test_the_table_says_at_which_place_and_parameters() -> None:
    (table,) = blocks(Table, section(of_losses([catalogue()["focal"]], Options()), "focal"))
    assert table.head == ("margin", "exact", "by the formula", "by the kernel")
    assert r"\gamma = 2" in table.caption
    assert all(exact == kernel for _, exact, _, kernel in table.rows)
    assert [formula for _, _, formula, _ in table.rows][-1] == "0"


def test_a_loss_of_ones_own_has_its_reasons() -> None:
    text = """
[loss]
name = "own"
title = "Own"
target = "index"
value = "-f*(1 - p[c])**R*log(p[c])"
[params]
f = { default = 0.5, domain = "nonnegative" }
R = { default = 0.5, domain = "nonnegative" }
"""
    part = section(of_losses([loads_toml(text)], Options()), "own")
    assert "true-class-apart" in rules(part)
    (table,) = blocks(Table, part)
    cells = " ".join(cell for row in table.rows for cell in row)
    assert "NaN" in cells or re.search(r"\b0\b", cells)
