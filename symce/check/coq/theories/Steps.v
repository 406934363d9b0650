(** What a certificate is written in: the lines of a proof, one tactic a line.

    The goal is a relation between the statement and the result. [step n e by tac] goes on from the statement to the line
    [e], which [tac] proves equal to it; [step_le] and [step_ge] go on to a line that it is at most or at least.
    [result n by tac] is the last line. A tactic has a time limit, and the error of one that fails names the step. *)
From Coq Require Import Reals Lra Lia.
From Symce Require Import Rules.
Local Open Scope R_scope.

Lemma eq_le_trans (a b c : R) : a = b -> b <= c -> a <= c.
Proof. intros ->. auto. Qed.
Lemma eq_ge_trans (a b c : R) : a = b -> b >= c -> a >= c.
Proof. intros ->. auto. Qed.
Lemma le_trans (a b c : R) : a <= b -> b <= c -> a <= c.
Proof. apply Rle_trans. Qed.
Lemma ge_trans (a b c : R) : a >= b -> b >= c -> a >= c.
Proof. apply Rge_trans. Qed.
Lemma eq_le (a b : R) : a = b -> a <= b.
Proof. intros ->. apply Rle_refl. Qed.
Lemma eq_ge (a b : R) : a = b -> a >= b.
Proof. intros ->. apply Rge_refl. Qed.

(** ** The steps *)

Ltac by_equality e :=
  lazymatch goal with
  | |- @eq R _ _ => transitivity e
  | |- Rle _ _ => apply (eq_le_trans _ e)
  | |- Rge _ _ => apply (eq_ge_trans _ e)
  end.
Ltac equality :=
  lazymatch goal with
  | |- @eq R _ _ => idtac
  | |- Rle _ _ => apply eq_le
  | |- Rge _ _ => apply eq_ge
  end.

Tactic Notation "step" integer(n) constr(e) "by" tactic3(tac) :=
  by_equality e; [ first [ timeout 15 (solve [ tac ]) | fail 1 "step" n "is not proven" ] | ].
Tactic Notation "step_le" integer(n) constr(e) "by" tactic3(tac) :=
  apply (le_trans _ e); [ first [ timeout 15 (solve [ tac ]) | fail 1 "step" n "is not proven" ] | ].
Tactic Notation "step_ge" integer(n) constr(e) "by" tactic3(tac) :=
  apply (ge_trans _ e); [ first [ timeout 15 (solve [ tac ]) | fail 1 "step" n "is not proven" ] | ].
Tactic Notation "result" integer(n) "by" tactic3(tac) :=
  equality; first [ timeout 15 (solve [ tac ]) | fail 1 "step" n "is not proven" ].
Tactic Notation "result_le" integer(n) "by" tactic3(tac) :=
  first [ timeout 15 (solve [ tac ]) | fail 1 "step" n "is not proven" ].
Tactic Notation "result_ge" integer(n) "by" tactic3(tac) :=
  first [ timeout 15 (solve [ tac ]) | fail 1 "step" n "is not proven" ].

(** ** Around them *)

(** A statement that is no derivative has nothing to prepare. *)
Ltac certify := intros.

(** What some function's slope is called is how it is defined. *)
Ltac rule_slope := reflexivity.

(** An expression is called the derivative that a theorem says it is, or that it is up to algebra. *)
Lemma named_up_to (f : R -> R) (x a b : R) : is_derive f x a -> a = b -> is_derive f x b.
Proof. intros H <-. exact H. Qed.
Ltac by_theorem H := eapply H; first [ eassumption | lia | side ].
Tactic Notation "named_by" constr(H) :=
  intros;
  first [ timeout 15 (solve [ by_theorem H ])
        | timeout 15 (solve [ eapply named_up_to; [ by_theorem H | same_here ] ])
        | fail 1 "what is named a derivative is none" ].

(** The derivative of a derivative: of what a lemma says that it is. *)
Tactic Notation "second_derivative" constr(inner) constr(outer) :=
  intros;
  first [ timeout 15 (solve [ eapply is_derive_ext; [ | by_theorem outer ];
                              intros; symmetry; apply is_derive_unique; by_theorem inner ])
        | timeout 15 (solve [ eapply is_derive_ext; [ intros; symmetry; apply is_derive_unique; by_theorem inner |
                              by_theorem outer ] ])
        | fail 1 "the second derivative is not proven" ].
