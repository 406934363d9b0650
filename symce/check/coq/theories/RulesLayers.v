(** The rules of a linear layer and of a batch: the chain rule through the logits, and a sum of a penalty and a loss. *)
From Coq Require Import Reals Arith Lia Lra.
From Coquelicot Require Import Coquelicot.
From Symce Require Import Sums Functions Side Calculus Chain Layers.
Local Open Scope R_scope.

(** The value of a matrix or vector at the point itself. *)
Ltac at_the_point := cbv beta; rewrite ?upd2_same, ?upd_same; reflexivity.

(** How [p], which speaks of the matrix W or the vector b, moves with its entry: a function of the entry. *)
Ltac moving p x :=
  lazymatch x with
  | ?W ?k ?d =>
      lazymatch type of W with
      | nat -> nat -> R => lazymatch eval pattern W in p with ?q _ => constr:(fun t : R => q (upd2 W k d t)) end
      | _ => fail
      end
  | ?b ?k => lazymatch eval pattern b in p with ?q _ => constr:(fun t : R => q (upd b k t)) end
  end.
(** [f] as a function of what moves: F with f t = F (P t). *)
Ltac function_of f P :=
  let u := fresh "u" in
  let r := constr:(fun u : R => ltac:(
    let body := eval cbv beta in (f u) in
    let q := eval cbv beta in (P u) in
    lazymatch eval pattern q in body with ?F _ => exact F end)) in
  lazymatch r with fun _ => ?F => F end.

Ltac rule_chain_rule_linear_layer :=
  idtac; lazymatch goal with
  | |- Derive ?f ?x = rsum ?K (fun l => Derive _ (@?p l) * Derive _ _) =>
      let p := lazymatch p with fun l => ?q l => q | _ => p end in
      let P := moving p x in
      let P := eval cbv beta in P in
      let F := function_of f P in
      refine (chain_rule_curve K F p _ P x _ _ _);
      [ prove_gradient | at_the_point | intros; cbv beta; prove_ex_derive ]
  end.

(** The samples add up, and each depends on the parameter through its own logits, by a hypothesis on its loss. *)
Ltac batch x :=
  match goal with
  | H : forall i, (i < ?N)%nat -> has_gradient ?K (?L i) (@?p i) (@?g i) |- is_derive (fun t => ?c * _) _ _ =>
      let P := moving p x in
      refine (batch_curve K N c L p g P x H _ _);
      [ at_the_point | intros; cbv beta; prove_ex_derive ]
  end.
Ltac rule_chain_rule_batch :=
  idtac; lazymatch goal with |- Derive ?f ?x = _ => apply is_derive_unique; batch x end.

Ltac exists_here := first [prove_ex_derive | lazymatch goal with |- ex_derive _ ?x => eexists; batch x end].
Ltac rule_sum_rule :=
  idtac; lazymatch goal with
  | |- Derive (fun t => @?f t + @?g t) ?x = _ =>
      transitivity (Derive f x + Derive g x);
      [ apply Derive_plus; exists_here | first [reflexivity | apply Rplus_comm] ]
  end.

(** [has_gradient K F p r] by the theorem on the derivative with respect to one logit. It is what the hypothesis on the
    loss of a sample asks for in the theorems on a batch. *)
Ltac along_curves_by lemma :=
  intros; refine (gradient_of_partials _ _ _ _ _ _ _);
  [ cbv beta; prove_gradient | intros; cbv beta; simple eapply lemma; first [eassumption | side] ].
