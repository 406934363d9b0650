(** The chain rule for a function of several variables that are functions of one.

    [F P Z] is a function of the vector P (the probabilities, say) and of the logits Z directly. Along curves its
    derivative is linear in theirs, and so it is the sum of what each gives by itself: the partial derivatives. *)
From Coq Require Import Reals Arith Lia Lra FunctionalExtensionality.
From Coquelicot Require Import Coquelicot.
From Symce Require Import Sums Functions Side Calculus.
Local Open Scope R_scope.

(** * Linear in the derivatives d of the entries and in e *)

Definition linear (K : nat) (D : (nat -> R) -> R -> R) : Prop :=
  forall d e, D d e = \sum_(k < K) D (fun i => delta i k) 0 * d k + D (fun _ => 0) 1 * e.

Section Linear.
Variable K : nat.
Implicit Types D E : (nat -> R) -> R -> R.

Lemma linear_entry k : (k < K)%nat -> linear K (fun d _ => d k).
Proof.
  intros H d e. rewrite <- (rsum_delta K k d H) at 1. rewrite Rmult_0_l, Rplus_0_r.
  apply rsum_ext. intros. rewrite (delta_sym k). ring.
Qed.
Lemma linear_direct : linear K (fun _ e => e).
Proof. intros d e. rewrite rsum_0; [ring|]. intros; ring. Qed.
Lemma linear_0 : linear K (fun _ _ => 0).
Proof. intros d e. rewrite rsum_0; [ring|]. intros; ring. Qed.
Lemma linear_opp D : linear K D -> linear K (fun d e => - D d e).
Proof.
  intros H d e. rewrite (H d e). rewrite Ropp_plus_distr, <- rsum_opp. f_equal; [|ring]. apply rsum_ext. intros; ring.
Qed.
Lemma linear_plus D E : linear K D -> linear K E -> linear K (fun d e => D d e + E d e).
Proof.
  intros H H' d e. rewrite (H d e), (H' d e).
  rewrite (rsum_ext K (fun k => (D (fun i => delta i k) 0 + E (fun i => delta i k) 0) * d k)
    (fun k => D (fun i => delta i k) 0 * d k + E (fun i => delta i k) 0 * d k)) by (intros; ring).
  rewrite rsum_plus. ring.
Qed.
Lemma linear_minus D E : linear K D -> linear K E -> linear K (fun d e => D d e - E d e).
Proof. intros H H'. exact (linear_plus D (fun d e => - E d e) H (linear_opp E H')). Qed.
Lemma linear_scal c D : linear K D -> linear K (fun d e => c * D d e).
Proof.
  intros H d e. rewrite (H d e). rewrite Rmult_plus_distr_l, <- rsum_scal_l. f_equal; [|ring].
  apply rsum_ext. intros; ring.
Qed.
Lemma linear_scal_r c D : linear K D -> linear K (fun d e => D d e * c).
Proof.
  intros H d e. pose proof (linear_scal c D H d e) as E. rewrite (Rmult_comm (D d e)), E.
  f_equal; [apply rsum_ext; intros|]; ring.
Qed.
Lemma linear_sum L (D : nat -> (nat -> R) -> R -> R) :
  (forall l, (l < L)%nat -> linear K (D l)) -> linear K (fun d e => \sum_(l < L) D l d e).
Proof.
  induction L; intros H; [exact linear_0|]. simpl. apply (linear_plus (fun d e => \sum_(l < L) D l d e)); auto.
Qed.
End Linear.

(** * Differentiable along curves *)

Definition follows (K : nat) (F : (nat -> R) -> R -> R) (p : nat -> R) (t0 v : R) (D : (nat -> R) -> R -> R) : Prop :=
  forall (x : R -> nat -> R) (s : R -> R) (u : R) (d : nat -> R) (e : R),
    (forall k, (k < K)%nat -> dual (fun t => x t k) u (p k) (d k)) -> dual s u t0 e ->
    dual (fun t => F (x t) (s t)) u v (D d e).

