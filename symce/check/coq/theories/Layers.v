(** A function of the logits, where these follow a parameter: a linear layer, and a batch of samples. *)
From Coq Require Import Reals Arith Lia Lra.
From Coquelicot Require Import Coquelicot.
From Symce Require Import Sums Functions Side Calculus.
Local Open Scope R_scope.

(** A function of differentiable curves, by its gradient at the point. *)
Lemma along_curve K F p g (P : R -> nat -> R) t0 :
  has_gradient K F p g -> P t0 = p -> (forall l, (l < K)%nat -> ex_derive (fun t => P t l) t0) ->
  is_derive (fun t => F (P t)) t0 (\sum_(l < K) g l * Derive (fun t => P t l) t0).
Proof.
  intros HF E HP. apply HF.
  - intros l _. now rewrite E.
  - intros l Hl. apply Derive_correct, HP, Hl.
Qed.

(** What a function's gradient is in one coordinate. *)
Lemma gradient_at K F p g l :
  has_gradient K F p g -> (l < K)%nat -> Derive (fun u => F (upd p l u)) (p l) = g l.
Proof.
  intros HF Hl. apply is_derive_unique. rewrite <- (rsum_delta K l g Hl). apply HF.
  - intros k _. now rewrite upd_same.
  - intros k Hk. unfold upd, delta.
    destruct (Nat.eqb k l); [apply (is_derive_id (p l))|apply (is_derive_const (p k) (p l))].
Qed.

(** The chain rule: through each of the logits. *)
Lemma chain_rule_curve K F p g (P : R -> nat -> R) t0 :
  has_gradient K F p g -> P t0 = p -> (forall l, (l < K)%nat -> ex_derive (fun t => P t l) t0) ->
  Derive (fun t => F (P t)) t0
  = \sum_(l < K) Derive (fun u => F (upd p l u)) (p l) * Derive (fun t => P t l) t0.
Proof.
  intros HF E HP. apply is_derive_unique.
  rewrite (rsum_ext K _ (fun l => g l * Derive (fun t => P t l) t0)).
  - now apply (along_curve K F p).
  - intros l Hl. now rewrite (gradient_at K F p g l HF Hl).
Qed.

(** A function that has some gradient has the one that its partial derivatives say: what is known of each coordinate
    holds along curves. *)
Lemma gradient_of_partials K F p g r :
  has_gradient K F p g -> (forall l, (l < K)%nat -> is_derive (fun u => F (upd p l u)) (p l) (r l)) ->
  has_gradient K F p r.
Proof.
  intros HF H x t0 d E D. rewrite (rsum_ext K _ (fun l => g l * d l)); [now apply HF|].
  intros l Hl. rewrite <- (gradient_at K F p g l HF Hl). f_equal. symmetry. now apply is_derive_unique, H.
Qed.

(** Sums over samples. *)
Lemma is_derive_rsum K (f : nat -> R -> R) t0 v :
  (forall k, (k < K)%nat -> is_derive (f k) t0 (v k)) ->
  is_derive (fun t => \sum_(k < K) f k t) t0 (rsum K v).
Proof.
  induction K; intros H; simpl; [apply (is_derive_const 0 t0)|].
  apply (is_derive_plus (fun t => \sum_(k < K) f k t) (f K) t0); auto.
Qed.
Lemma batch_curve K N c (L : nat -> (nat -> R) -> R) (p g : nat -> nat -> R) (P : R -> nat -> nat -> R) t0 :
  (forall i, (i < N)%nat -> has_gradient K (L i) (p i) (g i)) -> P t0 = p ->
  (forall i l, (i < N)%nat -> (l < K)%nat -> ex_derive (fun t => P t i l) t0) ->
  is_derive (fun t => c * \sum_(i < N) L i (P t i)) t0
    (c * \sum_(i < N) \sum_(l < K) g i l * Derive (fun t => P t i l) t0).
Proof.
  intros HL E HP. apply (is_derive_scal (fun t => \sum_(i < N) L i (P t i))).
  apply (is_derive_rsum N (fun i t => L i (P t i))).
  intros i Hi. apply (along_curve K (L i) (p i) (g i) (fun t => P t i)); auto. now rewrite E.
Qed.
