(** The normal form of SumNormal.v has the value of the expression, so what has the same normal form is equal. *)
From Coq Require Import Reals Arith List Lia Bool ZArith QArith Qreals.
From Symce Require Import Sums SumExpr SumNormal.
Import ListNotations.
Local Open Scope R_scope.

Local Arguments Qred : simpl never.
Local Arguments Qplus : simpl never.
Local Arguments Qmult : simpl never.
Local Arguments Qinv : simpl never.

Section Sound.
Variable known : facts.
Variable atom : nat -> list nat -> R.
Variable size : nat -> nat.
Notation nonzero := (nonzero known).
Notation cancel := (cancel known).
Notation tidy := (tidy known).
Notation sum_of := (sum_of known).
Notation scale := (scale known).
Notation mult := (mult known).
Notation invert := (invert known).
Notation power := (power known).
Notation norm := (norm known).
Notation equal := (equal known).
Notation eval := (eval atom size).
Notation evals := (evals atom size).

Definition fits (ctx : list (nat * nat)) (rho : nat -> nat) : Prop :=
  forall i s, range ctx i = Some s -> (rho i < size s)%nat.

Definition true_nonzeros : Prop := forall a ss, In (a, ss) (nonzeros known) ->
  forall vs, Forall2 (fun v s => (v < size s)%nat) vs ss -> atom a vs <> 0.
Definition true_inhabited : Prop := forall s, In s (inhabited known) -> (0 < size s)%nat.
Definition true_ones : Prop := forall a s, In (a, s) (ones known) -> rsum (size s) (fun v => atom a [v]) = 1.

Hypothesis H0 : true_nonzeros.
Hypothesis Hi : true_inhabited.
Hypothesis H1 : true_ones.

Definition evalm rho (m : mono) : R := Q2R (fst m) * evals rho (snd m).
Definition evalp rho (p : poly) : R := fold_right (fun m r => evalm rho m + r) 0 p.

Lemma within_sound ctx rho i s : fits ctx rho -> within ctx i s = true -> (rho i < size s)%nat.
Proof.
  intros F W. unfold within in W. destruct (range ctx i) eqn:E; [|discriminate].
  apply Nat.eqb_eq in W. subst. now apply F.
Qed.

Lemma fits_cons ctx rho i s v : fits ctx rho -> (v < size s)%nat -> fits ((i, s) :: ctx) (set rho i v).
Proof. intros F V j t. simpl. unfold set. destruct (Nat.eqb j i); [intros [= <-]; auto | apply F]. Qed.

Lemma nonzero_sound ctx rho e : fits ctx rho -> nonzero ctx e = true -> eval rho e <> 0.
Proof.
  intros F. induction e; simpl; intros N; try discriminate.
  - apply existsb_exists in N as ([b ss] & I & N). apply andb_prop in N as [N1 N2]. apply Nat.eqb_eq in N1.
    simpl in *. subst. apply (H0 _ _ I). revert ss I N2.
    assert (G : forall is ss, all2 (within ctx) is ss = true ->
      Forall2 (fun v s => (v < size s)%nat) (map rho is) ss); [|auto].
    clear is. induction is; intros [|s ss]; simpl; intros N2; try discriminate; auto.
    apply andb_prop in N2 as [N2 N3]. constructor; eauto using within_sound.
  - apply existsb_exists in N as (t & I & N). apply Nat.eqb_eq in N. subst. apply not_0_INR. specialize (Hi _ I). lia.
  - apply Rinv_neq_0_compat. auto.
Qed.

Lemma remove_sound rho e l : forall pre l', remove e pre l = Some l' ->
  evals rho pre * evals rho l = eval rho e * evals rho l'.
Proof.
  induction l; simpl; intros pre l' E; [discriminate|]. destruct (same [] e [a]) eqn:S.
  - injection E as <-. rewrite evals_rev_append.
    rewrite (same_sound atom size e [] [a] rho rho S) by (simpl; intros; f_equal; now apply Nat.eqb_eq). simpl. ring.
  - rewrite <- (IHl _ _ E). simpl. ring.
Qed.

Lemma inverse_sound rho e : eval rho (inverse e) = / eval rho e.
Proof. destruct e; auto. simpl. now rewrite Rinv_inv. Qed.

