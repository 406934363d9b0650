"""The rules of theorem chapters, linear layer and batch: true steps are proven, false ones refused soon."""

import re
from importlib.resources import files

INDICES = "(0 < K)%nat -> (c < K)%nat -> (j < K)%nat ->"
PROBABILITIES = "(0 < K)%nat -> (forall k, (k < K)%nat -> 0 <= y k <= 1) -> (forall k, (k < K)%nat -> 0 < q k) ->"
SAMPLES = "(forall i, (i < N)%nat -> (c i < K)%nat) -> (forall i k, (i < N)%nat -> (k < K)%nat -> 0 < P i k) ->"
SUM = "\\sum_(k < K) w k * ((- delta j k + 1) * z k + delta j k)"
DEFINITIONS = """
Definition logits (D : nat) (W : nat -> nat -> R) (b x : nat -> R) : nat -> R :=
  fun k => b k + (\\sum_(d < D) W k d * x d).
Definition rows (D : nat) (W X : nat -> nat -> R) (b : nat -> R) : nat -> nat -> R :=
  fun i k => b k + (\\sum_(d < D) W k d * X i d).
"""
LAYER = "(K D : nat) (W : nat -> nat -> R) (b x y : nat -> R) (k d : nat), (k < K)%nat -> (d < D)%nat ->"
LOSS = "- (\\sum_(m < K) y m * ln (softmax K ({}) m))"
SLOPES = f"Derive (fun t => {LOSS.format('upd (logits D W b x) l t')}) (logits D W b x l)"
BATCH = """(K N D k d : nat) (L : nat -> (nat -> R) -> R) (M lambda : R) (G W X : nat -> nat -> R) (b : nat -> R),
  (k < K)%nat -> (d < D)%nat -> 0 < M ->
  (forall i, (i < N)%nat -> has_gradient K (L i) (rows D W X b i) (G i)) ->"""
MEAN = "/ M * (\\sum_(i < N) L i (rows D {} i))"
ROWS = "Derive (fun t => b l + (\\sum_(e < D) upd2 W k d t l e * X i e)) (W k d)"
PENALTY = "1 / 2 * (\\sum_(l < K) \\sum_(e < D) upd2 W k d t l e ^ 2) * lambda"

