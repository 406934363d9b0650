(** Algebra on small goals: to the place that differs, powers with real exponents, quotients, logarithms. *)
From Coq Require Import Reals Lra Lia.
From Symce Require Import Sums Functions Side.
From Symce Require Export SumTactic.
Local Open Scope R_scope.

(** * To the place that differs *)

(** [descend tac]: into the one argument in which the sides differ, and into the terms of sums; then [tac]. *)
Ltac descend tac :=
  lazymatch goal with
  | |- ?a = ?a => reflexivity
  | |- rsum ?K _ = rsum ?K _ => apply rsum_ext; intros; cbv beta; descend tac
  | |- ?a + _ = ?a + _ => apply (f_equal (Rplus a)); descend tac
  | |- _ + ?a = _ + ?a => apply (f_equal (fun x => x + a)); descend tac
  | |- ?a - _ = ?a - _ => apply (f_equal (Rminus a)); descend tac
  | |- _ - ?a = _ - ?a => apply (f_equal (fun x => x - a)); descend tac
  | |- ?a * _ = ?a * _ => apply (f_equal (Rmult a)); descend tac
  | |- _ * ?a = _ * ?a => apply (f_equal (fun x => x * a)); descend tac
  | |- - _ = - _ => apply (f_equal Ropp); descend tac
  | |- / _ = / _ => apply (f_equal Rinv); descend tac
  | |- ln _ = ln _ => first [solve [apply (f_equal ln); descend tac] | tac]
  | |- exp _ = exp _ => apply (f_equal exp); descend tac
  | |- _ => tac
  end.

(** * Powers with real exponents *)

Lemma Rpower_minus x a b : Rpower x (a - b) = Rpower x a * / Rpower x b.
Proof. unfold Rminus. now rewrite Rpower_plus, Rpower_Ropp. Qed.

Lemma Rpower_pos_int x p : 0 < x -> Rpower x (IZR (Zpos p)) = x ^ Pos.to_nat p.
Proof.
  intros. rewrite <- positive_nat_Z, <- INR_IZR_INZ. now apply Rpower_pow.
Qed.

Lemma Rpower_neg_int x p : 0 < x -> Rpower x (IZR (Zneg p)) = / x ^ Pos.to_nat p.
Proof. intros. change (Zneg p) with (- Zpos p)%Z. rewrite opp_IZR, Rpower_Ropp. f_equal. now apply Rpower_pos_int. Qed.

Lemma Rpower_zero x : Rpower x 0 = 1.
Proof. unfold Rpower. now rewrite Rmult_0_l, exp_0. Qed.

Lemma Rpower_half x : 0 < x -> Rpower x (1 / 2) * Rpower x (1 / 2) = x.
Proof. intros. rewrite <- Rpower_plus. replace (1 / 2 + 1 / 2) with 1 by field. now apply Rpower_1. Qed.

(** Powers with sums in the exponent are split, and those with a whole number become products. *)
Ltac split_powers :=
  repeat match goal with
  | |- context [Rpower ?x (?a + ?b)] => rewrite (Rpower_plus a b x)
  | |- context [Rpower ?x (?a - ?b)] => rewrite (Rpower_minus x a b)
  | |- context [Rpower ?x (- ?a)] => rewrite (Rpower_Ropp x a)
  | |- context [Rpower ?x 0] => rewrite (Rpower_zero x)
  | |- context [Rpower ?x (IZR (Zpos ?p))] =>
      rewrite (Rpower_pos_int x p) by side; let n := eval compute in (Pos.to_nat p) in change (Pos.to_nat p) with n
  | |- context [Rpower ?x (IZR (Zneg ?p))] =>
      rewrite (Rpower_neg_int x p) by side; let n := eval compute in (Pos.to_nat p) in change (Pos.to_nat p) with n
  end.

(** A square root is written for the root of what it is the root of: x becomes h * h. *)
Ltac square_roots :=
  repeat match goal with
  | |- context [Rpower ?x (IZR 1 / IZR 2)] =>
      let E := fresh "E" in let h := fresh "h" in
      assert (E : x = Rpower x (1 / 2) * Rpower x (1 / 2)) by (symmetry; apply Rpower_half; side);
      pose proof (Rpower_neq0 x (1 / 2));
      set (h := Rpower x (1 / 2)) in *; clearbody h; rewrite ?E
  end.