Section Chain.
Variables (K : nat) (p : nat -> R).

Lemma follows_partial F t0 v D k : follows K F p t0 v D -> (k < K)%nat ->
  Derive (fun u => F (upd p k u) t0) (p k) = D (fun i => delta i k) 0.
Proof.
  intros H Hk. refine (dual_Derive _ _ _ _ (H (upd p k) (fun _ => t0) (p k) (fun i => delta i k) 0 _ _)).
  - intros. apply dual_upd.
  - apply dual_const.
Qed.
Lemma follows_direct F t0 v D : follows K F p t0 v D -> Derive (fun t => F p t) t0 = D (fun _ => 0) 1.
Proof.
  intros H. refine (dual_Derive _ _ _ _ (H (fun _ => p) (fun t => t) t0 (fun _ => 0) 1 _ _)).
  - intros. apply dual_const.
  - apply dual_id.
Qed.

(** Through the vector P and directly. *)
Lemma chain_rule_direct (F : (nat -> R) -> (nat -> R) -> R) (P : (nat -> R) -> nat -> R) z j v D :
  P z = p -> follows K (fun q t => F q (upd z j t)) p (z j) v D -> linear K D ->
  (forall k, (k < K)%nat -> ex_derive (fun t => P (upd z j t) k) (z j)) ->
  Derive (fun t => F (P (upd z j t)) (upd z j t)) (z j)
  = Derive (fun t => F p (upd z j t)) (z j)
    + \sum_(k < K) Derive (fun u => F (upd p k u) z) (p k) * Derive (fun t => P (upd z j t) k) (z j).
Proof.
  intros E H L HP.
  rewrite (follows_direct (fun q t => F q (upd z j t)) (z j) v D H).
  rewrite (rsum_ext K _ (fun k => D (fun i => delta i k) 0 * Derive (fun t => P (upd z j t) k) (z j))).
  - set (d := fun k => Derive (fun t => P (upd z j t) k) (z j)).
    refine (eq_trans (dual_Derive _ _ v _ (H (fun t => P (upd z j t)) (fun t => t) (z j) d 1 _ (dual_id _))) _).
    + intros k Hk. split; [now rewrite upd_same, E|]. apply Derive_correct, HP, Hk.
    + rewrite L. unfold d. ring.
  - intros k Hk. f_equal. rewrite <- (follows_partial (fun q t => F q (upd z j t)) (z j) v D k H Hk).
    now rewrite upd_same.
Qed.
(** Through the vector alone. *)
Lemma chain_rule_through (F : (nat -> R) -> R) (P : (nat -> R) -> nat -> R) z j v D :
  P z = p -> follows K (fun q _ => F q) p (z j) v D -> linear K D ->
  (forall k, (k < K)%nat -> ex_derive (fun t => P (upd z j t) k) (z j)) ->
  Derive (fun t => F (P (upd z j t))) (z j)
  = \sum_(k < K) Derive (fun u => F (upd p k u)) (p k) * Derive (fun t => P (upd z j t) k) (z j).
Proof.
  intros E H L HP. rewrite (chain_rule_direct (fun q _ => F q) P z j v D E H L HP), Derive_const. apply Rplus_0_l.
Qed.
End Chain.

(** Through one number that moves. *)
Lemma chain_rule_one_direct (G : R -> (nat -> R) -> R) (X : R -> R) a z j v D :
  X (z j) = a -> follows 1 (fun q t => G (q 0%nat) (upd z j t)) (fun _ => a) (z j) v D -> linear 1 D ->
  ex_derive X (z j) ->
  Derive (fun t => G (X t) (upd z j t)) (z j)
  = Derive (fun t => G a (upd z j t)) (z j) + Derive (fun u => G u z) a * Derive X (z j).