#: rule, what is about and supposed, a true step, and false ones
STEPS = [
    (
        "rule_not_negative",
        f"(K c j : nat) (z : nat -> R), {INDICES}",
        "(- delta c j + 1) * (- softmax K z c + 1 + softmax K z j) >= 0",
        ["(- delta c j + 1) * (- softmax K z c + softmax K z j) >= 0", "(delta c j - 1) * softmax K z j >= 0"],
    ),
    (
        "rule_not_negative",
        f"(K : nat) (y q z : nat -> R), {PROBABILITIES}",
        "- 2 * (\\sum_(k < K) y k * softmax K z k) + (\\sum_(k < K) q k) <= (\\sum_(k < K) q k)",
        [
            "2 * (\\sum_(k < K) y k * softmax K z k) + (\\sum_(k < K) q k) <= (\\sum_(k < K) q k)",
            "- 2 * (\\sum_(k < K) y k * z k) + (\\sum_(k < K) q k) <= (\\sum_(k < K) q k)",
        ],
    ),
    (
        "rule_not_negative",
        "(K : nat) (v z : nat -> R), (0 < K)%nat ->",
        "\\sum_(k < K) (v k - (\\sum_(l < K) v l * softmax K z l)) ^ 2 * softmax K z k >= 0",
        ["\\sum_(k < K) (v k - (\\sum_(l < K) v l * softmax K z l)) ^ 3 * softmax K z k >= 0"],
    ),
    (
        "rule_probability_at_most_one",
        f"(K c j : nat) (z : nat -> R), {INDICES}",
        "softmax K z c - 1 <= 0",
        ["softmax K z c - 1 / 2 <= 0", "z c - 1 <= 0", "softmax K z c - 1 >= 0"],
    ),
    ("rule_and_more", "(B t : R), 0 < B -> 0 <= t <= 1 ->", "ln B + t >= ln B", ["ln B - t >= ln B", "t >= ln B"]),
    (
        "rule_square_of_probability",
        f"(K : nat) (y q z : nat -> R), {PROBABILITIES}",
        "(\\sum_(k < K) y k ^ 2) + (\\sum_(k < K) softmax K z k ^ 2) "
        "<= (\\sum_(k < K) y k) + (\\sum_(k < K) softmax K z k)",
        ["(\\sum_(k < K) y k) <= (\\sum_(k < K) y k ^ 2)", "(\\sum_(k < K) q k ^ 2) <= (\\sum_(k < K) q k)"],
    ),
    (
        "rule_log_of_probability",
        f"(K : nat) (y q : nat -> R), {PROBABILITIES}",
        "- (\\sum_(k < K) y k * ln (y k)) >= 0",
        ["\\sum_(k < K) y k * ln (y k) >= 0", "- (\\sum_(k < K) q k * ln (q k)) >= 0"],
    ),
    (
        "rule_another_class",
        f"(K c j : nat) (z : nat -> R), {INDICES}",
        "(- delta c j + 1) * softmax K z j <= (- delta c j + 1) * (- softmax K z c + 1)",
        [
            "softmax K z j <= - softmax K z c + 1",
            "(- delta c j + 1) * softmax K z j <= (- delta c j + 1) * softmax K z c",
        ],
    ),
    (
        "rule_log_below_tangent",
        f"(K : nat) (y q : nat -> R), {PROBABILITIES}",
        "- (\\sum_(k < K) y k * ln (q k * / y k)) >= - (\\sum_(k < K) (q k * / y k - 1) * y k)",
        [
            "- (\\sum_(k < K) y k * ln (q k * / y k)) <= - (\\sum_(k < K) (q k * / y k - 1) * y k)",
            "- (\\sum_(k < K) y k * ln (q k * / y k)) >= - (\\sum_(k < K) (q k * / y k - 2) * y k)",
            "- (\\sum_(k < K) ln (y k)) >= - (\\sum_(k < K) (y k - 1))",
        ],
    ),
    (
        "rule_bound_by side (softmax_le1 K z c)",
        f"(K c j : nat) (z : nat -> R), {INDICES}",
        "softmax K z c <= 1",
        ["softmax K z c <= 0", "softmax K z c >= 1"],
    ),
    (
        "rule_in_cases",
        f"(K c j : nat) (z : nat -> R), {INDICES}",
        "\\sum_(k < K) z k * ((delta j k - softmax K z j) * softmax K z k) = \\sum_(k < K) z k * "
        "(- (- delta j k + 1) * softmax K z j * softmax K z k + (- softmax K z k + 1) * delta j k * softmax K z k)",
        [
            "(delta j c - softmax K z j) * softmax K z c = "
            "- (- delta j c + 1) * softmax K z j * softmax K z c + (- softmax K z c + 1) * delta j c",
            "delta j c * softmax K z c = delta j c * softmax K z c + (1 - delta j c) * softmax K z j",
        ],
    ),
    (
        "rule_split_off",
        f"(K c j : nat) (w z : nat -> R), {INDICES}",
        f"{SUM} = w j * 1 + (\\sum_(k < K) (- delta j k + 1) * (w k * z k))",
        [
            f"{SUM} = w c * 1 + (\\sum_(k < K) (- delta j k + 1) * (w k * z k))",
            f"{SUM} = w j * 1 + (\\sum_(k < K) w k * z k)",
        ],
    ),
    (
        "rule_distance_to_one_hot",
        f"(K c j : nat) (z : nat -> R), {INDICES}",
        "\\sum_(k < K) Rabs (delta c k - softmax K z k) = "
        "\\sum_(k < K) ((- delta c k + 1) * softmax K z k + (- softmax K z c + 1) * delta c k)",
        [
            "Rabs (delta c j - softmax K z j) = (- delta c j + 1) * softmax K z j + (- softmax K z c - 1) * delta c j",
            "Rabs (delta c j - z j) = (- delta c j + 1) * z j + (- z c + 1) * delta c j",
        ],
    ),
    (
        "rule_expectation",
        "(K : nat) (y q : nat -> R),",
        "- (\\sum_(k < K) y k * ln (q k)) = - (\\sum_(k < K) y k * ln (q k))",
        ["- (\\sum_(k < K) y k * ln (q k)) = - (\\sum_(k < K) q k * ln (y k))"],
    ),
    (
        "rule_one_hot_power",
        f"(N K : nat) (c : nat -> nat) (P : nat -> nat -> R), {SAMPLES}",
        "rprod N (fun i => rprod K (fun k => Rpower (P i k) (delta (c i) k))) = rprod N (fun i => P i (c i))",
        [
            "rprod N (fun i => rprod K (fun k => Rpower (P i k) (delta (c i) k))) = rprod N (fun i => P i (c 0%nat))",
            "rprod N (fun i => rprod K (fun k => Rpower (P i k) (2 * delta (c i) k))) = rprod N (fun i => P i (c i))",
        ],
    ),
    (
        "rule_second_of_two",
        "(K : nat) (y z : nat -> R), K = 2%nat -> \\sum_(k < K) y k = 1 ->",
        "- y 0%nat * z 0%nat - y 1%nat * z 1%nat = - (- y 0%nat + 1) * z 1%nat - y 0%nat * z 0%nat",
        ["- y 0%nat - y 1%nat * z 1%nat = - (y 0%nat + 1) * z 1%nat - y 0%nat", "z 1%nat = 1 - z 0%nat"],
    ),
    (
        "rule_the_other_of_two",
        "(K : nat) (z : nat -> R), K = 2%nat ->",
        "ln (softmax K z 1) - ln (softmax K z 0) = ln (- softmax K z 0 + 1) - ln (softmax K z 0)",
        ["ln (softmax K z 1) = ln (softmax K z 0)", "softmax K z 1 = softmax K z 0 + 1"],
    ),
    (
        "rule_chain_rule_linear_layer",
        LAYER,
        f"Derive (fun t => {LOSS.format('logits D (upd2 W k d t) b x')}) (W k d) = "
        f"\\sum_(l < K) {SLOPES} * Derive (fun t => b l + (\\sum_(e < D) upd2 W k d t l e * x e)) (W k d)",
        [
            f"Derive (fun t => {LOSS.format('logits D (upd2 W k d t) b x')}) (W k d) = "
            f"\\sum_(l < K) {SLOPES} * Derive (fun t => b l + (\\sum_(e < D) upd2 W k e t l e * x e)) (W k d)",
            f"Derive (fun t => {LOSS.format('logits D (upd2 W k d t) b x')}) (W k d) = "
            f"\\sum_(l < K) {SLOPES} * Derive (fun t => (\\sum_(e < D) x e)) (W k d)",
            f"Derive (fun t => - {LOSS.format('logits D (upd2 W k d t) b x')}) (W k d) = "
            f"\\sum_(l < K) {SLOPES} * Derive (fun t => b l + (\\sum_(e < D) upd2 W k d t l e * x e)) (W k d)",
        ],
    ),
    (
        "rule_chain_rule_linear_layer",
        LAYER,
        f"Derive (fun t => {LOSS.format('logits D W b (upd x d t)')}) (x d) = "
        f"\\sum_(l < K) {SLOPES} * Derive (fun t => b l + (\\sum_(e < D) W l e * upd x d t e)) (x d)",
        [
            f"Derive (fun t => {LOSS.format('logits D W b (upd x d t)')}) (x d) = "
            f"\\sum_(l < K) {SLOPES} * Derive (fun t => upd b l t l + (\\sum_(e < D) W l e * x e)) (b l)"
        ],
    ),
    (
        "rule_chain_rule_batch",
        BATCH,
        f"Derive (fun t => {MEAN.format('(upd2 W k d t) X b')}) (W k d) = "
        f"/ M * (\\sum_(i < N) \\sum_(l < K) G i l * {ROWS})",
        [
            f"Derive (fun t => {MEAN.format('(upd2 W k d t) X b')}) (W k d) = "
            f"/ M * (\\sum_(i < N) \\sum_(l < K) G l i * {ROWS})",
            f"Derive (fun t => {MEAN.format('(upd2 W k d t) X b')}) (W k d) = "
            f"\\sum_(i < N) \\sum_(l < K) G i l * {ROWS}",
            f"Derive (fun t => {MEAN.format('(upd2 W k d t) X b')}) (W k d) = / M * (\\sum_(i < N) G i k * X i d)",
        ],
    ),
    (
        "rule_sum_rule",
        BATCH,
        f"Derive (fun t => {PENALTY} + {MEAN.format('(upd2 W k d t) X b')}) (W k d) = "
        f"Derive (fun t => {PENALTY}) (W k d) + Derive (fun t => {MEAN.format('(upd2 W k d t) X b')}) (W k d)",
        [
            f"Derive (fun t => {PENALTY} + {MEAN.format('(upd2 W k d t) X b')}) (W k d) = "
            f"Derive (fun t => {PENALTY}) (W k d) - Derive (fun t => {MEAN.format('(upd2 W k d t) X b')}) (W k d)",
            f"Derive (fun t => {PENALTY} + {MEAN.format('(upd2 W k d t) X b')}) (W k d) = "
            f"Derive (fun t => {PENALTY}) (W k d) + Derive (fun t => {MEAN.format('W X (upd b k t)')}) (b k)",
        ],
    ),
]


