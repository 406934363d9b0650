(** The rules of algebra and of finite sums, one tactic a name. *)
From Coq Require Import Reals Lra Lia.
From Symce Require Import Sums Functions Side.
From Symce Require Export Algebra.
Local Open Scope R_scope.

(** * Products, powers, quotients *)
Ltac rule_cancel := algebra.
Ltac rule_expand := first [solve [algebra] | solve [intros; in_sums here]].
Ltac rule_combine_powers := algebra.
Ltac rule_common_factor := algebra.
Ltac rule_collect := algebra.
Ltac rule_absorb_the_sign := algebra.
Ltac rule_lowest_terms :=
  first [solve [algebra] | solve [intros; descend ltac:(unfold Rminus; rewrite ?exp_plus, ?exp_Ropp; field; side)]].
Ltac rule_zero_power := intros; rewrite ?Rpower_zero by side; algebra.

(** * Sums and deltas *)
Ltac rule_sum_linearity :=
  first [solve [algebra] | solve [intros; rewrite ?rsum_div, ?rsum_scal_r, ?rsum_scal_l; algebra]].
Ltac rule_distribute_in_sum := algebra.
Ltac rule_split_the_difference := algebra.
Ltac rule_sum_of_a_constant := first [solve [algebra] | solve [intros; rewrite ?rsum_const; algebra]].
Ltac rule_delta_substitution := algebra.

(** A sum whose terms but one vanish with a delta that also stands inside of a function. *)
Ltac contract :=
  match goal with
  | |- context [rsum ?K ?f] =>
      match goal with
      | Hj : (?j < K)%nat |- _ =>
          rewrite (rsum_contract K j f Hj) by (
            let D := fresh "D" in intros ? _ D; rewrite ?(delta_diff _ _ D), ?(delta_diff _ _ (not_eq_sym D)); ring);
          cbv beta; rewrite ?delta_same, ?Rmult_1_l, ?ln_1
      end
  end.
Ltac rule_delta_contraction :=
  first [solve [algebra] | solve [intros; descend ltac:(true_classes; repeat contract; algebra)]].

(** * What adds up to one *)
Ltac equations_to_one tac :=
  lazymatch goal with
  | H1 : rsum _ _ = 1, H2 : rsum _ _ = 1, H3 : rsum _ _ = 1 |- _ => tac (H1, H2, H3)
  | H1 : rsum _ _ = 1, H2 : rsum _ _ = 1 |- _ => tac (H1, H2)
  | H1 : rsum _ _ = 1 |- _ => tac H1
  end.
Ltac by_hypotheses := intros; equations_to_one ltac:(fun given => sums using given).
Ltac rule_target_sums_to_one := by_hypotheses.
Ltac rule_true_sums_to_one := by_hypotheses.
Ltac rule_model_sums_to_one := by_hypotheses.

Ltac rule_softmax_sums_to_one :=
  intros;
  match goal with
  | |- context [rsum ?K (fun k => softmax ?K ?z k)] =>
      let H := fresh "H" in assert (H : (0 < K)%nat) by side; sums using (softmax_sum1 K z H)
  end.

Lemma exponentials_sum1 K a : (0 < K)%nat -> \sum_(k < K) exp (a k - ln (\sum_(l < K) exp (a l))) = 1.
Proof.
  intros H. rewrite <- (softmax_sum1 K a H). apply rsum_ext. intros. now rewrite softmax_exp.
Qed.
Ltac rule_exponentials_sum_to_one :=
  intros;
  match goal with
  | |- context [rsum ?K (fun k => exp (@?a k - ln (rsum ?K (fun l => exp (@?b l)))))] =>
      let H := fresh "H" in let E := fresh "E" in
      assert (H : (0 < K)%nat) by side; pose proof (exponentials_sum1 K b H) as E; cbv beta in E; sums using E
  end.

(** * Names *)
Ltac rule_one_hot := algebra.
Ltac rule_effective_target := algebra.
Ltac rule_name_entropy := algebra.
Ltac rule_name_kl_divergence := algebra.

(** * Softmax, the sigmoid, logarithms by their definitions *)
Ltac rule_recognise_softmax := intros; unfold softmax; algebra.
Ltac rule_recognise_sigmoid := intros; unfold sigmoid; algebra.
Ltac rule_log_softmax := intros; rewrite ?ln_softmax by side; algebra.
Ltac rule_log_of_product :=
  intros; repeat (rewrite ln_rprod by (intros; side); try (apply rsum_ext; intros; cbv beta)); logs.
Ltac rule_log_of_quotient := logs.
Ltac rule_log_of_power := logs.
Ltac rule_log_of_exp := logs.

Ltac rule_target_is_what_is_predicted :=
  intros;
  match goal with
  | H : forall k, (k < ?K)%nat -> _ = softmax ?K _ _ |- _ => descend ltac:(rewrite ?H by side; algebra)
  end.

Ltac rule_two_classes := intros; subst; rewrite ?rsum_two; algebra.