Proof.
  intros <- H L HX.
  rewrite (follows_direct 1 (fun _ => X (z j)) (fun q t => G (q 0%nat) (upd z j t)) (z j) v D H).
  pose proof (follows_partial 1 (fun _ => X (z j)) (fun q t => G (q 0%nat) (upd z j t)) (z j) v D 0 H ltac:(lia)) as E.
  cbv beta in E. rewrite upd_same in E. unfold upd in E. simpl in E. rewrite E.
  set (d := fun _ : nat => Derive X (z j)).
  refine (eq_trans (dual_Derive _ _ v _ (H (fun t _ => X t) (fun t => t) (z j) d 1 _ (dual_id _))) _).
  - intros. now apply dual_of_ex.
  - rewrite L. unfold d. simpl. ring.
Qed.
Lemma chain_rule_one (G : R -> R) (X : R -> R) t0 a :
  X t0 = a -> ex_derive G a -> ex_derive X t0 -> Derive (fun t => G (X t)) t0 = Derive G a * Derive X t0.
Proof. intros <- HG HX. rewrite Rmult_comm. now apply Derive_comp. Qed.

(** A function with the gradient that its curves have. *)
Lemma gradient_of_follows K F p v D : follows K (fun q _ => F q) p 0 v D -> linear K D ->
  has_gradient K F p (fun k => D (fun i => delta i k) 0).
Proof.
  intros H L x t0 d E Hx. pose proof (H x (fun _ => 0) t0 d 0) as [_ I].
  - intros k Hk. split; auto.
  - apply dual_const.
  - rewrite (L d 0), Rmult_0_r, Rplus_0_r in I. exact I.
Qed.

(** * The tactics *)

(** Leaves: an entry of a curve that is given, or of the logits that move with another. *)
Ltac leaf_of_curve :=
  cbv beta;
  match goal with
  | H : forall k, (k < ?K)%nat -> dual (fun t => ?x t k) ?u _ _ |- dual (fun t => ?x t ?k) ?u _ _ =>
      refine (dual_eq _ _ _ _ _ _ (H k _) _ _); [side_index | cbv beta; reflexivity | reflexivity]
  | H : dual ?s ?u _ ?e |- dual (fun t => ?s t) ?u _ _ => exact H
  | H : dual ?s ?u (?z ?j) ?e |- dual (fun t => upd ?z ?j (?s t) ?k) ?u _ _ => exact (dual_upd_curve z j s u e k H)
  | |- dual (fun t => upd ?z ?j (@?s t) ?k) ?u _ _ => refine (dual_upd_curve z j s u _ k _); leaf_of_curve
  end.
Ltac prove_follows := intros ? ? ? ? ? ? ?; cbv beta; dual_with leaf_of_curve.
Ltac prove_linear :=
  cbv beta;
  lazymatch goal with
  | |- linear ?K (fun _ _ => 0) => exact (linear_0 K)
  | |- linear ?K (fun _ e => e) => exact (linear_direct K)
  | |- linear ?K (fun d _ => d ?k) => refine (linear_entry K k _); side_index
  | |- linear ?K (fun d e => - @?D d e) => refine (linear_opp K D _); prove_linear
  | |- linear ?K (fun d e => @?D d e + @?E d e) => refine (linear_plus K D E _ _); [prove_linear | prove_linear]
  | |- linear ?K (fun d e => @?D d e - @?E d e) => refine (linear_minus K D E _ _); [prove_linear | prove_linear]
  | |- linear ?K (fun d e => @?D d e * @?E d e) =>
      lazymatch D with
      | fun _ _ => ?c => refine (linear_scal K c E _); prove_linear
      | _ => lazymatch E with fun _ _ => ?c => refine (linear_scal_r K c D _); prove_linear end
      end
  | |- linear ?K (fun d e => rsum ?L d) => refine (linear_sum K L (fun l d _ => d l) _); intros; prove_linear
  | |- linear ?K (fun d e => rsum ?L (fun l => @?D l d e)) => refine (linear_sum K L D _); intros; prove_linear
  end.
Ltac prove_gradient := refine (gradient_of_follows _ _ _ _ _ _ _); [solve [prove_follows] | solve [prove_linear]].
