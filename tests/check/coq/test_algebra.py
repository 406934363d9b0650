"""The tactics of the rules of algebra and of sums: what is true is proven, what is false is refused, soon."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

#: seconds after which a false equation has to be refused; a step of a certificate has three times as many
SOON = 5

HYPOTHESES = """
forall (K N : nat) (h m s t v y z : nat -> R) (A B : nat -> nat -> R) (g q x T : R) (c : nat -> nat) (i j k : nat),
(2 <= K)%nat -> (0 < N)%nat -> (j < K)%nat -> (k < K)%nat -> (i < N)%nat -> 0 < T -> 0 < q -> q < 1 ->
(forall i, (i < N)%nat -> (c i < K)%nat) -> \\sum_(k < K) y k = 1 -> \\sum_(k < K) m k = 1 ->
(forall i k, (i < N)%nat -> (k < K)%nat -> 0 < A i k) ->
(forall k, (k < K)%nat -> 0 < s k) -> (forall k, (k < K)%nat -> 0 < m k) -> (forall k, (k < K)%nat -> 0 <= h k <= 1) ->
(forall k, (k < K)%nat -> t k = softmax K z k) ->
"""
P = "softmax K z"
H = f"(\\sum_(k < K) {P} k * ln ({P} k))"

#: rule: what it rewrites, to what, and what that is not equal to: with another sign, index or factor
CASES: Mapping[str, list[tuple[str, str, tuple[str, ...]]]] = {
    "delta_contraction": [
        (
            f"\\sum_(l < K) delta k l * y l * / {P} l",
            f"y k * / {P} k",
            (f"- y k * / {P} k", f"y j * / {P} k", f"2 * y k * / {P} k", f"\\sum_(l < K) y l * / {P} l"),
        ),
        (
            "\\sum_(l < K) v l * (\\sum_(n < N) delta i n * delta k l * A n l)",
            "v k * A i k",
            ("v k * A i j", "v j * A i k", "- v k * A i k", "v k * (\\sum_(n < N) A n k)"),
        ),
        (
            f"\\sum_(l < K) delta j l * delta l k * {P} l",
            f"delta j k * {P} j",
            (f"{P} j", f"delta j k * {P} j ^ 2", "delta j k", "0"),
        ),
        ("\\sum_(l < K) delta k l * ln (delta k l * / s l)", "ln (/ s k)", ("ln (s k)", "ln (/ s j)", "0")),
        ("\\sum_(n < N) \\sum_(l < K) delta (c n) l * B n l", "\\sum_(n < N) B n (c n)", ("\\sum_(n < N) B n (c i)",)),
    ],
    "delta_substitution": [("delta j k * y k", "delta j k * y j", ("delta j k * v j", "y j", "- delta j k * y j"))],
    "cancel": [
        (
            f"\\sum_(l < K) - y l * / {P} l * ((delta j l - {P} j) * {P} l)",
            f"- (\\sum_(l < K) (delta j l - {P} j) * y l)",
            (f"\\sum_(l < K) (delta j l - {P} j) * y l", f"- (\\sum_(l < K) (delta k l - {P} j) * y l)"),
        ),
        (
            f"(ln {P} * g - (1 - {P}) * / {P}) * Rpower (1 - {P}) (g - 1) * ((delta j k - {P}) * {P})".replace(
                P, f"({P} k)"
            ),
            f"- (delta j k - {P} k) * (1 - {P} k - ln ({P} k) * {P} k * g) * Rpower (1 - {P} k) (g - 1)",
            (
                f"(delta j k - {P} k) * (1 - {P} k - ln ({P} k) * {P} k * g) * Rpower (1 - {P} k) (g - 1)",
                f"- (delta j k - {P} k) * (1 - {P} k - ln ({P} k) * {P} k * g) * Rpower (1 - {P} k) g",
            ),
        ),
        ("T ^ 2 * x * / T", "x * T", ("x", "- x * T", "x * T ^ 2")),
    ],
    "expand": [
        ("(x - y k) * (x + y k)", "x ^ 2 - y k ^ 2", ("x ^ 2 + y k ^ 2", "x ^ 2 - y j ^ 2", "2 * x ^ 2 - y k ^ 2")),
        (
            "(\\sum_(k < K) s k) + (\\sum_(k < K) m k)"
            " - 2 * (\\sum_(k < K) Rpower (s k) (1 / 2) * Rpower (m k) (1 / 2))",
            "\\sum_(k < K) (Rpower (s k) (1 / 2) - Rpower (m k) (1 / 2)) ^ 2",
            ("\\sum_(k < K) (Rpower (s k) (1 / 2) + Rpower (m k) (1 / 2)) ^ 2", "\\sum_(k < K) (s k - m k) ^ 2"),
        ),
    ],
    "combine_powers": [
        ("Rpower q g * Rpower q (1 - g)", "q", ("1", "Rpower q g", "q ^ 2")),
        ("Rpower q (g - 1) * q", "Rpower q g", ("Rpower q (g + 1)", "Rpower q (g - 1)", "- Rpower q g", "Rpower q x")),
    ],
    "common_factor": [
        (
            f"2 * ({P} j - y j) * {P} j - 2 * {P} j * (\\sum_(k < K) ({P} k - y k) * {P} k)",
            f"2 * ({P} j - y j - (\\sum_(k < K) {P} k * ({P} k - y k))) * {P} j",
            (
                f"2 * ({P} j - y j + (\\sum_(k < K) {P} k * ({P} k - y k))) * {P} j",
                f"2 * ({P} j - y k - (\\sum_(k < K) {P} k * ({P} k - y k))) * {P} j",
                f"({P} j - y j - (\\sum_(k < K) {P} k * ({P} k - y k))) * {P} j",
            ),
        ),
        (
            "Rpower (1 - q) g * / q - g * Rpower (1 - q) (g - 1) * ln q",
            "((1 - q) * / q - g * ln q) * Rpower (1 - q) (g - 1)",
            ("((1 - q) * / q + g * ln q) * Rpower (1 - q) (g - 1)", "((1 - q) * / q - g * ln q) * Rpower (1 - q) g"),
        ),
    ],
    "collect": [("x * y k + 2 * (y k * x) - y k * x", "2 * x * y k", ("3 * x * y k", "- 2 * x * y k", "2 * x * y j"))],
    "absorb_the_sign": [("- (y j - x) * T", "(x - y j) * T", ("(y j - x) * T", "(x - y k) * T", "(x - y j) * T * 2"))],
    "lowest_terms": [
        (
            "(1 - y k) * / (1 - sigmoid (z k)) - y k * / sigmoid (z k)",
            "(y k - sigmoid (z k)) * / (sigmoid (z k) ^ 2 - sigmoid (z k))",
            (
                "(y k + sigmoid (z k)) * / (sigmoid (z k) ^ 2 - sigmoid (z k))",
                "(y k - sigmoid (z j)) * / (sigmoid (z k) ^ 2 - sigmoid (z k))",
            ),
        ),
        ("exp x * / (exp x + exp q)", "/ (exp (q - x) + 1)", ("/ (exp (x - q) + 1)", "/ (exp (q - x) - 1)")),
    ],
    "sum_linearity": [
        (
            "\\sum_(l < K) (y l * x - v l * (\\sum_(k < K) v k * y k) + T)",
            "x * (\\sum_(l < K) y l) - (\\sum_(k < K) y k * v k) * (\\sum_(l < K) v l) + INR K * T",
            (
                "x * (\\sum_(l < K) y l) - (\\sum_(k < K) y k * v k) * (\\sum_(l < K) v l) + T",
                "x * (\\sum_(l < K) y l) + (\\sum_(k < K) y k * v k) * (\\sum_(l < K) v l) + INR K * T",
                "x * (\\sum_(l < K) y l) - (\\sum_(k < K) y k * v k * v k) + INR K * T",
            ),
        ),
        ("\\sum_(k < K) exp (z k) * / (\\sum_(l < K) exp (z l))", "1", ("0", "INR K", "\\sum_(k < K) exp (z k)")),
    ],
    "distribute_in_sum": [
        (
            f"\\sum_(k < K) (delta j k * / {P} k - ln ({P} j) - 1) * v k * {P} k",
            f"\\sum_(k < K) (delta j k * v k - v k * ln ({P} j) * {P} k - v k * {P} k)",
            (
                f"\\sum_(k < K) (delta j k * v k - v k * ln ({P} k) * {P} k - v k * {P} k)",
                f"\\sum_(k < K) (delta j k * v k - v k * ln ({P} j) * {P} k + v k * {P} k)",
            ),
        )
    ],
    "split_the_difference": [
        (
            f"\\sum_(l < K) (delta j l - {P} j) * (y l * x)",
            f"x * (\\sum_(l < K) delta j l * y l) - {P} j * x * (\\sum_(l < K) y l)",
            (
                f"x * (\\sum_(l < K) delta j l * y l) + {P} j * x * (\\sum_(l < K) y l)",
                f"x * (\\sum_(l < K) delta k l * y l) - {P} j * x * (\\sum_(l < K) y l)",
                f"x * (\\sum_(l < K) delta j l * y l) - x * (\\sum_(l < K) {P} l * y l)",
            ),
        )
    ],
    "sum_of_a_constant": [
        ("((\\sum_(k < K) 1) - 1) * / (INR K - 1) * x", "x", ("- x", "INR K * x", "x * / (INR K - 1)")),
        ("\\sum_(k < K) x", "INR K * x", ("INR N * x", "x", "- INR K * x")),
    ],
    "target_sums_to_one": [
        (f"{P} j * (\\sum_(k < K) y k) - y j", f"{P} j - y j", (f"{P} k - y j", f"{P} j + y j", f"{P} j - 1")),
        ("x * (\\sum_(k < K) v k)", "x * (\\sum_(k < K) v k * (\\sum_(l < K) y l))", ("x",)),
    ],
    "true_sums_to_one": [("2 * (\\sum_(k < K) y k) - (\\sum_(k < K) y k)", "1", ("2", "-1", "\\sum_(k < K) v k"))],
    "model_sums_to_one": [("(\\sum_(k < K) m k) - x", "1 - x", ("x - 1", "1 + x", "1"))],
    "softmax_sums_to_one": [
        (f"x * (\\sum_(k < K) {P} k) - x * (\\sum_(k < K) v k)", "x - x * (\\sum_(k < K) v k)", ("0", "x", "1 - x"))
    ],
    "exponentials_sum_to_one": [
        (
            "\\sum_(k < K) exp (z k * / T - ln (\\sum_(l < K) exp (z l * / T)))",
            "1",
            ("0", "INR K", "T", "\\sum_(k < K) exp (z k * / T)"),
        )
    ],
    "one_hot": [("(softmax K z j - delta k j) * x", "x * (softmax K z j - delta j k)", ("x * softmax K z j",))],
    "effective_target": [("(1 - x) * delta j k + x * / INR K", "x * / INR K + delta j k * (1 - x)", ("x * / INR K",))],
    "name_entropy": [(f"y j + {H}", f"y j - (- {H})", (f"y j - {H}", f"y k - (- {H})", f"y j - 2 * (- {H})"))],
    "name_kl_divergence": [(f"- {H} * v k", f"v k * - {H}", (f"v k * {H}", f"v j * - {H}"))],
    "recognise_softmax": [
        ("exp (z j) * / (\\sum_(k < K) exp (z k))", f"{P} j", (f"{P} k", f"- {P} j", f"{P} j ^ 2", "softmax K y j"))
    ],
    "recognise_sigmoid": [
        (
            "delta j k * exp (- z k) * / (exp (- z k) + 1) ^ 2",
            "(1 - sigmoid (z k)) * delta j k * sigmoid (z k)",
            ("delta j k * sigmoid (z k)", "(sigmoid (z k) - 1) * delta j k * sigmoid (z k)"),
        ),
        ("/ (exp (x - q) + 1)", "sigmoid (q - x)", ("sigmoid (x - q)", "- sigmoid (q - x)", "sigmoid q")),
    ],
    "log_softmax": [
        (f"ln ({P} k)", "z k - ln (\\sum_(l < K) exp (z l))", ("z j - ln (\\sum_(l < K) exp (z l))", "z k"))
    ],
    "log_of_product": [
        (
            "ln (rprod N (fun i => rprod K (fun k => A i k)))",
            "\\sum_(i < N) \\sum_(k < K) ln (A i k)",
            ("\\sum_(i < N) ln (A i k)", "- (\\sum_(i < N) \\sum_(k < K) ln (A i k))"),
        )
    ],
    "log_of_quotient": [
        (
            "\\sum_(k < K) h k * ln (h k * / s k)",
            "\\sum_(k < K) (ln (h k) - ln (s k)) * h k",
            ("\\sum_(k < K) (ln (h k) + ln (s k)) * h k", "\\sum_(k < K) (ln (h k) - ln (s j)) * h k"),
        ),
        ("\\sum_(k < K) s k * ln (s k * / m k)", "- (\\sum_(k < K) s k * ln (m k * / s k))", ("0",)),
        ("ln (exp x * q)", "ln q + x", ("ln q - x", "ln q", "x")),
    ],
    "log_of_power": [
        ("ln (/ s k)", "- ln (s k)", ("ln (s k)", "- ln (s j)", "- 2 * ln (s k)")),
        ("\\sum_(k < K) ln (Rpower (s k) (y k))", "\\sum_(k < K) y k * ln (s k)", ("\\sum_(k < K) ln (s k)",)),
    ],
    "log_of_exp": [("- ln (exp (- q - x))", "q + x", ("q - x", "- q - x", "q"))],
    "zero_power": [
        ("(1 - x) ^ 0 * ln x", "1 * ln x", ("0", "(1 - x) * ln x")),
        ("Rpower q 0 * x", "x", ("0", "q * x")),
    ],
    "target_is_what_is_predicted": [
        (
            f"\\sum_(k < K) (delta j k - {P} j) * t k",
            f"\\sum_(k < K) (delta j k - {P} j) * {P} k",
            (f"\\sum_(k < K) (delta j k - {P} j) * y k", f"\\sum_(k < K) (delta j k - {P} j) * {P} j"),
        )
    ],
}
TWO = ("\\sum_(k < K) y k * ln (v k)", "y 0%nat * ln (v 0%nat) + ln (v 1%nat) * y 1%nat", ("y 0%nat * ln (v 0%nat)",))


def _goals() -> dict[str, str]:
    """Every equation by a name, with the tactic that has to decide."""
    goals = {}
    for rule, cases in (*CASES.items(), ("two_classes", [TWO])):
        for number, (left, right, wrong) in enumerate(cases, 1):
            for which, other in enumerate((right, *wrong)):
                name = f"{rule} {number} " + (f"wrong {which}" if which else "right")
                first = "K = 2%nat -> " if rule == "two_classes" else ""
                goals[name] = f"Goal {HYPOTHESES}{first}{left} = {other} \\/ True.\nProof. {_decide(name, rule)} Qed.\n"
    return goals


def _decide(name: str, rule: str) -> str:
    """Says whether the tactic proves the equation; what it made is read by the kernel, at Qed."""
    tried = f"timeout {SOON} (solve [intros; left; rule_{rule}])"
    return f'tryif ({tried}) then idtac "{name}:proven" else (idtac "{name}:refused"; intros; right; exact I).'


GOALS = _goals()


@pytest.fixture(scope="module")
def decided(coq: Callable[[str], str]) -> dict[str, str]:
    """What became of every equation."""
    head = "From Coq Require Import Reals.\nFrom Symce Require Import Rules Steps.\nLocal Open Scope R_scope.\n"
    said = coq(head + "".join(GOALS.values()))
    return dict(re.findall(r"^(.+):(proven|refused)$", said, flags=re.MULTILINE))


@pytest.mark.parametrize("name", GOALS)
def test_rule(decided: dict[str, str], name: str) -> None:
    assert decided[name] == ("proven" if name.endswith("right") else "refused")


def test_every_tactic_of_the_family_is_tried(checkout: Path) -> None:
    text = (checkout / "symce" / "check" / "coq" / "theories" / "RulesAlgebra.v").read_text(encoding="utf-8")
    assert set(re.findall(r"Ltac rule_(\w+)", text)) == {*CASES, "two_classes"}