(** * Quotients *)

Lemma square_minus_itself x : 0 < x -> x < 1 -> x ^ 2 - x <> 0.
Proof. intros. replace (x ^ 2 - x) with (- (x * (1 - x))) by ring. apply Ropp_neq_0_compat, neq0_mult; lra. Qed.

Ltac denominators :=
  repeat split; first [solve [side] | apply square_minus_itself; solve [side] | solve [apply not_eq_sym; side]].
Ltac quotient := first [solve [sums] | solve [field; denominators]].

(** Exponentials and logarithms of equal arguments become the same term. *)
Ltac same_arguments :=
  repeat match goal with
  | |- context [exp ?a] => match goal with |- context [exp ?b] =>
      assert_fails (constr_eq a b); replace (exp a) with (exp b) by (f_equal; ring) end
  | |- context [ln ?a] => match goal with |- context [ln ?b] =>
      assert_fails (constr_eq a b); replace (ln a) with (ln b) by (f_equal; ring) end
  end.

(** The true class of a sample is an index. *)
Ltac true_classes :=
  repeat match goal with
  | H : forall i, (i < ?N)%nat -> (?c i < ?K)%nat, Hi : (?i < ?N)%nat |- context [?c ?i] =>
      let E := fresh "E" in pose proof (H i Hi) as E; cbv beta in E; generalize dependent (c i); intros
  end.

Ltac here :=
  true_classes; split_powers;
  first [quotient | progress square_roots; quotient | progress same_arguments; quotient].

(** An equation of algebra, wherever the sides differ. *)
Ltac algebra :=
  intros;
  first [reflexivity | solve [sums] | progress split_powers; quotient | solve [descend here]].

(** An equation of sums, which may be several, with factors before them. *)
Ltac in_sums tac :=
  rewrite <- ?rsum_opp, <- ?rsum_scal_l, <- ?rsum_scal_r, <- ?rsum_opp, <- ?rsum_plus, <- ?rsum_minus;
  rewrite <- ?rsum_plus, <- ?rsum_minus;
  lazymatch goal with |- rsum ?K _ = rsum ?K _ => apply rsum_ext; intros; cbv beta; tac end.

(** * Logarithms *)

Lemma ln_div a b : 0 < a -> 0 < b -> ln (a / b) = ln a - ln b.
Proof. intros. unfold Rdiv. rewrite ln_mult, ln_Rinv by auto using Rinv_0_lt_compat. reflexivity. Qed.

Lemma ln_Rpower x a : ln (Rpower x a) = a * ln x.
Proof. unfold Rpower. apply ln_exp. Qed.

Ltac split_logs :=
  repeat match goal with
  | |- context [ln (exp ?x)] => rewrite (ln_exp x)
  | |- context [ln (Rpower ?x ?a)] => rewrite (ln_Rpower x a)
  | |- context [ln (/ ?a)] => rewrite (ln_Rinv a) by side
  | |- context [ln (?a / ?b)] => rewrite (ln_div a b) by side
  | |- context [ln (?a * ?b)] => rewrite (ln_mult a b) by side
  | |- context [ln 1] => rewrite ln_1
  end.

(** What is not negative is positive, or zero where it is a factor of what its logarithm stands in. *)
Ltac by_positivity tac :=
  match goal with
  | H : forall i, (i < ?K)%nat -> 0 <= ?f i, Hk : (?k < ?K)%nat |- _ =>
      let P := fresh "P" in let E := fresh "E" in
      destruct (Rle_lt_or_eq_dec _ _ (H k Hk)) as [P|E];
      [tac | cbv beta in E; rewrite <- E; first [ring | field; side]]
  | H : forall i, (i < ?K)%nat -> 0 <= ?f i <= 1, Hk : (?k < ?K)%nat |- _ =>
      let P := fresh "P" in let E := fresh "E" in
      destruct (Rle_lt_or_eq_dec _ _ (proj1 (H k Hk))) as [P|E];
      [tac | cbv beta in E; rewrite <- E; first [ring | field; side]]
  end.

Ltac logs_here := first [solve [split_logs; quotient] | solve [by_positivity ltac:(split_logs; quotient)]].
Ltac logs := intros; first [solve [logs_here] | solve [descend logs_here] | solve [in_sums logs_here]].
