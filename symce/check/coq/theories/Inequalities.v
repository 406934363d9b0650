(** What the theorems on values and norms rest on: bounds of probabilities, the tangent of the logarithm, and bounded
    tactics for signs and for inequalities that hold term by term. *)
From Coq Require Import Reals Arith Lia Lra Psatz.
From Symce Require Import Sums Functions Side.
Local Open Scope R_scope.

(** * Lemmas *)

Lemma softmax_pair K z j c : (j < K)%nat -> (c < K)%nat -> j <> c -> softmax K z j + softmax K z c <= 1.
Proof.
  intros Hj Hc D. rewrite <- (softmax_sum1 K z) by lia. rewrite (rsum_split K j _ Hj). apply Rplus_le_compat_l.
  rewrite (rsum_split K c _ Hc). rewrite (delta_diff c j) by congruence.
  assert (0 <= \sum_(k < K) ((1 - delta k c) * ((1 - delta k j) * softmax K z k))); [|lra].
  apply rsum_nonneg. intros k Hk. pose proof (delta_le1 k c). pose proof (delta_le1 k j).
  pose proof (softmax_nonneg K z k Hk). apply Rmult_le_pos; [lra|]. apply Rmult_le_pos; lra.
Qed.

(** The logarithm lies below its tangent at 1. *)
Lemma ln_tangent u : 0 < u -> ln u <= u - 1.
Proof. intros H. pose proof (exp_ineq1_le (ln u)). rewrite exp_ln in H0 by exact H. lra. Qed.
(** Coq's logarithm of 0 is 0, so that this holds at 0 too. *)
Lemma ln_nonpos u : 0 <= u <= 1 -> ln u <= 0.
Proof.
  intros [[H|<-] L].
  - pose proof (ln_tangent u H). lra.
  - unfold ln. destruct (Rlt_dec 0 0) as [P|]; [destruct (Rlt_irrefl 0 P)|apply Rle_refl].
Qed.

Lemma two_sum f : \sum_(k < 2) f k = 1 -> f 1%nat = 1 - f 0%nat.
Proof. rewrite rsum_two. lra. Qed.

(** * Tactics *)

(** What is known of the terms of the goal: probabilities, deltas, and the entries of vectors in bounds. *)
Ltac know P := let T := type of P in lazymatch goal with _ : T |- _ => fail | _ => pose proof P end.
Ltac facts_of_atoms :=
  repeat match goal with
  | |- context [softmax ?K ?z ?k] => know (softmax_pos K z k ltac:(assumption || lia))
  | |- context [softmax ?K ?z ?k] => know (softmax_le1 K z k ltac:(assumption || lia))
  | |- context [sigmoid ?x] => know (sigmoid_pos x)
  | |- context [sigmoid ?x] => know (sigmoid_lt1 x)
  | |- context [delta ?k ?j] => know (delta_nonneg k j)
  | |- context [delta ?k ?j] => know (delta_le1 k j)
  | |- context [exp ?x] => know (exp_pos x)
  | |- context [Rpower ?x ?a] => know (Rpower_pos x a)
  | |- context [INR ?K] => know (INR_pos K ltac:(assumption || lia))
  end.
Ltac facts_of_entries :=
  repeat match goal with
  | B : forall k, (k < ?K)%nat -> _, Hk : (?k < ?K)%nat |- _ =>
      lazymatch k with O => fail | _ => know (B k Hk) end
  | B : forall i k, (i < ?N)%nat -> (k < ?K)%nat -> _, Hi : (?i < ?N)%nat, Hk : (?k < ?K)%nat |- _ =>
      know (B i k Hi Hk)
  end.
Ltac facts := facts_of_atoms; facts_of_entries.
(** Either order of two indices of a delta, equal or not, with the delta replaced by its value. *)
Ltac case_delta :=
  match goal with
  | |- context [delta ?a ?b] =>
      first
        [ rewrite (delta_same a)
        | let D := fresh "D" in
          destruct (Nat.eq_dec a b) as [D|D];
          [ first [congruence | subst a | subst b | rewrite D in *]; rewrite ?delta_same
          | rewrite ?(delta_diff a b D), ?(delta_diff b a (not_eq_sym D)) ] ]
  end.
Ltac case_deltas := do 4 try case_delta.

(** [0 < e], by the structure of e or by what is known of its terms. *)
Ltac positive := first [side_pos | facts; lra].
(** [0 <= e], likewise; here e may be a sum of terms that are not all positive. *)
Ltac nonneg :=
  lazymatch goal with
  | |- 0 <= rsum _ _ => apply rsum_nonneg; intros; cbv beta; nonneg
  | |- 0 <= - rsum _ _ => rewrite <- rsum_opp; apply rsum_nonneg; intros; cbv beta; nonneg
  | |- 0 <= _ ^ 2 => apply pow2_ge_0
  | |- 0 <= ?a * ?a => apply Rle_0_sqr
  | |- 0 <= _ * _ => apply Rmult_le_pos; nonneg
  | |- 0 <= / _ => left; positive
  | |- 0 <= Rabs _ => apply Rabs_pos
  | |- 0 <= _ + _ => first [apply Rplus_le_le_0_compat; nonneg | facts; lra]
  | |- 0 <= _ => first [assumption | left; positive | facts; lra]
  end.

(** An inequality between two lines of one form: goes to the terms that differ and leaves them to [leaf]. *)
Ltac termwise leaf :=
  lazymatch goal with
  | |- _ >= _ => apply Rle_ge; termwise leaf
  | |- ?a <= ?a => apply Rle_refl
  | |- - _ <= - _ => apply Ropp_le_contravar; termwise leaf
  | |- rsum ?K _ <= rsum ?K _ => apply rsum_le; intros; cbv beta; termwise leaf
  | |- ?c * rsum ?K ?f <= ?c * rsum ?K ?g =>
      first [ apply Rmult_le_compat_l; [lra | termwise leaf]
            | apply Rmult_le_compat_neg_l; [lra | termwise leaf] ]
  | |- ?a - rsum ?K ?f <= ?b - rsum ?K ?g => apply Rplus_le_compat; [|apply Ropp_le_contravar]; termwise leaf
  | |- ?a + rsum ?K ?f <= ?b + rsum ?K ?g => apply Rplus_le_compat; termwise leaf
  | |- rsum ?K ?f + ?a <= rsum ?K ?g + ?b => apply Rplus_le_compat; termwise leaf
  | |- _ <= _ => leaf tt
  end.
(** An equality, likewise. *)
Ltac at_terms leaf :=
  first
    [ reflexivity
    | solve [leaf tt]
    | lazymatch goal with
      | |- rsum ?K _ = rsum ?K _ => apply rsum_ext; intros; cbv beta; at_terms leaf
      | |- rprod ?K _ = rprod ?K _ => apply rprod_ext; intros; cbv beta; at_terms leaf
      | |- - _ = - _ => apply (f_equal Ropp); at_terms leaf
      | |- / _ = / _ => apply (f_equal Rinv); at_terms leaf
      | |- ln _ = ln _ => apply (f_equal ln); at_terms leaf
      | |- _ + _ = _ + _ => apply (f_equal2 Rplus); at_terms leaf
      | |- _ - _ = _ - _ => apply (f_equal2 Rminus); at_terms leaf
      | |- _ * _ = _ * _ => apply (f_equal2 Rmult); at_terms leaf
      end ].
