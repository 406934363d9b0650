"""What a handout says of how its theorems are checked is so: the certificate that it names has that theorem."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from symce.check.coq.certificate import Certificate, Missing
from symce.derivation.derive import derive
from symce.documents.blocks import Statement
from symce.handout import checks
from symce.handout.checks import Checks
from symce.handout.losses import of_losses
from symce.handout.options import Options
from symce.losses import catalogue
from symce.theorems import chapters


def named(sentence: str) -> str:
    found = re.search(r"by Coq, `(\w+)`\.$", sentence)
    assert found, sentence
    return found[1]


def test_every_statement_of_a_loss_names_a_theorem_of_a_certificate(checkout: Path) -> None:
    handout = of_losses([catalogue()["focal"]], Options())
    sentences = [b.checks for section in handout.sections for b in section.blocks if isinstance(b, Statement)]
    assert len(sentences) > 10
    proofs = checkout / "generated" / "proofs"
    text = (proofs / "focal.v").read_text() + (proofs / "theorems" / "softmax.v").read_text()
    for sentence in sentences:
        assert re.search(rf"^(Lemma|Theorem|Corollary) {named(sentence)}\b", text, re.MULTILINE), sentence
    assert named(sentences[0]) == "focal_gradient_partial_p"


@pytest.mark.parametrize("chapter", sorted(chapters()))
def test_theorems_of_no_loss_are_found_in_their_chapter(chapter: str, checkout: Path) -> None:
    text = (checkout / "generated" / "proofs" / "theorems" / f"{chapter}.v").read_text()
    known = Checks(lambda name: derive(catalogue()[name]))
    for proof in chapters()[chapter]:
        assert re.search(rf"^(Lemma|Theorem|Corollary) {named(known.of('', proof.name))}\b", text, re.MULTILINE)


def test_a_step_that_coq_cannot_prove_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = [Missing("gradient", 2, "derivative-of-abs"), Missing("gradient", 4, "derivative-of-abs")]
    monkeypatch.setattr(checks, "certificate", lambda data: Certificate("", missing))
    known = Checks(lambda name: derive(catalogue()[name]))
    assert known.of("z_loss", "gradient") == "Checked: each step by numbers; Coq has no tactic for step 2, 4."
    assert named(known.of("z_loss", "corollary")) == "z_loss_corollary"
