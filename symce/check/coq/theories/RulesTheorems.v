(** The rules that theorem chapters alone use: inequalities, cases by a delta, two classes, products of powers. *)
From Coq Require Import Reals Arith Lia Lra Psatz.
From Symce Require Import Sums Functions Inequalities.
Local Open Scope R_scope.

(** * Inequalities *)

(* A rule begins with idtac where it would begin with a match: Ltac runs a match as soon as a rule is named as another
   tactic's argument, before the goal of its step is there. *)

(** Sums in the line are not negative; what remains is linear in them. *)
Ltac nonneg_sums :=
  repeat match goal with
  | |- context [rsum ?K ?f] =>
      lazymatch goal with _ : 0 <= rsum K f |- _ => fail | _ => assert (0 <= rsum K f) by nonneg end
  end.
Ltac rule_not_negative :=
  idtac; lazymatch goal with
  | |- _ >= 0 => apply Rle_ge; nonneg
  | |- 0 <= _ => nonneg
  | |- _ => nonneg_sums; facts; lra
  end.
Ltac rule_probability_at_most_one := first [solve [facts; lra] | termwise ltac:(fun _ => facts; nra)].
Ltac rule_and_more := facts; lra.
Ltac rule_square_of_probability := idtac; termwise ltac:(fun _ => facts; nra).
Ltac rule_log_of_probability :=
  idtac; let term _ :=
    match goal with |- context [ln ?u] => pose proof (ln_nonpos u ltac:(facts; lra)) end; facts; nra in
  lazymatch goal with
  | |- - rsum _ _ >= 0 => apply Rle_ge; rewrite <- rsum_opp; apply rsum_nonneg; intros; cbv beta; term tt
  | |- _ => termwise term
  end.
(** p_j <= 1 - p_c for j <> c: the cases of the deltas, one by one. *)
Ltac pairs :=
  repeat match goal with
  | D : ?j <> ?c |- context [softmax ?K ?z ?j] =>
      know (softmax_pair K z j c ltac:(assumption || lia) ltac:(assumption || lia) D)
  end.
Ltac rule_another_class := idtac; termwise ltac:(fun _ => case_deltas; pairs; facts; nra).

(** ln u <= u - 1, under a factor that is not negative; where that factor is 0, nothing is to be shown. *)
Ltac tangent_at H :=
  facts_of_entries;
  first
    [ lra
    | match goal with
      | B : 0 <= ?t <= _ |- _ => pose proof (Rmult_le_compat_l t _ _ (proj1 B) H); lra
      | B : 0 < ?t <= _ |- _ => pose proof (Rmult_le_compat_l t _ _ (Rlt_le _ _ (proj1 B)) H); lra
      | B : 0 <= ?t |- _ => pose proof (Rmult_le_compat_l t _ _ B H); lra
      | B : 0 < ?t |- _ => pose proof (Rmult_le_compat_l t _ _ (Rlt_le _ _ B) H); lra
      end ].
Ltac tangent_here :=
  match goal with
  | |- context [ln ?u] =>
      let H := fresh "H" in assert (H : ln u <= u - 1) by (apply ln_tangent; positive); tangent_at H
  end.
(** An entry in bounds that may be 0 is 0 or positive. *)
Ltac zero_or_positive :=
  facts_of_entries;
  match goal with
  | B : 0 <= ?t <= _ |- _ =>
      lazymatch goal with _ : 0 < t |- _ => fail | _ => idtac end;
      let E := fresh in destruct (proj1 B) as [E|E]; [|rewrite <- E in *]
  end.
Ltac rule_log_below_tangent :=
  idtac; termwise ltac:(fun _ => first [solve [tangent_here] | solve [zero_or_positive; first [lra | tangent_here]]]).

(** An inequality that is cited: what it says of a sum of the line; the rest is linear in that sum. *)
Ltac rule_bound_by side lemma :=
  first
    [ solve [eapply lemma; side]
    | match goal with
      | |- context [rsum ?K ?f] =>
          let b := open_constr:(_ : R) in
          first [ let H := fresh in assert (H : rsum K f >= b) by (eapply lemma; side); lra
                | let H := fresh in assert (H : rsum K f <= b) by (eapply lemma; side); lra ]
      end ].

(** * Cases *)

Ltac by_cases := case_deltas; ring.
Ltac rule_in_cases := at_terms ltac:(fun _ => by_cases).
(** The term k = j apart from the others. *)
Ltac split_off_at H :=
  match type of H with
  | (?j < ?K)%nat =>
      rewrite (rsum_split K j _ H); apply (f_equal2 Rplus);
      [cbv beta; rewrite ?delta_same; ring | apply rsum_ext; intros; cbv beta; case_deltas; ring]
  end.
Ltac rule_split_off :=
  at_terms ltac:(fun _ =>
    lazymatch goal with
    | |- rsum ?K _ = _ + _ =>
        match goal with
        | H : (_ < K)%nat |- _ => first [split_off_at H | rewrite Rplus_comm; split_off_at H]
        end
    end).
Ltac rule_distance_to_one_hot :=
  at_terms ltac:(fun _ =>
    case_deltas; facts;
    first
      [ ring
      | match goal with
        | |- context [Rabs ?x] => first [rewrite (Rabs_pos_eq x) by lra | rewrite (Rabs_left1 x) by lra]
        end; ring ]).
Ltac rule_expectation := at_terms ltac:(fun _ => ring).

(** * Products of powers *)

(** x^0 = 1 for every class but one, where it is x^1. *)
Ltac one_hot_power_here :=
  facts_of_entries;
  match goal with
  | H : (?j < ?K)%nat |- rprod ?K ?f = _ =>
      rewrite (rprod_contract K j f H);
      [ cbv beta; rewrite ?delta_same; apply Rpower_1; positive
      | intros; cbv beta; case_deltas; first [congruence | apply Rpower_O; positive] ]
  end.
Ltac rule_one_hot_power := at_terms ltac:(fun _ => one_hot_power_here).

(** * Two classes *)

Ltac two := match goal with E : ?K = 2%nat |- _ => first [subst K | rewrite E in *] end.
Ltac rule_second_of_two :=
  idtac; two;
  match goal with
  | S : rsum 2 ?f = 1 |- _ => let H := fresh in pose proof (two_sum f S) as H; cbv beta in H; rewrite H; ring
  end.
Ltac rule_the_other_of_two :=
  idtac; two;
  match goal with
  | |- context [softmax 2 ?z _] =>
      let H := fresh in
      pose proof (two_sum (softmax 2 z) (softmax_sum1 2 z ltac:(lia))) as H; rewrite H;
      at_terms ltac:(fun _ => ring)
  end.
