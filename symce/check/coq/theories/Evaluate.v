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
Ltac by_cases_of_sign :=
  let cases := ltac:(idtac; by_positivity ltac:(idtac; first [ring | field; side])) in
  first [solve [descend cases] | solve [in_sums cases]].
Ltac same_here := first [reflexivity | ring | algebra | solve [by_cases_of_sign]].