Lemma cancel_sound ctx rho l : fits ctx rho -> forall acc, evals rho (cancel ctx acc l) = evals rho acc * evals rho l.
Proof.
  intros F. induction l; simpl; intros acc; [ring|]. destruct (nonzero ctx a) eqn:N.
  - destruct (remove (inverse a) [] acc) eqn:E.
    + rewrite IHl. apply (remove_sound rho) in E. simpl in E. rewrite Rmult_1_l, inverse_sound in E. rewrite E.
      field. eauto using nonzero_sound.
    + rewrite IHl. simpl. ring.
  - rewrite IHl. simpl. ring.
Qed.

Lemma rename_sound rho a b l : forallb (safe b a) l = true ->
  delta (rho a) (rho b) * evals rho (map (rename b a) l) = delta (rho a) (rho b) * evals rho l.
Proof.
  intros S. destruct (Nat.eq_dec (rho a) (rho b)) as [E|E]; [|rewrite delta_diff by auto; ring]. f_equal.
  induction l; simpl in *; auto. apply andb_prop in S as [S1 S2]. rewrite IHl, eval_rename by auto. f_equal.
  apply eval_same. intros m. unfold set. destruct (Nat.eqb_spec m b); congruence.
Qed.

Lemma deltas_sound rho n : forall acc l, evals rho (deltas n acc l) = evals rho acc * evals rho l.
Proof.
  induction n; intros acc l; simpl; [rewrite evals_rev_append; ring|].
  destruct l as [|f r]; [rewrite evals_rev_append; simpl; ring|].
  destruct f; try (rewrite IHn; simpl; ring).
  destruct (Nat.eqb_spec i j). { subst. rewrite IHn. simpl. rewrite delta_same. ring. }
  destruct (_ && _) eqn:E; [|rewrite IHn; simpl; ring]. apply andb_prop in E as [E1 E2].
  rewrite IHn. simpl. apply (rename_sound rho) in E1. apply (rename_sound rho) in E2.
  assert (D : delta (rho i) (rho j) = delta (rho (Nat.min i j)) (rho (Nat.max i j))).
  { destruct (Nat.min_spec i j) as [[? ->]|[? ->]]; [rewrite Nat.max_r by lia | rewrite Nat.max_l by lia];
      auto using delta_sym. }
  rewrite D, E1. rewrite (Rmult_comm (delta _ _)), Rmult_assoc, E2. ring.
Qed.

