"""No certificate claims what it does not prove: by its words, and by the axioms that Coq says it rests on."""

from __future__ import annotations

import pytest
from check.coq.conftest import GOOD, HEAD, SMALL, theorem

from symce.check.coq import audit, library
from symce.check.coq.certificate import Certificate
from symce.check.coq.checking import bench
from symce.check.coq.library import ENTRANCES, sources
from symce.check.coq.places import Places

FINE = HEAD + theorem("one", *GOOD)


def test_a_certificate_is_definitions_and_theorems():
    text = FINE + "\nDefinition a (z : nat) : nat :=\n  z. (* Axiom *)\n" + theorem("two", *GOOD)
    assert audit.unsound(text) == []
    assert audit.theorems(text) == ["one", "two"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (FINE + "Axiom a : 1 = 2.\n", "Axiom"),
        (FINE + "Parameter a : 1 = 2.\n", "Parameter"),
        (FINE + "Variable a : 1 = 2.\n", "Variable"),
        (FINE + "(* all is well *) Conjecture\n  a : 1 = 2.\n", "Conjecture"),
        (FINE + "Hypothesis a : 1 = 2.\n", "Hypothesis"),
        (HEAD + "Lemma a : 1 = 2. Proof. Admitted.\n", "Admitted"),
        (HEAD + "Lemma a : 1 = 2. Proof. admit. Qed.\n", "admit"),
        (HEAD + "Lemma a : 1 = 2. Proof. give_up. Qed.\n", "give_up"),
        (HEAD + "Lemma a : 1 = 2. Proof. Abort.\n", "Abort"),
        (HEAD + "Lemma a : 1 = 2. Proof.\n", "without an end"),
        (HEAD + "Lemma a : 1 = 2. Proof. vm_cast_no_check I. Qed.\n", "no_check"),
        (FINE + "Unset Guard Checking.\n", "Unset"),
        (FINE + "Set Universe Polymorphism.\n", "neither definition nor theorem"),
        (FINE + "#[bypass_check(guard)] Definition a := 1.\n", "bypass_check"),
        (FINE + 'Notation "1 = 2" := True.\n', "neither definition nor theorem"),
        (FINE + "Ltac step := idtac.\n", "neither definition nor theorem"),
        (FINE + "From Coq Require Import Reals.\n", "neither definition nor theorem"),
        (FINE + "Require Import Mine.\n", "neither definition nor theorem"),
        (FINE + 'Redirect "file" Print nat.\n', "Redirect"),
        (FINE + "Goal 1 = 2.\n", "neither definition nor theorem"),
        (HEAD + "Lemma a : 1 = 1. Proof. Notation b := 1. reflexivity. Qed.\n", "is no tactic"),
        (FINE + 'Declare ML Module "mine".\n', "ML"),
        (FINE + "Qed.\n", "out of place"),
    ],
)
def test_other_words_are_refused(text, said):
    assert any(said in found.message for found in audit.unsound(text))


def test_what_stands_in_comments_and_strings_is_not_read():
    text = '(* Axiom (* nested *) Admitted "*)" Parameter *)\nCheck "Axiom (* ".\nLemma a : 1.\n'
    assert list(audit.forbidden(text)) == []
    assert audit.theorems(text) == ["a"]
    assert audit.bare(text).count("\n") == text.count("\n")
    assert list(audit.sentences(text)) == [(2, "Check"), (3, "Lemma a : 1")]


def test_a_refused_certificate_is_not_run(small, installed):
    def run(*_):
        raise AssertionError("it was run")

    with bench(installed, 1) as place:
        place.runner.run = run
        verdict = place.judge(Certificate(FINE + "Axiom a : 1 = 2.\n", ()), Places(FINE, {}))
    assert "Axiom" in verdict.failures[0].message


def test_an_axiom_that_slips_in_is_seen(judge, monkeypatch):
    monkeypatch.setattr(audit, "FORBIDDEN", frozenset())
    monkeypatch.setattr(library, "sources", lambda: {**SMALL, "Rules": SMALL["Rules"] + "Axiom magic : 1 = 2.\n"})
    verdict = judge(theorem("one", *GOOD) + theorem("two", "result 1 by (exact magic).", claim="1 = 2"))
    assert verdict.failures[0].message == "a theorem rests on magic, which is no axiom of the real numbers"
    assert not verdict.ok


def test_coqs_answer_is_understood():
    answer = """Axioms:
ClassicalDedekindReals.sig_not_dec : forall P : Prop, {~ ~ P} + {~ P}
ClassicalDedekindReals.sig_forall_dec
  : forall P : nat -> Prop,
    (forall n : nat, {P n} + {~ P n}) ->
    {n : nat | ~ P n} + {forall n : nat, P n}
"""
    assert audit.axioms(answer) == ["ClassicalDedekindReals.sig_not_dec", "ClassicalDedekindReals.sig_forall_dec"]
    assert audit.axioms("Closed under the global context\n") == []
    assert audit.axioms("") == ["(Coq did not say)"]
    assert audit.axioms("Theory: Set is impredicative\n") == ["Theory"]
    assert audit.axioms("loop is assumed to be guarded.\n") == ["loop is assumed to be guarded."]


# --- symce's own library and certificates ----------------------------------------------------------------------------


def test_the_library_holds_nothing_without_a_proof():
    texts = sources()
    assert set(texts) > set(ENTRANCES)
    assert {n: found for n, text in texts.items() if (found := list(audit.forbidden(text, library=True)))} == {}


def test_every_generated_certificate_is_definitions_and_theorems(checkout):
    files = sorted((checkout / "generated" / "proofs").glob("**/*.v"))
    assert len(files) > 30
    assert {f.name: found for f in files if (found := audit.unsound(f.read_text(encoding="utf-8")))} == {}


@pytest.mark.long
def test_a_theorem_rests_on_the_axioms_of_the_real_numbers(prove, document):
    verdict = prove(document("cross_entropy", "gradient-partial-p", "gradient", "corollary"))
    assert verdict.failures == ()
    assert len(verdict.theorems) >= 3
    assert set(verdict.axioms) <= set(audit.ALLOWED)
    assert "ClassicalDedekindReals.sig_forall_dec" in verdict.axioms
