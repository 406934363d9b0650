(** Side conditions: indices in their range, and what is positive, not negative, at most one, or not zero.
    [side] follows the shape of the goal and looks at each part once, so it ends on every goal. *)
From Coq Require Import Reals Arith Lia Lra.
From Symce Require Import Sums Functions.
Local Open Scope R_scope.

(** An index lies in its range: by hypothesis, by one on all samples, or by counting. *)
Ltac side_index :=
  lazymatch goal with
  | |- (_ < _)%nat =>
      first
        [ assumption
        | match goal with H : forall i, (i < _)%nat -> (_ < _)%nat |- _ => apply H; side_index end
        | lia ]
  | |- (_ <= _)%nat => first [assumption | lia]
  | |- _ => first [assumption | lia]
  end.

(** A hypothesis on all entries of a vector or matrix, or a part of one. *)
Ltac by_hypothesis :=
  first
    [ assumption
    | match goal with
      | H : forall i : nat, _ |- _ => apply H; side_index
      | H : _ /\ _ |- _ => apply H
      end ].

Lemma upd_pos z j t k : 0 < t -> 0 < z k -> 0 < upd z j t k.
Proof. unfold upd. now destruct (Nat.eqb k j). Qed.
Lemma minus_pos a b : a < b -> 0 < b - a. Proof. lra. Qed.
Lemma minus_pos_l a b : a < b -> 0 < - a + b. Proof. lra. Qed.
Lemma minus_pos_r a b : a < b -> 0 < b + - a. Proof. lra. Qed.
Lemma minus_nonneg a b : a <= b -> 0 <= b - a. Proof. lra. Qed.
Lemma minus_nonneg_l a b : a <= b -> 0 <= - a + b. Proof. lra. Qed.
Lemma minus_nonneg_r a b : a <= b -> 0 <= b + - a. Proof. lra. Qed.
Lemma pos_nonneg a : 0 < a -> 0 <= a. Proof. lra. Qed.
Lemma pos_neq0 a : 0 < a -> a <> 0. Proof. lra. Qed.
Lemma gt_neq0 a b : a < b -> b - a <> 0. Proof. lra. Qed.
Lemma gt_neq0_l a b : a < b -> - a + b <> 0. Proof. lra. Qed.
Lemma gt_neq0_r a b : a < b -> b + - a <> 0. Proof. lra. Qed.
Lemma mult_le1 a b : 0 <= a <= 1 -> 0 <= b <= 1 -> a * b <= 1. Proof. nra. Qed.
Lemma neq0_mult a b : a <> 0 -> b <> 0 -> a * b <> 0. Proof. intros. now apply Rmult_integral_contrapositive. Qed.
Lemma neq0_div a b : a <> 0 -> b <> 0 -> a / b <> 0.
Proof. intros. apply neq0_mult; [|apply Rinv_neq_0_compat]; assumption. Qed.
Lemma div_nonneg a b : 0 <= a -> 0 < b -> 0 <= a / b.
Proof. intros. apply Rmult_le_pos; [|left; apply Rinv_0_lt_compat]; assumption. Qed.
Lemma inv_nonneg a : 0 < a -> 0 <= / a.
Proof. intros. left. now apply Rinv_0_lt_compat. Qed.
Lemma pow_neg_base_even x : 0 <= x ^ 2. Proof. apply pow2_ge_0. Qed.
Lemma div_pos a b : 0 < a -> 0 < b -> 0 < a / b.
Proof. apply Rdiv_lt_0_compat. Qed.

(** [a < b] and [a <= b] for what is known to be below one. *)
Ltac side_lt :=
  first
    [ by_hypothesis
    | lazymatch goal with
      | |- softmax _ _ _ < 1 => apply softmax_lt1; side_index
      | |- sigmoid _ < 1 => apply sigmoid_lt1
      | |- 1 < INR _ => apply INR_gt1; side_index
      | |- tanh ?x ^ 2 < 1 => pose proof (one_minus_tanh2_pos x); lra
      | |- tanh _ < 1 => apply tanh_lt1
      end
    | lra ].

