"""Certificates as text: what is printed, what is supposed, what is left out, that proofs smuggle nothing in."""

import json
import re
from copy import deepcopy
from pathlib import Path

import pytest

from symce.check.coq.certificate import certificate
from symce.check.coq.tactics import tactics
from symce.check.rules import known_rules

THEORIES = Path(__file__).resolve().parents[3] / "symce" / "check" / "coq" / "theories"

LINEAR = """\
(** * the derivative of a linear function *)

From Symce Require Import Rules Steps.
Local Open Scope R_scope.

(** ** the derivative of a linear function *)

Theorem proof_linear (K : nat) (y z : nat -> R) (j : nat) :
  (0 < K)%nat -> (j < K)%nat -> is_derive (fun t => \\sum_(k < K) y k * upd z j t k) (z j) (y j).
Proof.
  certify_derivative.
  (* The function is written in the logits themselves. *)
  step 1 (Derive (fun t => \\sum_(k < K) y k * upd z j t k) (z j)) by rule_chain_rule.
  (* A name stands for its definition. *)
  step 2 (Derive (fun t => \\sum_(k < K) y k * upd z j t k) (z j)) by rule_definition.
  (* Constant factors come out. *)
  step 3 (\\sum_(k < K) y k * Derive (fun t => upd z j t k) (z j)) by rule_linearity.
  (* The entries of a vector are independent variables. *)
  step 4 (\\sum_(k < K) y k * delta j k) by rule_independent_entries.
  (* The delta is 0 for every term but one. *)
  result 5 by rule_delta_contraction.
Qed.
"""


@pytest.fixture(scope="session")
def linear(checkout):
    """The proof that docs/proof-format.md shows."""
    text = (checkout / "docs" / "proof-format.md").read_text(encoding="utf-8")
    return json.loads(re.search(r"```json\n(.*?)```", text, re.DOTALL)[1])


@pytest.fixture(scope="session")
def catalogue_files(checkout):
    """The files of proofs of the catalogue and the chapters, by name."""
    paths = sorted((checkout / "generated" / "proofs").glob("**/*.json"))
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in paths}


def theorems(text):
    """The statements of a certificate, by name."""
    return dict(re.findall(r"^(?:Lemma|Theorem|Corollary) (\w+)(.*?)\.\nProof\.", text, re.DOTALL | re.MULTILINE))


def test_the_proof_of_the_documentation(linear):
    made = certificate(linear)
    assert made.text == LINEAR
    assert not made.missing


def test_the_same_proofs_are_the_same_text_and_no_line_is_too_long(catalogue_files):
    for name, data in catalogue_files.items():
        text = certificate(data).text
        assert text == certificate(json.loads(json.dumps(data))).text
        long = [line for line in text.splitlines() if len(line) > 120]
        assert not long, (name, long[:3])


def test_every_proof_of_the_catalogue_has_its_theorem(catalogue_files):
    for name, data in catalogue_files.items():
        made = certificate(data)
        assert not made.missing, name
        said = theorems(made.text)
        assert {f"{name}_{p['name']}".replace("-", "_") for p in data["proofs"]} <= said.keys()
        assert not re.search(r"\b(Admitted|admit|Axiom|Parameter|Abort|Hypothesis|Variable)\b", made.text)


# --- hypotheses


def test_two_classes_at_least_where_a_difference_vanishes_for_one(catalogue_files):
    """1 - p in a power (focal), K - 1 in a denominator (smoothing over the others)."""
    at_least_two = {name for name, data in catalogue_files.items() if "(2 <= K)%nat" in certificate(data).text}
    assert at_least_two == {"focal", "label_smoothing", "smoothing"}


def test_the_domain_of_a_letter_is_supposed_where_it_matters(catalogue_files):
    said = theorems(certificate(catalogue_files["kl_softmax_target"]).text)["kl_softmax_target_gradient"]
    assert "(forall k, (k < K)%nat -> 0 < y k <= 1)" in said  # y stands in a denominator
    said = theorems(certificate(catalogue_files["kl_target_softmax"]).text)["kl_target_softmax_gradient"]
    assert "(forall k, (k < K)%nat -> 0 <= y k <= 1)" in said  # 0 log 0
    said = theorems(certificate(catalogue_files["cross_entropy"]).text)
    assert "<= y" not in said["cross_entropy_gradient"]  # any numbers
    assert "\\sum_(k < K) y k = 1" in said["cross_entropy_corollary"]
    assert "\\sum_(k < K) y k = 1" not in said["cross_entropy_gradient"]
    said = theorems(certificate(catalogue_files["temperature_cross_entropy"]).text)
    assert "0 < T ->" in said["temperature_cross_entropy_gradient"]


def test_the_loss_of_a_sample_is_any_differentiable_function(catalogue_files):
    said = theorems(certificate(catalogue_files["brier"]).text)["brier_batch_weights"]
    assert "has_gradient K (L i) (brier_z_2 D W X b i) (G i)" in " ".join(said.split())


