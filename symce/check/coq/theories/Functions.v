(** Softmax, the sigmoid, softplus and the logarithm of a sum of exponentials: their signs and simple identities. *)
From Coq Require Import Reals Arith Lia Lra.
From Symce Require Import Sums.
Local Open Scope R_scope.

Definition softmax (K : nat) (z : nat -> R) (k : nat) : R := exp (z k) / \sum_(i < K) exp (z i).
Definition lse (K : nat) (z : nat -> R) : R := ln (\sum_(i < K) exp (z i)).
Definition sigmoid (x : R) : R := / (1 + exp (- x)).
Definition softplus (x : R) : R := ln (1 + exp x).

(** * Softmax *)

Lemma exp_neq0 x : exp x <> 0.
Proof. apply Rgt_not_eq, exp_pos. Qed.
Lemma Z_pos K z : (0 < K)%nat -> 0 < \sum_(i < K) exp (z i).
Proof. intros. apply rsum_pos; auto. intros. apply exp_pos. Qed.
Lemma Z_neq0 K z : (0 < K)%nat -> \sum_(i < K) exp (z i) <> 0.
Proof. intros. apply Rgt_not_eq, Z_pos, H. Qed.
Lemma softmax_pos K z k : (k < K)%nat -> 0 < softmax K z k.
Proof. intros. apply Rdiv_lt_0_compat; [apply exp_pos|]. apply Z_pos. lia. Qed.
Lemma softmax_nonneg K z k : (k < K)%nat -> 0 <= softmax K z k.
Proof. intros. left. now apply softmax_pos. Qed.
Lemma softmax_neq0 K z k : (k < K)%nat -> softmax K z k <> 0.
Proof. intros. apply Rgt_not_eq, softmax_pos, H. Qed.
Lemma softmax_sum1 K z : (0 < K)%nat -> \sum_(k < K) softmax K z k = 1.
Proof.
  intros H. unfold softmax. rewrite rsum_div. field. apply Rgt_not_eq, Z_pos, H.
Qed.
Lemma softmax_le1 K z k : (k < K)%nat -> softmax K z k <= 1.
Proof.
  intros H. rewrite <- (softmax_sum1 K z) by lia. rewrite (rsum_split K k _ H).
  assert (0 <= \sum_(i < K) ((1 - delta i k) * softmax K z i)); [|lra].
  apply rsum_nonneg. intros i Hi. pose proof (delta_le1 i k). pose proof (softmax_pos K z i Hi).
  apply Rmult_le_pos; lra.
Qed.
(** For two classes and more no probability is one. *)
Lemma softmax_lt1 K z k : (2 <= K)%nat -> (k < K)%nat -> softmax K z k < 1.
Proof.
  intros H2 H. destruct (softmax_le1 K z k H) as [|E]; [assumption|exfalso].
  assert (exists i, (i < K)%nat /\ i <> k) as (i & Hi & Hik).
  { destruct (Nat.eq_dec k 0); [exists 1%nat|exists 0%nat]; lia. }
  pose proof (softmax_sum1 K z ltac:(lia)) as S. rewrite (rsum_split K k _ H), E in S.
  assert (Z : (1 - delta i k) * softmax K z i = 0).
  { apply (rsum_zero_terms K (fun i => (1 - delta i k) * softmax K z i)); [|lra|exact Hi].
    intros m Hm. pose proof (delta_le1 m k). pose proof (softmax_pos K z m Hm). apply Rmult_le_pos; lra. }
  rewrite delta_diff in Z by exact Hik. pose proof (softmax_pos K z i Hi). lra.
Qed.
Lemma ln_softmax K z k : (0 < K)%nat -> ln (softmax K z k) = z k - ln (\sum_(i < K) exp (z i)).
Proof.
  intros. unfold softmax, Rdiv. rewrite ln_mult, ln_Rinv, ln_exp; auto using exp_pos, Z_pos, Rinv_0_lt_compat.
Qed.
Lemma ln_softmax_nonpos K z k : (k < K)%nat -> ln (softmax K z k) <= 0.
Proof.
  intros H. pose proof (softmax_pos K z k H) as P. destruct (softmax_le1 K z k H) as [L| ->]; [|rewrite ln_1; lra].
  rewrite <- ln_1. left. now apply ln_increasing.
Qed.
Lemma softmax_exp K z k : (0 < K)%nat -> softmax K z k = exp (z k - ln (\sum_(i < K) exp (z i))).
Proof.
  intros H. unfold Rminus. rewrite exp_plus, exp_Ropp, exp_ln by (now apply Z_pos). reflexivity.