Ltac side_pos :=
  first
    [ by_hypothesis
    | lazymatch goal with
      | |- 0 < ?a * ?b => apply Rmult_lt_0_compat; [side_pos | side_pos]
      | |- 0 < ?a / ?b => apply div_pos; [side_pos | side_pos]
      | |- 0 < / _ => apply Rinv_0_lt_compat; side_pos
      | |- 0 < _ ^ _ => apply pow_lt; side_pos
      | |- 0 < upd _ _ _ _ => apply upd_pos; side_pos
      | |- 0 < softmax _ _ _ => apply softmax_pos; side_index
      | |- 0 < sigmoid _ => apply sigmoid_pos
      | |- 0 < softplus _ => apply softplus_pos
      | |- 0 < exp _ => apply exp_pos
      | |- 0 < Rpower _ _ => apply Rpower_pos
      | |- 0 < INR _ => apply INR_pos; side_index
      | |- 0 < rsum _ (fun i => exp _) => apply Z_pos; side_index
      | |- 0 < rsum _ _ => apply rsum_pos; [side_index | intros; side_pos]
      | |- 0 < rprod _ _ => apply rprod_pos; intros; side_pos
      | |- 0 < _ - _ => apply minus_pos; side_lt
      | |- 0 < - _ + 1 => apply minus_pos_l; side_lt
      | |- 0 < 1 + - _ => apply minus_pos_r; side_lt
      | |- 0 < -1 + _ => apply (minus_pos_l 1); side_lt
      | |- 0 < ?a + ?b =>
          first [ apply Rplus_lt_0_compat; [side_pos | side_pos]
                | apply Rplus_lt_le_0_compat; [side_pos | side_nonneg]
                | apply Rplus_le_lt_0_compat; [side_nonneg | side_pos] ]
      | |- _ < _ => side_lt
      end
    | lra ]
with side_nonneg :=
  first
    [ by_hypothesis
    | lazymatch goal with
      | |- 0 <= ?a * ?a => apply Rle_0_sqr
      | |- 0 <= ?a * ?b => apply Rmult_le_pos; [side_nonneg | side_nonneg]
      | |- 0 <= ?a / ?b => apply div_nonneg; [side_nonneg | side_pos]
      | |- 0 <= / _ => apply inv_nonneg; side_pos
      | |- 0 <= _ ^ 2 => apply pow2_ge_0
      | |- 0 <= _ ^ _ => apply pow_le; side_nonneg
      | |- 0 <= Rabs _ => apply Rabs_pos
      | |- 0 <= delta _ _ => apply delta_nonneg
      | |- 0 <= INR _ => apply pos_INR
      | |- 0 <= rsum _ _ => apply rsum_nonneg; intros; side_nonneg
      | |- 0 <= softmax _ _ _ => apply softmax_nonneg; side_index
      | |- 0 <= - _ + 1 => apply minus_nonneg_l; side_le
      | |- 0 <= 1 + - _ => apply minus_nonneg_r; side_le
      | |- 0 <= 1 - _ => apply minus_nonneg; side_le
      | |- 0 <= ?a + ?b => apply Rplus_le_le_0_compat; [side_nonneg | side_nonneg]
      | |- 0 <= _ => apply pos_nonneg; side_pos
      end
    | lra ]
with side_le :=
  first
    [ by_hypothesis
    | lazymatch goal with
      | |- softmax _ _ _ <= 1 => apply softmax_le1; side_index
      | |- delta _ _ <= 1 => apply delta_le1
      | |- sigmoid _ <= 1 => left; apply sigmoid_lt1
      | |- _ * _ <= 1 => apply mult_le1; (split; [side_nonneg | side_le])
      | |- _ <= _ => left; side_lt
      end
    | lra ].

(** Not zero: no factor is, and what is positive is not. *)
Ltac side_neq :=
  first
    [ assumption
    | lazymatch goal with
      | |- ?a * ?b <> 0 => apply neq0_mult; [side_neq | side_neq]
      | |- ?a / ?b <> 0 => apply neq0_div; [side_neq | side_neq]
      | |- / _ <> 0 => apply Rinv_neq_0_compat; side_neq
      | |- - _ <> 0 => apply Ropp_neq_0_compat; side_neq
      | |- _ ^ _ <> 0 => apply pow_nonzero; side_neq
      | |- -1 + _ <> 0 => apply (gt_neq0_l 1); side_lt
      | |- _ + -1 <> 0 => apply (gt_neq0_r 1); side_lt
      | |- _ - 1 <> 0 => first [apply gt_neq0; side_lt | lra]
      | |- _ <> 0 => apply pos_neq0; side_pos
      end
    | lra ].

(** Any side condition. *)
Ltac side :=
  intros;
  lazymatch goal with
  | |- True => exact I
  | |- _ /\ _ => split; side
  | |- ?a <> 0 => side_neq
  | |- 0 <> ?a => apply not_eq_sym; side_neq
  | |- 0 < _ => side_pos
  | |- 0 <= _ => side_nonneg
  | |- _ > 0 => apply Rlt_gt; side_pos
  | |- _ >= 0 => apply Rle_ge; side_nonneg
  | |- _ < _ => first [side_lt | lra]
  | |- _ <= _ => first [side_le | lra]
  | |- (_ < _)%nat => side_index
  | |- (_ <= _)%nat => side_index
  | |- _ => first [assumption | by_hypothesis | lia]
  end.

(** A theorem by its conclusion. Its hypotheses that are ours fix the variables that the conclusion does not name; that
    a size is positive holds of all sizes, and fixes none. *)
Ltac by_theorem lemma :=
  simple eapply lemma;
  try lazymatch goal with
      | |- (0 < _)%nat => fail
      | |- (2 <= _)%nat => fail
      | |- _ => eassumption
      end;
  side.
