(** Derivatives in a line, at any depth, replaced by what they are; and what then closes a step.

    A derivative in a line is Coquelicot's [Derive] of a function. [evaluate_both] leaves an equation without them. *)
From Coq Require Import Reals Arith Lia Lra.
From Coquelicot Require Import Coquelicot.
From Symce Require Import Sums Functions Side Calculus Algebra.
Local Open Scope R_scope.

(** The goal is [e = ?e']: e' is e with its derivatives evaluated, also those under sums. *)
Ltac evaluate :=
  cbv beta;
  lazymatch goal with
  | |- ?e = _ =>
      lazymatch e with
      | context [Derive _ _] =>
          lazymatch e with
          | Derive ?f ?x => refine (dual_Derive f x _ _ _); dual
          | rsum ?K (fun k => @?f k) => refine (rsum_ext K (fun k => f k) _ _); intros; evaluate
          | rprod ?K (fun k => @?f k) => refine (rprod_ext K (fun k => f k) _ _); intros; evaluate
          | ?a + ?b => refine (f_equal2 Rplus (_ : a = _) (_ : b = _)); [evaluate | evaluate]
          | ?a - ?b => refine (f_equal2 Rminus (_ : a = _) (_ : b = _)); [evaluate | evaluate]
          | ?a * ?b => refine (f_equal2 Rmult (_ : a = _) (_ : b = _)); [evaluate | evaluate]
          | ?a / ?b => refine (f_equal2 Rdiv (_ : a = _) (_ : b = _)); [evaluate | evaluate]
          | - ?a => refine (f_equal Ropp (_ : a = _)); evaluate
          | / ?a => refine (f_equal Rinv (_ : a = _)); evaluate
          | ?a ^ ?n => refine (f_equal (fun u => u ^ n) (_ : a = _)); evaluate
          end
      | _ => reflexivity
      end
  end.

Lemma both_sides (a b a' b' : R) : a = a' -> b = b' -> a' = b' -> a = b.
Proof. now intros -> -> ->. Qed.
Ltac evaluate_both := refine (both_sides _ _ _ _ _ _ _); [evaluate | evaluate | cbv beta].

(** Where a factor may be 0 and stands in a logarithm, or above and below. *)
Ltac zero_or_positive H :=
  let P := fresh "P" in let E := fresh "E" in
  destruct (Rle_lt_or_eq_dec _ _ H) as [P|E];
  [ first [ring | field; side]
  | cbv beta in E; rewrite <- E; rewrite ?Rmult_0_l, ?Rmult_0_r; rewrite ?Rmult_0_l, ?Rmult_0_r;
    first [ring | field; side] ].
Ltac sign_here :=
  match goal with
  | H : forall i, (i < ?K)%nat -> 0 <= _, Hk : (?k < ?K)%nat |- _ => zero_or_positive (H k Hk)
  | H : forall i, (i < ?K)%nat -> 0 <= _ <= 1, Hk : (?k < ?K)%nat |- _ => zero_or_positive (proj1 (H k Hk))
  end.
Ltac by_cases_of_sign :=
  first [solve [descend ltac:(idtac; sign_here)] | solve [in_sums ltac:(idtac; sign_here)]].

(** An equation of algebra. A line may be long and the place that differs small, so that is looked at first. *)
Ltac same_here :=
  first
    [ reflexivity
    | solve [descend ltac:(idtac; ring)]
    | ring
    | algebra
    | solve [by_cases_of_sign] ].