def test_a_name_that_says_something_is_a_lemma(catalogue_files):
    text = certificate(catalogue_files["cross_entropy"]).text
    assert "named_by cross_entropy_corollary" in text
    assert "Derive (fun u => - (\\sum_(k < K) y k * ln (softmax K (upd (upd z l t) j u) k)))" in text


# --- what is left out


def test_a_step_whose_rule_has_no_tactic_is_said_and_there_is_no_theorem(linear):
    data = deepcopy(linear)
    data["steps"][2]["rule"] = "derivative-of-where"
    made = certificate(data)
    assert [(m.proof, m.step, m.rule) for m in made.missing] == [("linear", 3, "derivative-of-where")]
    assert made.text.startswith("(* not certified: linear, step 3, derivative-of-where *)\n")
    assert theorems(made.text).keys() == {f"proof_linear_step_{n}" for n in (1, 2, 4, 5)}


def test_what_cites_an_uncertified_proof_is_not_certified_either(catalogue_files):
    data = deepcopy(catalogue_files["cross_entropy"])
    data["proofs"][0]["steps"][1]["rule"] = "guessed"
    made = certificate(data)
    proofs = {m.proof for m in made.missing}
    assert {"gradient-partial-p", "gradient", "corollary", "weights"} <= proofs
    assert ("gradient", 2) in {(m.proof, m.step) for m in made.missing}
    # the names of the Hessian rest on the corollary
    assert ("hessian", 0) in {(m.proof, m.step) for m in made.missing}
    assert "cross_entropy_batch_weights" in theorems(made.text)


def test_no_step_on_a_derivative_of_a_function_with_a_kink(linear):
    """Coq's Derive of |z| at 0 is some number: no rule holds there."""
    data = deepcopy(linear)
    kink = ["partial", ["abs", ["entry", "z", "j"]], ["entry", "z", "j"]]
    data["statement"], data["result"] = kink, ["sign", ["entry", "z", "j"]]
    data["steps"] = [{"rule": "linearity", "why": "", "expr": ["sign", ["entry", "z", "j"]]}]
    made = certificate(data)
    assert [(m.step, m.rule) for m in made.missing] == [(1, "linearity")]
    assert "Lemma" not in made.text


# --- names and comments


def test_letters_that_mean_something_in_coq_get_another_name(linear):
    text = json.dumps(linear).replace('"y"', '"fun"').replace('"z"', '"Derive"')
    made = certificate(json.loads(text))
    assert "(Derive_ fun_ : nat -> R)" in made.text
    assert "upd Derive_ j t" in made.text


def test_a_bound_index_is_never_called_like_a_letter(linear):
    text = json.dumps(linear).replace('"y"', '"k"')
    said = theorems(certificate(json.loads(text)).text)["proof_linear"]
    assert "\\sum_(l < K) k l * upd z j t l" in " ".join(said.split())


def test_a_proof_cannot_write_outside_its_comments(linear):
    data = deepcopy(linear)
    attack = '*) Axiom easy : False. (* "'
    data["title"] = data["steps"][0]["why"] = attack
    text = certificate(data).text
    depth = 0
    outside = ""
    for piece in re.split(r"(\(\*|\*\))", text):
        depth += {"(*": 1, "*)": -1}.get(piece, 0)
        outside += piece if not depth else ""
    assert depth == 0
    assert "Axiom" not in outside
    assert '"' not in text


@pytest.mark.parametrize("name", ["a. Axiom easy : False", "1", "", "x y"])
def test_a_proof_cannot_write_in_its_name(linear, name):
    text = certificate({**linear, "name": name}).text
    assert re.search(r"^Theorem [A-Za-z]\w* \(K", text, re.MULTILINE)
    assert "False." not in text


# --- tactics


def test_every_tactic_is_in_the_library_and_every_rule_with_one_is_known():
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(THEORIES.glob("*.v")))
    there = set(re.findall(r'^(?:Ltac|Tactic Notation) "?(rule_\w+)', text, re.MULTILINE))
    for rule, tactic in tactics().items():
        assert rule in known_rules() or rule.startswith("by-"), rule
        assert tactic.split()[0] in there, f"{rule} is said to be proven by {tactic}, which is not in the library"


def test_no_tactic_of_a_rule_runs_before_its_step():
    """Ltac runs an argument that is a name for ``match goal ...`` at once, before the step has split the goal."""
    for path in sorted(THEORIES.glob("*.v")):
        text = path.read_text(encoding="utf-8")
        for name, body in re.findall(r"^Ltac (rule_\w+)[^.:]*:=\s*(\w+)", text, re.MULTILINE):
            assert body not in {"match", "lazymatch", "multimatch", "let", "if"}, f"{path.name}: {name}"
