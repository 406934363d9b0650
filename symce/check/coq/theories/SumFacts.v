(** What the tactic [sums] knows: bounds of indices, what is nonzero, which ranges have elements, what adds up to 1. *)
From Coq Require Import Reals Arith List ZArith QArith.
From Symce Require Import Sums SumExpr SumNormal SumSound Functions Side.
Import ListNotations.
Local Open Scope R_scope.

Lemma fits_nil size rho : fits size [] rho.
Proof. intros i s. discriminate. Qed.

Lemma fits_add size rho ctx i s : (rho i < size s)%nat -> fits size ctx rho -> fits size ((i, s) :: ctx) rho.
Proof.
  intros H F j t. simpl. destruct (Nat.eqb_spec j i); [|apply F]. intros [= <-]. now subst.
Qed.

Lemma nonzeros_nil i o atom size : true_nonzeros (Build_facts [] i o) atom size.
Proof. intros a ss []. Qed.

Lemma nonzeros_add l i o (atom : nat -> list nat -> R) size a ss :
  (forall vs, Forall2 (fun v s => (v < size s)%nat) vs ss -> atom a vs <> 0) ->
  true_nonzeros (Build_facts l i o) atom size -> true_nonzeros (Build_facts ((a, ss) :: l) i o) atom size.
Proof. intros H F b t [[= <- <-]|I]; [exact H | exact (F _ _ I)]. Qed.

Lemma inhabited_nil l o size : true_inhabited (Build_facts l [] o) size.
Proof. intros s []. Qed.

Lemma inhabited_add l i o size s : (0 < size s)%nat ->
  true_inhabited (Build_facts l i o) size -> true_inhabited (Build_facts l (s :: i) o) size.
Proof. intros H F t [<-|I]; [exact H | exact (F _ I)]. Qed.

Lemma ones_nil l i atom size : true_ones (Build_facts l i []) atom size.
Proof. intros a s []. Qed.

Lemma ones_add l i o (atom : nat -> list nat -> R) size a s : rsum (size s) (fun v => atom a [v]) = 1 ->
  true_ones (Build_facts l i o) atom size -> true_ones (Build_facts l i ((a, s) :: o)) atom size.
Proof. intros H F b t [[= <- <-]|I]; [exact H | exact (F _ _ I)]. Qed.

(** an atom is nonzero for all its indices within their ranges *)
Ltac nonzero_atom :=
  let vs := fresh "vs" in let H := fresh "H" in
  intros vs H;
  repeat match goal with
  | H : Forall2 _ _ (_ :: _) |- _ => inversion H; clear H; subst
  | H : Forall2 _ _ [] |- _ => inversion H; clear H; subst
  end;
  simpl in *; side.
