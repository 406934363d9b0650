(** Finite sums over the classes 0 .. K - 1, Kronecker's delta, and a vector or matrix with one entry changed. *)
From Coq Require Import Reals Arith Lia Lra FunctionalExtensionality.
Local Open Scope R_scope.

Fixpoint rsum (K : nat) (f : nat -> R) : R := match K with O => 0 | S m => rsum m f + f m end.
Fixpoint rprod (K : nat) (f : nat -> R) : R := match K with O => 1 | S m => rprod m f * f m end.

Notation "'\sum_' ( k < K ) e" := (rsum K (fun k => e))
  (at level 41, k name, K at level 69, e at level 41, right associativity,
   format "\sum_ ( k  <  K )  e") : R_scope.
Notation "'\prod_' ( k < K ) e" := (rprod K (fun k => e))
  (at level 41, k name, K at level 69, e at level 41, right associativity,
   format "\prod_ ( k  <  K )  e") : R_scope.

Definition delta (k j : nat) : R := if Nat.eqb k j then 1 else 0.
Definition upd (z : nat -> R) (j : nat) (t : R) : nat -> R := fun k => if Nat.eqb k j then t else z k.
Definition upd2 (W : nat -> nat -> R) (k d : nat) (t : R) : nat -> nat -> R :=
  fun i e => if Nat.eqb i k then (if Nat.eqb e d then t else W i e) else W i e.

(** * Sums of equal terms, of parts, of constants *)

Lemma rsum_ext K f g : (forall k, (k < K)%nat -> f k = g k) -> rsum K f = rsum K g.
Proof. induction K; intros H; simpl; [easy|]. rewrite IHK, H; auto. Qed.
Lemma rsum_plus K f g : \sum_(k < K) (f k + g k) = rsum K f + rsum K g.
Proof. induction K; simpl; [ring|]. rewrite IHK; ring. Qed.
Lemma rsum_minus K f g : \sum_(k < K) (f k - g k) = rsum K f - rsum K g.
Proof. induction K; simpl; [ring|]. rewrite IHK; ring. Qed.
Lemma rsum_opp K f : \sum_(k < K) (- f k) = - rsum K f.
Proof. induction K; simpl; [ring|]. rewrite IHK; ring. Qed.
Lemma rsum_scal_l K c f : \sum_(k < K) (c * f k) = c * rsum K f.
Proof. induction K; simpl; [ring|]. rewrite IHK; ring. Qed.
Lemma rsum_scal_r K c f : \sum_(k < K) (f k * c) = rsum K f * c.
Proof. induction K; simpl; [ring|]. rewrite IHK; ring. Qed.
Lemma rsum_div K c f : \sum_(k < K) (f k / c) = rsum K f / c.
Proof. unfold Rdiv. apply rsum_scal_r. Qed.
Lemma rsum_const K c : \sum_(k < K) c = INR K * c.
Proof. induction K; simpl rsum; [simpl; ring|]. rewrite IHK, S_INR; ring. Qed.
Lemma rsum_0 K f : (forall k, (k < K)%nat -> f k = 0) -> rsum K f = 0.
Proof. intros H. rewrite (rsum_ext K f (fun _ => 0)), rsum_const; auto; ring. Qed.
Lemma rsum_swap K L (f : nat -> nat -> R) :
  \sum_(k < K) \sum_(l < L) f k l = \sum_(l < L) \sum_(k < K) f k l.
Proof.
  induction K; simpl. { symmetry. apply rsum_0; auto. }
  rewrite IHK, <- rsum_plus. reflexivity.
Qed.
Lemma rsum_mult K L f g : rsum K f * rsum L g = \sum_(k < K) \sum_(l < L) (f k * g l).
Proof. rewrite <- rsum_scal_r. apply rsum_ext. intros. now rewrite rsum_scal_l. Qed.
Lemma rsum_two f : rsum 2 f = f 0%nat + f 1%nat.
Proof. simpl. ring. Qed.

(** * Inequalities *)

Lemma rsum_le K f g : (forall k, (k < K)%nat -> f k <= g k) -> rsum K f <= rsum K g.
Proof. induction K; intros H; simpl; [lra|]. apply Rplus_le_compat; auto. Qed.
Lemma rsum_nonneg K f : (forall k, (k < K)%nat -> 0 <= f k) -> 0 <= rsum K f.
Proof. induction K; intros H; simpl; [lra|]. specialize (IHK ltac:(auto)). specialize (H K ltac:(lia)). lra. Qed.
Lemma rsum_pos K f : (0 < K)%nat -> (forall k, (k < K)%nat -> 0 < f k) -> 0 < rsum K f.
Proof.
  intros HK H. destruct K; [lia|]. simpl. assert (0 <= rsum K f).
  { apply rsum_nonneg. intros. left. auto. } specialize (H K ltac:(lia)). lra.
Qed.
Lemma rsum_zero_terms K f : (forall k, (k < K)%nat -> 0 <= f k) -> rsum K f = 0 ->
  forall k, (k < K)%nat -> f k = 0.
Proof.
  induction K; intros H E k Hk; [lia|]. simpl in E.
  assert (0 <= rsum K f) by (apply rsum_nonneg; auto). assert (0 <= f K) by auto.
  destruct (Nat.eq_dec k K) as [->|]; [lra|]. apply IHK; auto; [lra|lia].
Qed.

(** * Kronecker's delta *)

Lemma delta_same k : delta k k = 1.
Proof. unfold delta. now rewrite Nat.eqb_refl. Qed.
Lemma delta_diff k j : k <> j -> delta k j = 0.
Proof. intros H. unfold delta. apply Nat.eqb_neq in H. now rewrite H. Qed.
Lemma delta_sym k j : delta k j = delta j k.
Proof. unfold delta. now rewrite Nat.eqb_sym. Qed.
Lemma delta_cases k j : delta k j = 0 \/ delta k j = 1.
Proof. unfold delta. destruct (Nat.eqb k j); auto. Qed.
Lemma delta_nonneg k j : 0 <= delta k j.
Proof. destruct (delta_cases k j) as [-> | ->]; lra. Qed.
Lemma delta_le1 k j : delta k j <= 1.
Proof. destruct (delta_cases k j) as [-> | ->]; lra. Qed.
Lemma delta_square k j : delta k j * delta k j = delta k j.
Proof. destruct (delta_cases k j) as [-> | ->]; ring. Qed.
Lemma delta_mult_l k j (f : nat -> R) : delta k j * f k = delta k j * f j.
Proof. destruct (Nat.eq_dec k j); [now subst|]. rewrite delta_diff; auto; ring. Qed.

Lemma rsum_delta K j f : (j < K)%nat -> \sum_(k < K) (f k * delta k j) = f j.
Proof.
  intros H. induction K; [lia|]. simpl. destruct (Nat.eq_dec j K).
  - subst. rewrite delta_same, rsum_0; [ring|]. intros. rewrite delta_diff by lia; ring.
  - rewrite IHK by lia. rewrite (delta_diff K j) by lia. ring.
Qed.
Lemma rsum_delta_l K j f : (j < K)%nat -> \sum_(k < K) (delta k j * f k) = f j.
Proof. intros H. rewrite <- (rsum_delta K j f H). apply rsum_ext; intros; ring. Qed.
Lemma rsum_delta' K j f : (j < K)%nat -> \sum_(k < K) (f k * delta j k) = f j.
Proof. intros H. rewrite <- (rsum_delta K j f H). apply rsum_ext; intros; rewrite (delta_sym j); ring. Qed.
Lemma rsum_delta1 K j : (j < K)%nat -> \sum_(k < K) delta k j = 1.
Proof. intros H. rewrite <- (rsum_delta K j (fun _ => 1) H). apply rsum_ext; intros; ring. Qed.
(** A sum whose terms vanish but for one is that one. *)
Lemma rsum_contract K j f : (j < K)%nat -> (forall k, (k < K)%nat -> k <> j -> f k = 0) -> rsum K f = f j.
Proof.
  intros Hj H. rewrite <- (rsum_delta K j f Hj). apply rsum_ext. intros k Hk.
  destruct (Nat.eq_dec k j) as [->|D]; [rewrite delta_same; ring|].
  rewrite (H k Hk D), (delta_diff k j D). ring.
Qed.
(** One term of a sum apart from the others. *)
Lemma rsum_split K j f : (j < K)%nat -> rsum K f = f j + \sum_(k < K) ((1 - delta k j) * f k).
Proof.
  intros Hj. rewrite <- (rsum_delta K j f Hj) at 1. rewrite <- rsum_plus. apply rsum_ext. intros; ring.
Qed.

(** * Products *)

Lemma rprod_ext K f g : (forall k, (k < K)%nat -> f k = g k) -> rprod K f = rprod K g.
Proof. induction K; intros H; simpl; [easy|]. rewrite IHK, H; auto. Qed.
Lemma rprod_1 K f : (forall k, (k < K)%nat -> f k = 1) -> rprod K f = 1.
Proof. induction K; intros H; simpl; [easy|]. rewrite IHK, H; auto; ring. Qed.
Lemma rprod_pos K f : (forall k, (k < K)%nat -> 0 < f k) -> 0 < rprod K f.
Proof. induction K; intros H; simpl; [lra|]. apply Rmult_lt_0_compat; auto. Qed.
Lemma ln_rprod K f : (forall k, (k < K)%nat -> 0 < f k) -> ln (rprod K f) = \sum_(k < K) ln (f k).
Proof.
  induction K; intros H; simpl; [apply ln_1|]. rewrite ln_mult by (auto using rprod_pos). now rewrite IHK by auto.
Qed.
Lemma rprod_contract K j f : (j < K)%nat -> (forall k, (k < K)%nat -> k <> j -> f k = 1) -> rprod K f = f j.
Proof.
  induction K; intros Hj H; [lia|]. simpl. destruct (Nat.eq_dec j K) as [->|].
  - rewrite rprod_1; [ring|]. intros; apply H; lia.
  - rewrite IHK, (H K) by (auto; lia). ring.
Qed.

(** * A vector with one entry changed *)

Lemma upd_same z j : upd z j (z j) = z.
Proof.
  apply functional_extensionality. intros k. unfold upd.
  destruct (Nat.eqb_spec k j); now subst.
Qed.
Lemma upd_at z j t : upd z j t j = t.
Proof. unfold upd. now rewrite Nat.eqb_refl. Qed.
Lemma upd_off z j t k : k <> j -> upd z j t k = z k.
Proof. intros H. unfold upd. apply Nat.eqb_neq in H. now rewrite H. Qed.
Lemma upd2_same W k d : upd2 W k d (W k d) = W.
Proof.
  do 2 (apply functional_extensionality; intros). unfold upd2.
  destruct (Nat.eqb_spec x k); [destruct (Nat.eqb_spec x0 d)|]; now subst.
Qed.