Qed.
(** Softmax looks at the classes alone. *)
Lemma softmax_ext K x y k : (k < K)%nat -> (forall i, (i < K)%nat -> x i = y i) -> softmax K x k = softmax K y k.
Proof.
  intros Hk H. unfold softmax. rewrite (H k Hk). f_equal. apply rsum_ext. intros i Hi. now rewrite (H i Hi).
Qed.

(** * The sigmoid and softplus *)

Lemma one_plus_exp_pos x : 0 < 1 + exp x.
Proof. pose proof (exp_pos x). lra. Qed.
Lemma sigmoid_pos x : 0 < sigmoid x.
Proof. apply Rinv_0_lt_compat, one_plus_exp_pos. Qed.
Lemma sigmoid_neq0 x : sigmoid x <> 0.
Proof. apply Rgt_not_eq, sigmoid_pos. Qed.
Lemma sigmoid_lt1 x : sigmoid x < 1.
Proof.
  unfold sigmoid. rewrite <- Rinv_1 at 2. apply Rinv_lt_contravar; pose proof (exp_pos (- x)); lra.
Qed.
Lemma sigmoid_opp x : sigmoid (- x) = 1 - sigmoid x.
Proof.
  unfold sigmoid. rewrite Ropp_involutive, exp_Ropp. pose proof (exp_pos x). field. lra.
Qed.
Lemma sigmoid_exp x : sigmoid x = exp x / (1 + exp x).
Proof. unfold sigmoid. rewrite exp_Ropp. pose proof (exp_pos x). field. lra. Qed.
Lemma ln_sigmoid x : ln (sigmoid x) = - softplus (- x).
Proof. unfold sigmoid, softplus. apply ln_Rinv, one_plus_exp_pos. Qed.
Lemma softplus_pos x : 0 < softplus x.
Proof. unfold softplus. rewrite <- ln_1. apply ln_increasing; pose proof (exp_pos x); lra. Qed.
Lemma softmax_two z : softmax 2 z 1 = sigmoid (z 1%nat - z 0%nat).
Proof.
  unfold softmax, sigmoid. rewrite rsum_two. replace (- (z 1%nat - z 0%nat)) with (z 0%nat - z 1%nat) by ring.
  unfold Rminus. rewrite exp_plus, exp_Ropp. pose proof (exp_pos (z 0%nat)). pose proof (exp_pos (z 1%nat)).
  field. lra.
Qed.

(** * The hyperbolic tangent *)

Lemma tanh_lt1 x : tanh x < 1.
Proof.
  unfold tanh, sinh, cosh. pose proof (exp_pos x). pose proof (exp_pos (- x)).
  apply (Rmult_lt_reg_r ((exp x + exp (- x)) / 2)); [lra|].
  unfold Rdiv at 1. rewrite Rmult_assoc, Rinv_l; lra.
Qed.
Lemma tanh_opp x : tanh (- x) = - tanh x.
Proof.
  unfold tanh, sinh, cosh. rewrite Ropp_involutive. pose proof (exp_pos x). pose proof (exp_pos (- x)). field. lra.
Qed.
Lemma tanh_gt_m1 x : -1 < tanh x.
Proof. pose proof (tanh_lt1 (- x)). rewrite tanh_opp in H. lra. Qed.
Lemma one_minus_tanh2_pos x : 0 < 1 - tanh x ^ 2.
Proof.
  pose proof (tanh_lt1 x). pose proof (tanh_gt_m1 x).
  replace (1 - tanh x ^ 2) with ((1 - tanh x) * (1 + tanh x)) by ring. apply Rmult_lt_0_compat; lra.
Qed.

(** * Powers *)

Lemma Rpower_pos x a : 0 < Rpower x a.
Proof. apply exp_pos. Qed.
Lemma Rpower_neq0 x a : Rpower x a <> 0.
Proof. apply exp_neq0. Qed.
Lemma Rpower_pred x a : 0 < x -> Rpower x (a - 1) = Rpower x a * / x.
Proof. intros H. unfold Rminus. now rewrite Rpower_plus, Rpower_Ropp, Rpower_1 by exact H. Qed.
Lemma INR_pos K : (0 < K)%nat -> 0 < INR K.
Proof. intros. now apply lt_0_INR. Qed.
Lemma INR_gt1 K : (2 <= K)%nat -> 1 < INR K.
Proof. intros. apply (lt_INR 1). lia. Qed.

(** * One value or another *)

Definition where_lt (x y a b : R) : R := if Rlt_dec x y then a else b.
Definition where_le (x y a b : R) : R := if Rle_dec x y then a else b.
Definition where_eq (x y a b : R) : R := if Req_EM_T x y then a else b.
