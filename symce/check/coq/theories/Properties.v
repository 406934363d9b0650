(** Properties of softmax and cross-entropy for any number of classes, with the edges of the domains: probabilities that
    are 0, a single class. The theorem chapters have them step by step, where no probability is 0. *)
From Coq Require Import Reals Arith Lia Lra.
From Coquelicot Require Import Coquelicot.
From Symce Require Import Sums Functions Side Calculus Inequalities RulesTheorems.
From Symce Require Import Chain Layers RulesLayers.
Local Open Scope R_scope.

Definition cross_entropy (K : nat) (y z : nat -> R) : R := - \sum_(k < K) (y k * ln (softmax K z k)).

(** * The gradient *)

Theorem cross_entropy_gradient K y z j : (j < K)%nat -> \sum_(k < K) y k = 1 ->
  is_derive (fun t => cross_entropy K y (upd z j t)) (z j) (softmax K z j - y j).
Proof.
  intros Hj Hy. change (rsum K y = 1) in Hy. unfold cross_entropy. certify_derivative.
  erewrite dual_Derive by (dual; side). cbv beta.
  rewrite (rsum_ext K _ (fun k => y k * delta j k - softmax K z j * y k)).
  - rewrite rsum_minus, rsum_scal_l, (rsum_delta' K j y Hj), Hy. ring.
  - intros k Hk. field. now apply softmax_neq0.
Qed.
Theorem gradient_sums_to_zero K y z : (0 < K)%nat -> \sum_(k < K) y k = 1 ->
  \sum_(j < K) Derive (fun t => cross_entropy K y (upd z j t)) (z j) = 0.
Proof.
  intros HK Hy. rewrite (rsum_ext K _ (fun j => softmax K z j - y j)).
  - rewrite rsum_minus. change (rsum K (fun k => softmax K z k) - (\sum_(k < K) y k) = 0).
    rewrite softmax_sum1, Hy by exact HK. ring.
  - intros j Hj. now apply is_derive_unique, cross_entropy_gradient.
Qed.
(** For a one-hot target, and for any other distribution, the gradient is at most sqrt 2 long. *)
Theorem gradient_norm K y z : (0 < K)%nat -> (forall k, (k < K)%nat -> 0 <= y k <= 1) -> \sum_(k < K) y k = 1 ->
  sqrt (\sum_(j < K) Derive (fun t => cross_entropy K y (upd z j t)) (z j) ^ 2) <= sqrt 2.
Proof.
  intros HK B Hy. apply sqrt_le_1_alt.
  apply (Rle_trans _ (\sum_(k < K) (softmax K z k + y k))).
  - apply rsum_le. intros k Hk. erewrite is_derive_unique by (now apply cross_entropy_gradient).
    pose proof (softmax_pos K z k Hk). pose proof (softmax_le1 K z k Hk). pose proof (B k Hk). nra.
  - rewrite rsum_plus. change (rsum K (fun k => softmax K z k) + (\sum_(k < K) y k) <= 2).
    rewrite softmax_sum1, Hy by exact HK. lra.
Qed.

(** * A batch *)

(** Cross-entropy is one of the losses that the theorems on a batch speak of, with p - y for the gradient of a row. *)
Theorem cross_entropy_has_gradient K y z : (0 < K)%nat -> \sum_(k < K) y k = 1 ->
  has_gradient K (cross_entropy K y) z (fun j => softmax K z j - y j).
Proof.
  intros HK Hy. refine (gradient_of_partials _ _ _ _ _ _ _); [unfold cross_entropy; prove_gradient|].
  intros. now apply cross_entropy_gradient.
Qed.
Theorem batch_of_cross_entropy K N D (W X Y : nat -> nat -> R) (b : nat -> R) k d :
  (k < K)%nat -> (d < D)%nat -> (forall i, (i < N)%nat -> \sum_(l < K) Y i l = 1) ->
  let z W i l := b l + \sum_(e < D) (W l e * X i e) in
  is_derive (fun t => / INR N * \sum_(i < N) cross_entropy K (Y i) (z (upd2 W k d t) i)) (W k d)
    (/ INR N * \sum_(i < N) ((softmax K (z W i) k - Y i k) * X i d)).
Proof.
  intros Hk Hd HY z.
  assert (E : forall l i, (l < K)%nat -> is_derive (fun t => z (upd2 W k d t) i l) (W k d) (delta l k * X i d)).
  { intros l i Hl. unfold z. certify_derivative. erewrite dual_Derive by dual. cbv beta.
    rewrite (rsum_ext D _ (fun e => delta l k * X i e * delta e d)) by (intros; ring).
    exact (rsum_delta D d (fun e => delta l k * X i e) Hd). }
  refine (eq_ind _ (is_derive _ _) (batch_curve K N (/ INR N) (fun i => cross_entropy K (Y i)) (z W)
    (fun i j => softmax K (z W i) j - Y i j) (fun t => z (upd2 W k d t)) (W k d) _ _ _) _ _).
  - intros i Hi. apply cross_entropy_has_gradient; [lia|]. now apply HY.
  - now rewrite upd2_same.
  - intros i l _ Hl. eexists. now apply E.
  - f_equal. apply rsum_ext. intros i _.
    rewrite (rsum_ext K _ (fun l => (softmax K (z W i) l - Y i l) * X i d * delta l k)).
    + exact (rsum_delta K k (fun l => (softmax K (z W i) l - Y i l) * X i d) Hk).
    + intros l Hl. cbv beta. rewrite (is_derive_unique (fun t : R => z (upd2 W k d t) i l) _ _ (E l i Hl)). ring.
Qed.

(** * The Hessian *)

Definition hessian K y z j l : R :=
  Derive (fun t => Derive (fun s => cross_entropy K y (upd (upd z l t) j s)) (upd z l t j)) (z l).

Theorem hessian_of_cross_entropy K y z j l : (j < K)%nat -> (l < K)%nat -> \sum_(k < K) y k = 1 ->
  hessian K y z j l = softmax K z j * (delta l j - softmax K z l).
Proof.
  intros Hj Hl Hy. unfold hessian.
  rewrite (Derive_ext _ (fun t => softmax K (upd z l t) j - y j)).
  - erewrite dual_Derive by (dual; side). ring.
  - intros t. now apply is_derive_unique, cross_entropy_gradient.
Qed.
(** It is positive semidefinite: its quadratic form is a variance. *)
Theorem hessian_positive_semidefinite K y z v : (0 < K)%nat -> \sum_(k < K) y k = 1 ->
  0 <= \sum_(j < K) \sum_(l < K) (v j * hessian K y z j l * v l).
Proof.
  intros HK Hy. set (m := \sum_(l < K) (softmax K z l * v l)).
  replace (\sum_(j < K) \sum_(l < K) (v j * hessian K y z j l * v l))
    with (\sum_(j < K) (softmax K z j * (v j - m) ^ 2)).
  { apply rsum_nonneg. intros j Hj. apply Rmult_le_pos; [now apply softmax_nonneg|apply pow2_ge_0]. }
  transitivity (\sum_(j < K) (softmax K z j * v j ^ 2) - m ^ 2).
  - rewrite (rsum_ext K _ (fun j => softmax K z j * v j ^ 2 - 2 * m * (softmax K z j * v j) + m ^ 2 * softmax K z j)).
    + rewrite rsum_plus, rsum_minus, !rsum_scal_l. change (rsum K (softmax K z)) with (\sum_(j < K) softmax K z j).
      rewrite softmax_sum1 by exact HK. fold m. ring.
    + intros; ring.
  - rewrite (rsum_ext K (fun j => \sum_(l < K) _) (fun j => softmax K z j * v j ^ 2 - m * (softmax K z j * v j))).
    + rewrite rsum_minus, rsum_scal_l. fold m. ring.
    + intros j Hj.
      rewrite (rsum_ext K _
        (fun l => (softmax K z j * v j * v l) * delta l j - softmax K z j * v j * (softmax K z l * v l))).
      * rewrite rsum_minus, rsum_scal_l. fold m. rewrite (rsum_delta K j (fun l => softmax K z j * v j * v l) Hj). ring.
      * intros l Hl. rewrite hessian_of_cross_entropy by assumption. ring.
Qed.

(** * Entropy and divergence *)

Theorem entropy_nonnegative K p : (forall k, (k < K)%nat -> 0 <= p k <= 1) -> 0 <= - (\sum_(k < K) p k * ln (p k)).
Proof. intros B. apply Rge_le. rule_log_of_probability. Qed.
Theorem entropy_at_most_log K p : (0 < K)%nat -> (forall k, (k < K)%nat -> 0 <= p k <= 1) -> \sum_(k < K) p k = 1 ->
  - (\sum_(k < K) p k * ln (p k)) <= ln (INR K).
Proof.
  intros HK B S. pose proof (INR_pos K HK) as P. change (rsum K p = 1) in S. rewrite <- rsum_opp.
  apply (Rle_trans _ (\sum_(k < K) (ln (INR K) * p k + (/ INR K - p k)))).
  - apply rsum_le. intros k Hk. destruct (proj1 (B k Hk)) as [H|<-].
    + pose proof (ln_tangent (/ (p k * INR K)) ltac:(apply Rinv_0_lt_compat; nra)) as T.
      rewrite ln_Rinv, ln_mult in T by nra. apply (Rmult_le_compat_l (p k)) in T; [|lra].
      replace (p k * (/ (p k * INR K) - 1)) with (/ INR K - p k) in T by (field; lra). lra.
    + pose proof (Rinv_0_lt_compat _ P). lra.
  - rewrite rsum_plus, rsum_scal_l, rsum_minus, rsum_const.
    change (ln (INR K) * rsum K p + (INR K * / INR K - rsum K p) <= ln (INR K)).
    rewrite S, Rinv_r by lra. lra.
Qed.
(** Gibbs' inequality. *)
Theorem divergence_nonnegative K p q :
  (forall k, (k < K)%nat -> 0 <= p k) -> (forall k, (k < K)%nat -> 0 < q k) ->
  \sum_(k < K) p k = 1 -> \sum_(k < K) q k = 1 -> 0 <= \sum_(k < K) (p k * ln (p k / q k)).
Proof.
  intros B C S T. change (rsum K p = 1) in S. change (rsum K q = 1) in T.
  replace 0 with (\sum_(k < K) (p k - q k)) by (rewrite rsum_minus; change (rsum K p - rsum K q = 0); lra).
  apply rsum_le. intros k Hk. specialize (C k Hk). destruct (B k Hk) as [H|<-]; [|lra].
  pose proof (ln_tangent (/ (p k / q k)) ltac:(apply Rinv_0_lt_compat, Rdiv_lt_0_compat; assumption)) as L.
  rewrite ln_Rinv in L by (apply Rdiv_lt_0_compat; assumption). apply (Rmult_le_compat_l (p k)) in L; [|lra].
  replace (p k * (/ (p k / q k) - 1)) with (q k - p k) in L by (field; lra). lra.
Qed.

(** * Two classes *)

Theorem softmax_of_two_classes z : softmax 2 z 0 = sigmoid (z 0%nat - z 1%nat).
Proof.
  pose proof (softmax_sum1 2 z ltac:(lia)) as S. rewrite rsum_two, softmax_two in S.
  replace (z 1%nat - z 0%nat) with (- (z 0%nat - z 1%nat)) in S by ring. rewrite sigmoid_opp in S. lra.
Qed.
