(** A function's value and derivative at a point, one lemma for each operation.

    [dual f x v d] says that f has the value v and the derivative d at x. *)
From Coq Require Import Reals Arith Lia Lra FunctionalExtensionality.
From Coquelicot Require Import Coquelicot.
From Symce Require Import Sums Functions Side.
Local Open Scope R_scope.

Definition dual (f : R -> R) (x v d : R) : Prop := f x = v /\ is_derive f x d.

(** A function of a vector's first K entries that is differentiable along curves, with these slopes. *)
Definition has_gradient (K : nat) (F : (nat -> R) -> R) (p g : nat -> R) : Prop :=
  forall (x : R -> nat -> R) (t0 : R) (d : nat -> R),
    (forall k, (k < K)%nat -> x t0 k = p k) ->
    (forall k, (k < K)%nat -> is_derive (fun t => x t k) t0 (d k)) ->
    is_derive (fun t => F (x t)) t0 (\sum_(k < K) g k * d k).

Lemma dual_derive f x v d : dual f x v d -> is_derive f x d.
Proof. now intros []. Qed.
Lemma dual_ex f x v d : dual f x v d -> ex_derive f x.
Proof. intros []. now exists d. Qed.
Lemma dual_Derive f x v d : dual f x v d -> Derive f x = d.
Proof. intros []. now apply is_derive_unique. Qed.
Lemma dual_of_ex f x : ex_derive f x -> dual f x (f x) (Derive f x).
Proof. intros. split; [reflexivity|]. now apply Derive_correct. Qed.
Lemma dual_eq f x v d v' d' : dual f x v d -> v = v' -> d = d' -> dual f x v' d'.
Proof. now intros H <- <-. Qed.
Lemma certified f x d : ex_derive f x -> Derive f x = d -> is_derive f x d.
Proof. intros H <-. now apply Derive_correct. Qed.

(** * One lemma for each operation *)

Section Operations.
Variable x : R.
Implicit Types f g : R -> R.

Lemma dual_const c : dual (fun _ => c) x c 0.
Proof. split; [reflexivity|]. apply (is_derive_const c x). Qed.
Lemma dual_id : dual (fun t => t) x x 1.
Proof. split; [reflexivity|]. apply (is_derive_id x). Qed.
Lemma dual_opp f v d : dual f x v d -> dual (fun t => - f t) x (- v) (- d).
Proof. intros [<- H]. split; [reflexivity|]. now apply (is_derive_opp f). Qed.
Lemma dual_plus f g v w d e : dual f x v d -> dual g x w e -> dual (fun t => f t + g t) x (v + w) (d + e).
Proof. intros [<- H] [<- H']. split; [reflexivity|]. now apply (is_derive_plus f g). Qed.
Lemma dual_plus_c c f v d : dual f x v d -> dual (fun t => c + f t) x (c + v) d.
Proof.
  intros. eapply dual_eq; [apply (dual_plus (fun _ => c) f); [apply dual_const|eassumption]|reflexivity|ring].
Qed.
Lemma dual_plus_r c f v d : dual f x v d -> dual (fun t => f t + c) x (v + c) d.
Proof.
  intros. eapply dual_eq; [apply (dual_plus f (fun _ => c)); [eassumption|apply dual_const]|reflexivity|ring].
Qed.
Lemma dual_minus f g v w d e : dual f x v d -> dual g x w e -> dual (fun t => f t - g t) x (v - w) (d - e).
Proof. intros [<- H] [<- H']. split; [reflexivity|]. now apply (is_derive_minus f g). Qed.
Lemma dual_minus_c c f v d : dual f x v d -> dual (fun t => c - f t) x (c - v) (- d).
Proof.
  intros. eapply dual_eq; [apply (dual_minus (fun _ => c) f); [apply dual_const|eassumption]|reflexivity|ring].
Qed.
Lemma dual_minus_r c f v d : dual f x v d -> dual (fun t => f t - c) x (v - c) d.
Proof.
  intros. eapply dual_eq; [apply (dual_minus f (fun _ => c)); [eassumption|apply dual_const]|reflexivity|ring].
Qed.
Lemma dual_mult f g v w d e :
  dual f x v d -> dual g x w e -> dual (fun t => f t * g t) x (v * w) (d * w + v * e).
Proof.
  intros [<- H] [<- H']. split; [reflexivity|].
  apply (is_derive_mult f g x d e H H'). intros; apply Rmult_comm.
Qed.
Lemma dual_scal c f v d : dual f x v d -> dual (fun t => c * f t) x (c * v) (c * d).
Proof. intros [<- H]. split; [reflexivity|]. now apply (is_derive_scal f). Qed.
Lemma dual_scal_r c f v d : dual f x v d -> dual (fun t => f t * c) x (v * c) (d * c).
Proof.
  intros. eapply dual_eq; [apply (dual_mult f (fun _ => c)); [eassumption|apply dual_const]|reflexivity|ring].
Qed.
Lemma dual_comp (h : R -> R) f v d h' : is_derive h v h' -> dual f x v d -> dual (fun t => h (f t)) x (h v) (h' * d).
Proof.
  intros Hh [<- H]. split; [reflexivity|]. rewrite Rmult_comm. now apply (is_derive_comp h f x h' d).
Qed.
Lemma dual_inv f v d : dual f x v d -> v <> 0 -> dual (fun t => / f t) x (/ v) (- d * / (v ^ 2)).
Proof.
  intros H Hv. eapply dual_eq; [apply (dual_comp Rinv f v d (- / (v ^ 2))); [|exact H]|reflexivity|ring].
  auto_derive; [exact Hv|]. field. exact Hv.
Qed.
Lemma dual_div f g v w d e : dual f x v d -> dual g x w e -> w <> 0 ->
  dual (fun t => f t / g t) x (v / w) ((d * w - v * e) * / (w ^ 2)).
Proof.
  intros H H' Hw. eapply dual_eq; [apply (dual_mult f (fun t => / g t)); [exact H|apply dual_inv; eassumption]|..].
  - reflexivity.
  - field. exact Hw.
Qed.
Lemma dual_exp f v d : dual f x v d -> dual (fun t => exp (f t)) x (exp v) (exp v * d).
Proof. apply dual_comp. auto_derive; [auto|ring]. Qed.
Lemma dual_ln f v d : dual f x v d -> 0 < v -> dual (fun t => ln (f t)) x (ln v) (d * / v).
Proof.
  intros H Hv. rewrite Rmult_comm. apply dual_comp; [|exact H]. auto_derive; [exact Hv|]. field. lra.
Qed.
(** The logarithm of c f, where c may be 0: it is constant then (Coq's ln 0 is 0). *)
Lemma dual_ln_scal c f v d : dual f x v d -> 0 <= c -> 0 < v ->
  dual (fun t => ln (c * f t)) x (ln (c * v)) (c * d * / (c * v)).
Proof.
  intros H [Hc|<-] Hv.
  - apply dual_ln; [now apply dual_scal|]. now apply Rmult_lt_0_compat.
  - destruct H as [<- H]. split; [reflexivity|]. apply (is_derive_ext (fun _ => ln 0)).
    { intros. f_equal. ring. } replace (0 * d * / (0 * f x)) with 0 by ring. apply (is_derive_const (ln 0) x).
Qed.
Lemma dual_ln_scal_r c f v d : dual f x v d -> 0 <= c -> 0 < v ->
  dual (fun t => ln (f t * c)) x (ln (v * c)) (d * c * / (v * c)).
Proof.
  intros H Hc Hv. pose proof (dual_ln_scal c f v d H Hc Hv) as [E D]. split.
  - rewrite (Rmult_comm v c), <- E. f_equal. ring.
  - rewrite (Rmult_comm d c), (Rmult_comm v c).
    revert D. apply is_derive_ext. intros. f_equal. ring.
Qed.
Lemma dual_pow n m c f v d : dual f x v d -> n = S m -> c = INR n ->
  dual (fun t => f t ^ n) x (v ^ n) (c * v ^ m * d).
Proof.
  intros [<- H] -> ->. split; [reflexivity|].
  replace (INR (S m) * f x ^ m * d) with (INR (S m) * d * f x ^ m) by ring. now apply (is_derive_pow f (S m)).
Qed.
Lemma dual_square f v d : dual f x v d -> dual (fun t => f t ^ 2) x (v ^ 2) (2 * v * d).
Proof.
  intros H. eapply dual_eq; [apply (dual_pow 2 1 2 f v d H); [reflexivity|simpl; ring]|reflexivity|ring].
Qed.
Lemma dual_Rpower f v d c : dual f x v d -> 0 < v ->
  dual (fun t => Rpower (f t) c) x (Rpower v c) (c * Rpower v (c - 1) * d).
Proof.
  intros H Hv. apply (dual_comp (fun u => Rpower u c)); [|exact H].
  unfold Rpower. auto_derive; [exact Hv|].
  replace ((c - 1) * ln v) with (c * ln v + - ln v) by ring.
  rewrite exp_plus, exp_Ropp, exp_ln by exact Hv. field; lra.
Qed.
(** The same with the new exponent as a number of its own: - 1 / 2 for 1 / 2 - 1. *)
Lemma dual_Rpower_number f v d c c' : dual f x v d -> 0 < v -> c - 1 = c' ->
  dual (fun t => Rpower (f t) c) x (Rpower v c) (c * Rpower v c' * d).
Proof. intros H Hv <-. now apply dual_Rpower. Qed.
Lemma dual_Rpower_exponent f v d c : dual f x v d ->
  dual (fun t => Rpower c (f t)) x (Rpower c v) (Rpower c v * ln c * d).
Proof. apply (dual_comp (fun u => Rpower c u)). unfold Rpower. auto_derive; [auto|ring]. Qed.
Lemma dual_tanh f v d : dual f x v d -> dual (fun t => tanh (f t)) x (tanh v) ((1 - tanh v ^ 2) * d).
Proof.
  apply dual_comp. pose proof (exp_pos v). pose proof (exp_pos (- v)).
  unfold tanh, sinh, cosh. auto_derive; [repeat split; lra|]. field. lra.
Qed.
Lemma dual_sigmoid f v d :
  dual f x v d -> dual (fun t => sigmoid (f t)) x (sigmoid v) ((1 - sigmoid v) * sigmoid v * d).
Proof.
  apply dual_comp. unfold sigmoid. pose proof (one_plus_exp_pos (- v)). auto_derive; [lra|]. field. lra.
Qed.
Lemma dual_softplus f v d : dual f x v d -> dual (fun t => softplus (f t)) x (softplus v) (sigmoid v * d).
Proof.
  apply dual_comp. rewrite sigmoid_exp. unfold softplus. pose proof (one_plus_exp_pos v).
  auto_derive; [lra|]. field. lra.
Qed.
Lemma dual_Rabs f v d : dual f x v d -> v <> 0 -> dual (fun t => Rabs (f t)) x (Rabs v) (sign v * d).
Proof. intros H Hv. apply dual_comp; [|exact H]. auto_derive; [exact Hv|ring]. Qed.

Lemma dual_sum K (f : nat -> R -> R) v d : (forall k, (k < K)%nat -> dual (f k) x (v k) (d k)) ->
  dual (fun t => \sum_(k < K) f k t) x (rsum K v) (rsum K d).
Proof.
  induction K; intros H; simpl; [apply dual_const|].
  apply (dual_plus (fun t => \sum_(k < K) f k t) (f K)); auto.
Qed.
Lemma dual_softmax K (y : R -> nat -> R) v d k : (k < K)%nat ->
  (forall i, (i < K)%nat -> dual (fun t => y t i) x (v i) (d i)) ->
  dual (fun t => softmax K (y t) k) x (softmax K v k) (softmax K v k * (d k - \sum_(i < K) softmax K v i * d i)).
Proof.
  intros Hk H. unfold softmax at 1 2.
  assert (Z : 0 < \sum_(i < K) exp (v i)) by (apply Z_pos; lia).
  eapply dual_eq.
  - apply (dual_div (fun t => exp (y t k)) (fun t => \sum_(i < K) exp (y t i))).
    + apply dual_exp, H, Hk.
    + apply dual_sum. intros i Hi. apply dual_exp, H, Hi.
    + lra.
  - reflexivity.
  - replace (\sum_(i < K) softmax K v i * d i) with ((\sum_(i < K) exp (v i) * d i) / (\sum_(i < K) exp (v i))).
    + unfold softmax. field. lra.
    + rewrite <- rsum_div. apply rsum_ext. intros. unfold softmax. field. lra.
Qed.
End Operations.

(** * One entry of a vector or matrix moves *)

Lemma dual_upd_curve z j s u e k : dual s u (z j) e -> dual (fun t => upd z j (s t) k) u (z k) (delta k j * e).
Proof.
  intros [E H]. unfold upd, delta. destruct (Nat.eqb_spec k j) as [->|].
  - split; [exact E|]. now rewrite Rmult_1_l.
  - split; [reflexivity|]. rewrite Rmult_0_l. apply (is_derive_const (z k) u).
Qed.
Lemma dual_upd z j k : dual (fun t => upd z j t k) (z j) (z k) (delta k j).
Proof. eapply dual_eq; [apply (dual_upd_curve z j (fun t => t)), dual_id|reflexivity|ring]. Qed.
Lemma dual_upd_at z j : dual (fun t => upd z j t j) (z j) (z j) 1.
Proof. eapply dual_eq; [apply dual_upd|reflexivity|apply delta_same]. Qed.
Lemma dual_upd2 W k d a b : dual (fun t => upd2 W k d t a b) (W k d) (W a b) (delta a k * delta b d).
Proof.
  unfold upd2, delta. destruct (Nat.eqb_spec a k) as [->|]; [destruct (Nat.eqb_spec b d) as [->|]|].
  - eapply dual_eq; [apply dual_id|reflexivity|ring].
  - eapply dual_eq; [apply dual_const|reflexivity|ring].
  - eapply dual_eq; [apply dual_const|reflexivity|ring].
Qed.
(** The softmax Jacobian. *)
Lemma dual_softmax_upd K z j k : (k < K)%nat -> (j < K)%nat ->
  dual (fun t => softmax K (upd z j t) k) (z j) (softmax K z k) ((delta j k - softmax K z j) * softmax K z k).
Proof.
  intros Hk Hj. eapply dual_eq.
  - apply (dual_softmax (z j) K (fun t => upd z j t) z (fun i => delta i j) k Hk). intros. apply dual_upd.
  - reflexivity.
  - rewrite (rsum_delta K j (softmax K z) Hj), (delta_sym k). ring.
Qed.

Lemma dual_gradient K F p g q x v d : has_gradient K F p g -> (forall k, (k < K)%nat -> q x k = p k) ->
  (forall k, (k < K)%nat -> dual (fun t => q t k) x (v k) (d k)) ->
  dual (fun t => F (q t)) x (F (q x)) (\sum_(k < K) g k * d k).
Proof. intros H E Hq. split; [reflexivity|]. apply H; [exact E|]. intros k Hk. now apply (Hq k Hk). Qed.
Lemma is_derive_log_softmax K z j k : (j < K)%nat -> (k < K)%nat ->
  is_derive (fun t => ln (softmax K (upd z j t) k)) (z j) (delta j k - softmax K z j).
Proof.
  intros Hj Hk. refine (dual_derive _ _ _ _ _).
  refine (dual_eq _ _ _ _ _ _ (dual_ln (z j) _ _ _ (dual_softmax_upd K z j k Hk Hj) _) eq_refl _).
  - now apply softmax_pos.
  - field. now apply softmax_neq0.
Qed.

(** * A derivative of a derivative *)

Lemma dual_of_Derive h s g x v d :
  (forall t, Derive (h t) (s t) = g t) -> dual g x v d -> dual (fun t => Derive (h t) (s t)) x v d.
Proof. intros E [<- H]. split; [apply E|]. revert H. apply is_derive_ext. intros. symmetry. apply E. Qed.
(** Where the inner one exists for positive numbers alone: they are a neighbourhood of each. *)
Lemma dual_of_Derive_pos h s g x v d :
  0 < x -> (forall t, 0 < t -> Derive (h t) (s t) = g t) -> dual g x v d -> dual (fun t => Derive (h t) (s t)) x v d.
Proof.
  intros Hx E [<- H]. split; [now apply E|]. revert H. apply is_derive_ext_loc. exists (mkposreal x Hx).
  intros t B. symmetry. apply E. apply Rabs_def2 in B. unfold minus, plus, opp in B. simpl in B. lra.
Qed.
