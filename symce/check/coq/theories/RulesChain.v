(** The chain rule as a step of a proof: what the outer function is of is read off from the partial derivatives. *)
From Coq Require Import Reals Arith Lia Lra FunctionalExtensionality.
From Coquelicot Require Import Coquelicot.
From Symce Require Import Sums Functions Side Calculus Chain Evaluate.
Local Open Scope R_scope.

(** [fun u => E[upd p k u]] as the pair of p and of what E is of a vector. *)
Ltac vector_of h :=
  let r := constr:(fun (k : nat) (u : R) => ltac:(
    let b := eval cbv beta in (h k u) in
    lazymatch b with
    | context [upd ?p k u] => lazymatch eval pattern (upd p k u) in b with ?F _ => exact (p, F) end
    end)) in
  lazymatch r with fun _ _ => ?pair => pair end.
(** [fun u => E[upd p c u]] as p, c and what E is of a vector. *)
Ltac vector_at h :=
  let r := constr:(fun (u : R) => ltac:(
    let b := eval cbv beta in (h u) in
    lazymatch b with
    | context [upd ?p ?c u] => lazymatch eval pattern (upd p c u) in b with ?F _ => exact (p, c, F) end
    end)) in
  lazymatch r with fun _ => ?triple => triple end.
(** [fun u => E[upd p c u c]] as a function of that entry alone, if it is one. *)
Ltac entry_at h p c :=
  let r := constr:(fun (u : R) => ltac:(
    let b := eval cbv beta in (h u) in
    lazymatch eval pattern (upd p c u c) in b with ?G _ => exact G end)) in
  lazymatch r with fun _ => ?G => G end.
(** p as a function of the vector z. *)
Ltac function_of_vector z p := lazymatch eval pattern z in p with ?Q _ => Q end.

Ltac at_the_point := cbv beta; rewrite ?upd_same, ?upd_at; reflexivity.
Ltac chain_sum K h z j :=
  lazymatch vector_of h with
  | (?p, ?F) =>
      let Q := function_of_vector z p in
      refine (chain_rule_through K p F Q z j _ _ _ _ _ _);
      [reflexivity | solve [prove_follows] | solve [prove_linear] | solve [intros; prove_ex_derive]]
  end.
Ltac chain_sum_direct K h z j :=
  lazymatch vector_of h with
  | (?p, ?F) =>
      let Q := function_of_vector z p in
      let F2 := function_of_vector z F in
      refine (chain_rule_direct K p (fun q y => F2 y q) Q z j _ _ _ _ _ _);
      [reflexivity | solve [prove_follows] | solve [prove_linear] | solve [intros; prove_ex_derive]]
  end.

Lemma chain_eq f h X x a (G : R -> R) :
  (forall t, f t = G (X t)) -> (forall u, G u = h u) -> X x = a -> ex_derive G a -> ex_derive X x ->
  Derive f x = Derive h a * Derive X x.
Proof.
  intros E E' Ea HG HX. refine (eq_trans (Derive_ext f _ x E) (eq_trans (chain_rule_one G X x a Ea HG HX) _)).
  f_equal. now apply Derive_ext.
Qed.
Lemma chain_eq_direct f f0 h X a (G : R -> (nat -> R) -> R) z j v D :
  (forall t, f t = G (X t) (upd z j t)) -> (forall t, G a (upd z j t) = f0 t) -> (forall u, G u z = h u) ->
  X (z j) = a ->
  follows 1 (fun q t => G (q 0%nat) (upd z j t)) (fun _ => a) (z j) v D -> linear 1 D -> ex_derive X (z j) ->
  Derive f (z j) = Derive f0 (z j) + Derive h a * Derive X (z j).
Proof.
  intros E E0 E' Ea HG L HX.
  refine (eq_trans (Derive_ext f _ _ E) (eq_trans (chain_rule_one_direct G X a z j v D Ea HG L HX) _)).
  f_equal; [|f_equal]; now apply Derive_ext.
Qed.

(** Each entry of [P z] is a function of its own entry of z: all but the one that moves stay. *)
Ltac elementwise p z :=
  let c := head_of p in
  apply functional_extensionality; intro; unfold c, upd;
  match goal with
  | |- context [Nat.eqb ?i ?j] => destruct (Nat.eqb_spec i j); subst; rewrite ?Nat.eqb_refl; reflexivity
  end.

Ltac chain_one f h X x a :=
  lazymatch vector_at h with
  | (?p, ?c, ?F) =>
      first
        [ let G := entry_at h p c in
          refine (chain_eq f h X x a G _ _ _ _ _);
          [intro; reflexivity | intro; cbv beta; rewrite upd_at; reflexivity | at_the_point
          | solve [prove_ex_derive] | solve [prove_ex_derive]]
        | lazymatch x with
          | ?z ?j =>
            let Q := function_of_vector z p in
            refine (chain_eq f h X x a h _ _ _ _ _);
            [ intro; refine (f_equal F (_ : Q (upd z j _) = upd p c (X _))); cbv beta; elementwise p z
            | reflexivity | at_the_point | solve [prove_ex_derive] | solve [prove_ex_derive] ]
          end ]
  end.
Ltac chain_one_direct f f0 h X z j a :=
  lazymatch vector_at h with
  | (?p, ?c, ?F) =>
      first
        [ let G := entry_at h p c in
          let G2 := function_of_vector z G in
          refine (chain_eq_direct f f0 h X a (fun u y => G2 y u) z j _ _ _ _ _ _ _ _ _);
          [intro; reflexivity | intro; reflexivity | intro; cbv beta; rewrite upd_at; reflexivity | at_the_point
          | solve [prove_follows] | solve [prove_linear] | solve [prove_ex_derive]]
        | let Q := function_of_vector z p in
          let F2 := function_of_vector z F in
          refine (chain_eq_direct f f0 h X a (fun u y => F2 y (upd p c u)) z j _ _ _ _ _ _ _ _ _);
          [ intro; refine (f_equal (F2 (upd z j _)) (_ : Q (upd z j _) = upd p c (X _))); cbv beta; elementwise p z
          | intro; cbv beta; rewrite ?upd_same; reflexivity
          | reflexivity | at_the_point | solve [prove_follows] | solve [prove_linear] | solve [prove_ex_derive] ] ]
  end.

Ltac rule_chain_rule :=
  first
    [ reflexivity
    | lazymatch goal with
      | |- Derive ?f (?z ?j) = rsum ?K (fun k => Derive (@?h k) _ * Derive _ _) => chain_sum K h z j
      | |- Derive ?f (?z ?j) = Derive _ _ + rsum ?K (fun k => Derive (@?h k) _ * Derive _ _) => chain_sum_direct K h z j
      | |- Derive ?f (?z ?j) = rsum ?K (fun k => Derive (@?h k) _ * Derive _ _) + Derive _ _ =>
          refine (eq_trans _ (Rplus_comm _ _)); chain_sum_direct K h z j
      | |- Derive ?f ?x = Derive ?h ?a * Derive ?X ?x => chain_one f h X x a
      | |- Derive ?f (?z ?j) = Derive ?f0 _ + Derive ?h ?a * Derive ?X _ =>
          chain_one_direct f f0 h X z j a
      | |- Derive ?f (?z ?j) = Derive ?h ?a * Derive ?X _ + Derive ?f0 _ =>
          refine (eq_trans _ (Rplus_comm _ _)); chain_one_direct f f0 h X z j a
      end
    | evaluate_both; solve [same_here] ].
Ltac rule_chain_rule_elementwise := rule_chain_rule.
