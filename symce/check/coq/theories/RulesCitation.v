(** A step by what another theorem says, of a derivative or of an expression, wherever it stands in the line. *)
From Coq Require Import Reals Arith Lia Lra.
From Coquelicot Require Import Coquelicot.
From Symce Require Import Sums Functions Side Calculus Evaluate.
Local Open Scope R_scope.

(** The goal is [e = ?e']: e' is e with what the theorem speaks of replaced by what it says. [here] closes the goal at
    such a place. *)
Ltac everywhere here :=
  cbv beta;
  first
    [ here
    | lazymatch goal with
      | |- rsum ?K (fun k => @?f k) = _ => refine (rsum_ext K (fun k => f k) _ _); intros; everywhere here
      | |- rprod ?K (fun k => @?f k) = _ => refine (rprod_ext K (fun k => f k) _ _); intros; everywhere here
      | |- ?a + ?b = _ => refine (f_equal2 Rplus (_ : a = _) (_ : b = _)); [everywhere here | everywhere here]
      | |- ?a - ?b = _ => refine (f_equal2 Rminus (_ : a = _) (_ : b = _)); [everywhere here | everywhere here]
      | |- ?a * ?b = _ => refine (f_equal2 Rmult (_ : a = _) (_ : b = _)); [everywhere here | everywhere here]
      | |- ?a / ?b = _ => refine (f_equal2 Rdiv (_ : a = _) (_ : b = _)); [everywhere here | everywhere here]
      | |- - ?a = _ => refine (f_equal Ropp (_ : a = _)); everywhere here
      | |- / ?a = _ => refine (f_equal Rinv (_ : a = _)); everywhere here
      | |- ?a ^ ?n = _ => refine (f_equal (fun u => u ^ n) (_ : a = _)); everywhere here
      | |- ln ?a = _ => refine (f_equal ln (_ : a = _)); everywhere here
      | |- exp ?a = _ => refine (f_equal exp (_ : a = _)); everywhere here
      end
    | reflexivity ].
(** A theorem says what a derivative is, or that two expressions are equal. *)
Ltac cite lemma :=
  let T := type of lemma in
  lazymatch T with
  | context [is_derive _ _ _] =>
      everywhere ltac:(idtac;
        lazymatch goal with
        | |- ?e = _ =>
            lazymatch e with
            | Derive _ _ => refine (is_derive_unique _ _ _ _); by_theorem lemma
            | context [Derive _ _] => fail
            | _ => reflexivity
            end
        end)
  | _ => everywhere ltac:(idtac; by_theorem lemma)
  end.
Ltac rule_by lemma :=
  first
    [ refine (eq_trans _ _); [cite lemma | cbv beta; solve [same_here]]
    | symmetry; refine (eq_trans _ _); [cite lemma | cbv beta; solve [same_here]]
    | refine (both_sides _ _ _ _ _ _ _); [cite lemma | cite lemma | cbv beta; solve [same_here]] ].
