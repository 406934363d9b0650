"""The library's calculus: true steps are proven, false ones refused soon; its lemmas rest on the real numbers alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from check.coq.calculus_steps import CASES

from symce.check.coq import audit

#: seconds after which a false step has to be refused; a step of a certificate has three times as many
SOON = 5

#: a sum over the classes, as the steps have it
SUM = re.compile(r"SUM (\w),")

HEAD = """From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Symce Require Import Rules Steps.
Local Open Scope R_scope.
Definition scaled (T : R) (z : nat -> R) : nat -> R := fun k => T * tanh (z k * / T).
Lemma log_slope (K : nat) (y z : nat -> R) (j : nat) : (0 < K)%nat -> (j < K)%nat ->
  is_derive (fun t => - (\\sum_(l < K) y l * ln (upd (softmax K z) j t l))) (softmax K z j) (- y j * / softmax K z j).
Proof.
  certify_derivative. evaluate_both. rule_delta_contraction.
Qed.
Lemma one_slope (K : nat) (z : nat -> R) (c j : nat) : (c < K)%nat -> (j < K)%nat ->
  is_derive (fun t => - upd z j t c) (z j) (- delta c j).
Proof. certify_derivative. rule_independent_entries. Qed.
Lemma total (K : nat) (z : nat -> R) : (0 < K)%nat -> \\sum_(k < K) softmax K z k = 1.
Proof. apply softmax_sum1. Qed.
"""
HYPOTHESES = """
forall (K : nat) (s v y z : nat -> R) (g r T : R) (c j k l : nat),
(2 <= K)%nat -> (c < K)%nat -> (j < K)%nat -> (k < K)%nat -> (l < K)%nat -> 0 < T -> 0 < r ->
(forall k, (k < K)%nat -> 0 <= y k <= 1) -> (forall k, (k < K)%nat -> 0 < s k) ->
"""
#: functions and whether they have a derivative, by what is known of the letters
EXISTENCE = {
    "ln (upd s j t k) * Rpower (upd s j t k) g": True,
    "/ upd s j t j": True,
    "ln (y k * upd s j t k)": True,
    "Rabs (upd s j t k)": True,
    "softmax K (scaled T (upd s j t)) k": True,
    "ln (upd s j t k - r)": False,
    "/ (upd s j t k - r)": False,
    "Rabs (upd s j t k - r)": False,
    "Rpower (upd s j t k - r) g": False,
    "ln (v k * upd s j t k)": False,
    "v (Z.to_nat (up (upd s j t k)))": False,
}


def _goals() -> dict[str, str]:
    """Every step by a name, with the tactic that has to decide."""
    goals = {}
    for rule, cases in CASES.items():
        for number, (left, right, wrong) in enumerate(cases, 1):
            for which, other in enumerate((right, *wrong)):
                name = f"{rule} {number} " + (f"wrong {which}" if which else "right")
                tactic = _decide(name, f"intros; rule_{rule}")
                positive = "0 < z k -> " if "ln (upd z j t k)" in left else ""
                claim = SUM.sub(r"\\sum_(\1 < K)", f"{left} = {other}")
                goals[name] = f"Goal {HYPOTHESES}{positive}{claim}.\nProof. {tactic} Abort.\n"
    for function, exists in EXISTENCE.items():
        name = f"{function} {'right' if exists else 'wrong'}"
        tactic = _decide(name, "intros; differentiate")
        goals[name] = f"Goal {HYPOTHESES}ex_derive (fun t => {function}) (s j).\nProof. {tactic} Abort.\n"
    return goals


def _decide(name: str, tactic: str) -> str:
    return f'tryif (timeout {SOON} (solve [{tactic}])) then idtac "{name}:proven" else idtac "{name}:refused".'


GOALS = _goals()
#: what the rules rest on
LEMMAS = [
    *("dual_softmax_upd", "dual_sum", "dual_ln_scal", "dual_Rpower", "dual_of_Derive_pos", "is_derive_log_softmax"),
    *("chain_rule_through", "chain_rule_direct", "chain_rule_one_direct", "gradient_of_follows", "chain_eq_direct"),
    *("certified", "softmax_lt1", "softmax_sum1", "rsum_contract"),
]


@pytest.fixture(scope="module")
def decided(coq: Callable[[str], str]) -> dict[str, str]:
    """What became of every step."""
    said = coq(HEAD + "".join(GOALS.values()))
    return dict(re.findall(r"^(.+):(proven|refused)$", said, flags=re.MULTILINE))


@pytest.mark.parametrize("name", GOALS)
def test_step(decided: dict[str, str], name: str) -> None:
    assert decided[name] == ("proven" if name.endswith("right") else "refused")


def test_every_rule_of_the_calculus_is_tried(checkout: Path) -> None:
    folder = checkout / "symce" / "check" / "coq" / "theories"
    text = "".join((folder / f"{name}.v").read_text(encoding="utf-8") for name in ("RulesCalculus", "RulesChain"))
    assert set(re.findall(r"Ltac rule_(\w+)", text)) - {"derivative"} == {r for r in CASES if not r.startswith("by ")}


def test_a_certificate_says_that_the_derivative_exists(coq: Callable[[str], str]) -> None:
    said = coq(
        HEAD
        + f"Goal {HYPOTHESES}is_derive (fun t => ln (upd s j t k)) (s j) (delta j k * / s k).\n"
        + "Proof. certify_derivative. rule_derivative_of_log. Qed.\n"
        # by convention a derivative that does not exist has a value too, so the equation alone says less
        + f"Goal {HYPOTHESES}is_derive (fun t => ln (upd v j t k)) (v j) (Derive (fun t => ln (upd v j t k)) (v j)).\n"
        + 'Proof. tryif certify_derivative then idtac "proven" else idtac "refused". Abort.\n'
    )
    assert said.split() == ["refused"]


@pytest.mark.parametrize("lemma", LEMMAS)
def test_a_lemma_rests_on_the_axioms_of_the_real_numbers(axioms: dict[str, list[str]], lemma: str) -> None:
    assert set(axioms[lemma]) <= set(audit.ALLOWED)


@pytest.fixture(scope="module")
def axioms(coq: Callable[[str], str]) -> dict[str, list[str]]:
    """What each lemma rests on."""
    asked = "".join(f'Goal True. idtac "LEMMA {n}". Abort.\nPrint Assumptions {n}.\n' for n in LEMMAS)
    _, *answers = coq(HEAD + asked).split("LEMMA ")
    return {name: audit.axioms(text) for name, _, text in (a.partition("\n") for a in answers)}