def goals():
    """Every goal: the rule, what the goal is about, the step, and whether it is true."""
    for rule, about, true, false in STEPS:
        yield rule, about, true, True
        for step in false:
            yield rule, about, step, False


def test_true_steps_are_proven_and_false_ones_are_refused(coq):
    """Each goal is told apart in the time that a step has."""
    lines = ["From Symce Require Import Rules.", "Local Open Scope R_scope.", DEFINITIONS]
    for number, (rule, about, step, _) in enumerate(goals()):
        answer = f'tryif solve [timeout 15 ({rule})] then idtac "PROVEN {number}" else idtac "REFUSED {number}"'
        lines += [f"Goal forall {about} {step}.", f"intros. {answer}. Abort."]
    said = {int(number): answer for answer, number in re.findall(r"(PROVEN|REFUSED) (\d+)", coq("\n".join(lines)))}
    expected = {number: "PROVEN" if true else "REFUSED" for number, (_, _, _, true) in enumerate(goals())}
    assert said == expected


def test_properties_rest_on_the_axioms_of_the_reals_alone(coq):
    """The properties that hold at the edges of the domains too, for any number of classes."""
    text = (files("symce.check.coq") / "theories" / "Properties.v").read_text(encoding="utf-8")
    names = re.findall(r"^Theorem (\w+)", text, re.MULTILINE)
    said = coq("\n".join([text, *(f"Print Assumptions {name}." for name in names)]))
    axioms = set(re.findall(r"^([\w.]+) :", said, re.MULTILINE))
    assert axioms <= {
        "ClassicalDedekindReals.sig_forall_dec",
        "ClassicalDedekindReals.sig_not_dec",
        "Classical_Prop.classic",
        "FunctionalExtensionality.functional_extensionality_dep",
    }
    assert said.count("Axioms:") == len(names) >= 8