Lemma tidy_sound ctx rho l : fits ctx rho -> evals rho (tidy ctx l) = evals rho l.
Proof.
  intros F. unfold tidy. cbv zeta. set (l' := if existsb _ l then _ else l).
  assert (D : evals rho l' = evals rho l).
  { subst l'. destruct existsb; auto. rewrite deltas_sound. simpl. ring. }
  rewrite <- D. clearbody l'. destruct existsb; auto. rewrite cancel_sound by auto. simpl. ring.
Qed.

Lemma evals_partition rho p l : evals rho (fst (partition p l)) * evals rho (snd (partition p l)) = evals rho l.
Proof.
  induction l; simpl; [ring|]. rewrite <- IHl. destruct (partition p l), (p a); simpl; ring.
Qed.

Lemma partition_fresh rho i v l :
  evals (set rho i v) (fst (partition (fresh i) l)) = evals rho (fst (partition (fresh i) l)).
Proof.
  induction l; simpl; auto. destruct (partition (fresh i) l) as [a' b'], (fresh i a) eqn:E; simpl in *; auto.
  now rewrite IHl, (eval_fresh atom size).
Qed.

Lemma sum_of_sound ctx i s m rho : fits ctx rho ->
  evalm rho (sum_of ctx i s m) = rsum (size s) (fun v => evalm (set rho i v) m).
Proof.
  intros F. destruct m as [q l]. unfold sum_of, evalm. simpl snd. simpl fst.
  pose proof (partition_fresh rho i) as P. pose proof (fun rho => evals_partition rho (fresh i) l) as A.
  specialize (fun v => P v l). destruct (partition (fresh i) l) as [apart inside]. simpl in *.
  rewrite tidy_sound, evals_app by auto.
  transitivity (Q2R q * (evals rho apart * rsum (size s) (fun v => evals (set rho i v) inside))).
  2:{ rewrite <- rsum_scal_l, <- rsum_scal_l. apply rsum_ext. intros v _. rewrite <- A, P. ring. }
  f_equal. f_equal. clear A P apart.
  assert (G : evals rho [Sum i s (prodl inside)] = rsum (size s) (fun v => evals (set rho i v) inside)).
  { simpl. rewrite Rmult_1_r. apply rsum_ext. intros. apply eval_prodl. }
  destruct inside as [|f [|g r]]; auto.
  - simpl. rewrite rsum_const. ring.
  - destruct f; auto.
    + destruct is as [|j [|? ?]]; auto. destruct (_ && _) eqn:E; auto. apply andb_prop in E as [E1 E2].
      apply Nat.eqb_eq in E1. subst j. apply existsb_exists in E2 as ([b t] & I & E). apply andb_prop in E as [E1 E2].
      apply Nat.eqb_eq in E1, E2. simpl in *. subst. symmetry. etransitivity; [|apply (H1 _ _ I)].
      apply rsum_ext. intros v _. unfold set. rewrite Nat.eqb_refl. ring.
    + destruct (_ || _) eqn:E; auto. simpl. symmetry.
      apply orb_prop in E as [E|E]; apply andb_prop in E as [E E3]; apply andb_prop in E as [E1 E2];
        apply Nat.eqb_eq in E1; apply negb_true_iff in E3; subst; apply (within_sound _ _ _ _ F) in E2.
      * etransitivity; [|apply (rsum_delta1 (size s) (rho i0)); auto]. apply rsum_ext. intros v _. unfold set.
        rewrite E3, Nat.eqb_refl, delta_sym. ring.
      * etransitivity; [|apply (rsum_delta1 (size s) (rho j)); auto]. apply rsum_ext. intros v _. unfold set.
        rewrite E3, Nat.eqb_refl. ring.
  - destruct f; auto; destruct is as [|? [|? ?]]; auto.
Qed.

Lemma Q2R_red q : Q2R (Qred q) = Q2R q.
Proof. apply Qeq_eqR, Qred_correct. Qed.

Lemma plus_sound rho m p : evalp rho (plus m p) = evalm rho m + evalp rho p.
Proof.
  assert (C : forall m p, evalp rho (m :: p) = evalm rho m + evalp rho p) by reflexivity.
  induction p as [|m' p IH]; cbn [plus]; auto. destruct (same _ _ _) eqn:S; cbv zeta.
  - apply (same_sound atom size) with (rho := rho) (rho' := rho) in S;
      [|simpl; intros; f_equal; now apply Nat.eqb_eq]. rewrite eval_prodl in S.
    assert (E : Q2R (Qred (fst m + fst m')) * evals rho (snd m') = evalm rho m + evalm rho m').
    { unfold evalm. rewrite Q2R_red, Q2R_plus, S. ring. }
    rewrite C, <- Rplus_assoc, <- E. destruct (Z.eqb_spec (Qnum (Qred (fst m + fst m'))) 0) as [Z|Z].
    + replace (Q2R (Qred (fst m + fst m'))) with 0; [ring|]. unfold Q2R. rewrite Z. symmetry. apply Rmult_0_l.
    + reflexivity.
  - rewrite !C, IH. ring.
Qed.

Lemma sum_poly_sound rho p p' : evalp rho (sum_poly p p') = evalp rho p + evalp rho p'.
Proof. induction p; simpl; [ring|]. rewrite plus_sound, IHp. ring. Qed.

Lemma scale_sound ctx rho m p : fits ctx rho -> evalp rho (scale ctx m p) = evalm rho m * evalp rho p.
Proof.
  intros F. induction p; simpl; [ring|]. rewrite IHp. unfold evalm. simpl.
  rewrite Q2R_red, Q2R_mult, tidy_sound, evals_app by auto. ring.
Qed.

Lemma mult_sound ctx rho p p' : fits ctx rho -> evalp rho (mult ctx p p') = evalp rho p * evalp rho p'.
Proof. intros F. induction p; simpl; [ring|]. rewrite sum_poly_sound, IHp, scale_sound by auto. ring. Qed.

Lemma negate_sound rho p : evalp rho (negate p) = - evalp rho p.
Proof. induction p; simpl; [ring|]. rewrite IHp. unfold evalm. simpl. rewrite Q2R_opp. ring. Qed.

Lemma of_poly_sound rho p : eval rho (of_poly p) = evalp rho p.
Proof. induction p; simpl; auto. rewrite IHp, eval_prodl. unfold evalm, Q2R. ring. Qed.

Lemma evals_inverse rho l : evals rho (map inverse l) = / evals rho l.
Proof. induction l; simpl; [now rewrite Rinv_1|]. now rewrite IHl, inverse_sound, Rinv_mult. Qed.

Lemma invert_sound ctx rho p : fits ctx rho -> evalp rho (invert ctx p) = / evalp rho p.
Proof.
  intros F. assert (G : evalp rho [(1%Q, [Inv (of_poly p)])] = / evalp rho p).
  { simpl. unfold evalm. simpl. rewrite of_poly_sound. replace (Q2R 1) with 1 by (unfold Q2R; simpl; field). ring. }
  destruct p as [|[q l] [|? ?]]; auto; [simpl; now rewrite Rinv_0|]. simpl.
  destruct (Z.eqb_spec (Qnum q) 0); auto.
  simpl. unfold evalm. simpl. rewrite tidy_sound, evals_inverse, Q2R_red, Q2R_inv, !Rplus_0_r, Rinv_mult; auto.
  intros E. apply n. unfold Qeq in E. simpl in E. lia.
Qed.

Lemma power_sound ctx rho p n : fits ctx rho -> evalp rho (power ctx p n) = evalp rho p ^ n.
Proof.
  intros F. induction n as [|[|n] IH].
  - simpl. unfold evalm. simpl. unfold Q2R. simpl. field.
  - simpl. ring.
  - change (power ctx p (S (S n))) with (mult ctx p (power ctx p (S n))). rewrite mult_sound, IH by auto. reflexivity.
Qed.

Lemma norm_sound e : forall ctx rho, fits ctx rho -> evalp rho (norm ctx e) = eval rho e.
Proof.
  assert (One : Q2R 1 = 1) by (unfold Q2R; simpl; field).
  assert (Leaf : forall rho e, evalp rho [(1%Q, [e])] = eval rho e).
  { intros. simpl. unfold evalm. simpl. rewrite One. ring. }
  induction e; intros ctx rho F; simpl norm; auto.
  - destruct (Z.eqb_spec n 0); [subst; auto|]. simpl. unfold evalm, Q2R, inject_Z. simpl. field.
  - destruct (Nat.eqb_spec i j); auto. subst. simpl. rewrite delta_same. unfold evalm. simpl. rewrite One. ring.
  - rewrite sum_poly_sound, IHe1, IHe2 by auto. reflexivity.
  - rewrite sum_poly_sound, negate_sound, IHe1, IHe2 by auto. simpl. ring.
  - rewrite mult_sound, IHe1, IHe2 by auto. reflexivity.
  - rewrite negate_sound, IHe by auto. reflexivity.
  - rewrite invert_sound, IHe by auto. reflexivity.
  - rewrite mult_sound, invert_sound, IHe1, IHe2 by auto. reflexivity.
  - rewrite power_sound, IHe by auto. reflexivity.
  - rewrite sum_poly_sound. simpl evalp at 2. rewrite Rplus_0_r. simpl.
    transitivity (rsum (size s) (fun v => evalp (set rho i v) (norm ((i, s) :: ctx) e))).
    2:{ apply rsum_ext. intros. apply IHe. auto using fits_cons. }
    induction (norm ((i, s) :: ctx) e) as [|m p IH]; simpl.
    + rewrite rsum_const. ring.
    + rewrite IH, sum_of_sound, <- rsum_plus by auto. reflexivity.
Qed.

Theorem equal_sound ctx rho e f : fits ctx rho -> equal ctx e f = true -> eval rho e = eval rho f.
Proof.
  intros F E. unfold equal in E. pose proof (norm_sound (Sub e f) ctx rho F) as N.
  destruct (norm ctx (Sub e f)); [|discriminate]. simpl in N. apply Rminus_diag_uniq. auto.
Qed.

End Sound.
