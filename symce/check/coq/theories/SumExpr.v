(** The syntax of expressions with finite sums and Kronecker deltas, and what they mean.

    Products, sums, quotients and [\sum] are syntax here; all else is an atom, that is a function of the indices that
    occur in it. The name of an index is a number; bound indices have larger ones than the surroundings. *)
From Coq Require Import Reals Arith List Lia Bool ZArith.
From Symce Require Import Sums.
Import ListNotations.
Local Open Scope R_scope.

Inductive expr : Set :=
| Num (n : Z)
| Atom (a : nat) (is : list nat)
| Delta (i j : nat)
| Size (s : nat)
| Add (e f : expr)
| Sub (e f : expr)
| Mul (e f : expr)
| Opp (e : expr)
| Inv (e : expr)
| Div (e f : expr)
| Pow (e : expr) (n : nat)
| Sum (i s : nat) (e : expr).

Definition set (rho : nat -> nat) (i v : nat) : nat -> nat := fun m => if Nat.eqb m i then v else rho m.

Section Meaning.
Variable atom : nat -> list nat -> R.
Variable size : nat -> nat.

Fixpoint eval (rho : nat -> nat) (e : expr) : R :=
  match e with
  | Num n => IZR n
  | Atom a is => atom a (map rho is)
  | Delta i j => delta (rho i) (rho j)
  | Size s => INR (size s)
  | Add e f => eval rho e + eval rho f
  | Sub e f => eval rho e - eval rho f
  | Mul e f => eval rho e * eval rho f
  | Opp e => - eval rho e
  | Inv e => / eval rho e
  | Div e f => eval rho e / eval rho f
  | Pow e n => eval rho e ^ n
  | Sum i s e => rsum (size s) (fun v => eval (set rho i v) e)
  end.

(** ** An index that does not occur free *)
Fixpoint fresh (i : nat) (e : expr) : bool :=
  match e with
  | Num _ | Size _ => true
  | Atom _ is => forallb (fun j => negb (Nat.eqb j i)) is
  | Delta j k => negb (Nat.eqb j i) && negb (Nat.eqb k i)
  | Add e f | Sub e f | Mul e f | Div e f => fresh i e && fresh i f
  | Opp e | Inv e | Pow e _ => fresh i e
  | Sum j _ e => Nat.eqb j i || fresh i e
  end.

Lemma eval_ext e : forall rho rho', (forall m, fresh m e = false -> rho m = rho' m) -> eval rho e = eval rho' e.
Proof.
  induction e; intros rho rho' H; simpl in *;
    try (rewrite (IHe1 rho rho'), (IHe2 rho rho'); auto; intros m F; apply H; rewrite F; auto using andb_false_r);
    try (rewrite (IHe rho rho'); auto); auto.
  - f_equal. apply map_ext_in. intros j Hj. apply H. apply not_true_is_false. intros F.
    rewrite forallb_forall in F. specialize (F j Hj). now rewrite Nat.eqb_refl in F.
  - rewrite (H i), (H j); auto; rewrite Nat.eqb_refl; simpl; auto using andb_false_r.
  - apply rsum_ext. intros v _. apply IHe. intros m F. unfold set. destruct (Nat.eqb_spec m i); auto.
    apply H. rewrite F, orb_false_r. apply Nat.eqb_neq. auto.
Qed.

Lemma eval_same e rho rho' : (forall m, rho m = rho' m) -> eval rho e = eval rho' e.
Proof. intros H. apply eval_ext. auto. Qed.

Lemma eval_fresh e rho i v : fresh i e = true -> eval (set rho i v) e = eval rho e.
Proof.
  intros F. apply eval_ext. intros m Fm. unfold set. destruct (Nat.eqb_spec m i); auto. subst. congruence.
Qed.

(** ** An index put in the place of another *)
Definition put (i j m : nat) : nat := if Nat.eqb m i then j else m.

Fixpoint rename (i j : nat) (e : expr) : expr :=
  match e with
  | Num _ | Size _ => e
  | Atom a is => Atom a (map (put i j) is)
  | Delta k l => Delta (put i j k) (put i j l)
  | Add e f => Add (rename i j e) (rename i j f)
  | Sub e f => Sub (rename i j e) (rename i j f)
  | Mul e f => Mul (rename i j e) (rename i j f)
  | Div e f => Div (rename i j e) (rename i j f)
  | Opp e => Opp (rename i j e)
  | Inv e => Inv (rename i j e)
  | Pow e n => Pow (rename i j e) n
  | Sum k s b => if Nat.eqb k i then e else Sum k s (rename i j b)
  end.

(** nothing captures [j] *)
Fixpoint safe (i j : nat) (e : expr) : bool :=
  match e with
  | Add e f | Sub e f | Mul e f | Div e f => safe i j e && safe i j f
  | Opp e | Inv e | Pow e _ => safe i j e
  | Sum k _ b => Nat.eqb k i || (negb (Nat.eqb k j) && safe i j b)
  | _ => true
  end.

Lemma eval_rename e : forall i j rho, safe i j e = true -> eval rho (rename i j e) = eval (set rho i (rho j)) e.
Proof.
  assert (P : forall i j rho m, rho (put i j m) = set rho i (rho j) m).
  { intros. unfold put, set. now destruct (Nat.eqb m i). }
  induction e; intros i' j' rho S; simpl in *; try apply andb_prop in S as [S1 S2];
    try (rewrite IHe1, IHe2; now auto); try (rewrite IHe; now auto); auto.
  - rewrite map_map. f_equal. apply map_ext. intros. apply P.
  - destruct (Nat.eqb_spec i i').
    + subst. simpl. apply rsum_ext. intros v _. apply eval_same. intros m. unfold set. now destruct (Nat.eqb m i').
    + simpl in *. apply andb_prop in S as [S1 S2]. apply negb_true_iff, Nat.eqb_neq in S1.
      apply rsum_ext. intros v _. rewrite IHe by auto. apply eval_same. intros m. unfold set.
      destruct (Nat.eqb_spec j' i); [lia|]. destruct (Nat.eqb_spec m i'), (Nat.eqb_spec m i); congruence || lia || auto.
Qed.

(** ** Products as lists of factors *)
Definition evals (rho : nat -> nat) (l : list expr) : R := fold_right (fun e r => eval rho e * r) 1 l.

Fixpoint flat (e : expr) : list expr :=
  match e with Mul f r => f :: flat r | Num 1 => [] | _ => [e] end.

Definition prodl (l : list expr) : expr := fold_right Mul (Num 1) l.

Lemma evals_flat rho e : evals rho (flat e) = eval rho e.
Proof.
  induction e; simpl in *; try ring.
  - destruct n; simpl; try ring. destruct p; simpl; ring.
  - rewrite IHe2. ring.
Qed.

Lemma eval_prodl rho l : eval rho (prodl l) = evals rho l.
Proof. induction l; simpl; auto. now rewrite IHl. Qed.

Lemma evals_app rho l l' : evals rho (l ++ l') = evals rho l * evals rho l'.
Proof. induction l; simpl; [ring|]. rewrite IHl. ring. Qed.

Lemma evals_rev_append rho l l' : evals rho (rev_append l l') = evals rho l * evals rho l'.
Proof. revert l'. induction l; simpl; intros; [ring|]. rewrite IHl. simpl. ring. Qed.

(** ** Equality up to the names of bound indices and the order of factors *)
Fixpoint vrel (m : list (nat * nat)) (x y : nat) : bool :=
  match m with
  | [] => Nat.eqb x y
  | (i, j) :: m' => if Nat.eqb x i then Nat.eqb y j else if Nat.eqb y j then false else vrel m' x y
  end.

Fixpoint all2 {A B} (p : A -> B -> bool) (l : list A) (l' : list B) : bool :=
  match l, l' with
  | [], [] => true
  | x :: r, y :: r' => p x y && all2 p r r'
  | _, _ => false
  end.

Fixpoint same (m : list (nat * nat)) (e : expr) (l : list expr) : bool :=
  match e with
  | Mul f r =>
    (fix find pre l :=
      match l with
      | [] => false
      | g :: l' => if same m f [g] then same m r (rev_append pre l') else find (g :: pre) l'
      end) [] l
  | Num n => match l with [] => Z.eqb n 1 | [Num n'] => Z.eqb n n' | _ => false end
  | Atom a is => match l with [Atom b js] => Nat.eqb a b && all2 (vrel m) is js | _ => false end
  | Delta i j => match l with [Delta k l] => (vrel m i k && vrel m j l) || (vrel m i l && vrel m j k) | _ => false end
  | Size s => match l with [Size t] => Nat.eqb s t | _ => false end
  | Inv e => match l with [Inv f] => same m e (flat f) | _ => false end
  | Sum i s e => match l with [Sum j t f] => Nat.eqb s t && same ((i, j) :: m) e (flat f) | _ => false end
  | Add e f => match l with [Add e' f'] => same m e (flat e') && same m f (flat f') | _ => false end
  | _ => false
  end.

Lemma same_sound e : forall m l rho rho', same m e l = true ->
  (forall x y, vrel m x y = true -> rho x = rho' y) -> eval rho e = evals rho' l.
Proof.
  induction e; intros m l rho rho' S V; simpl in S; try discriminate.
  - destruct l as [|[] [|? ?]]; try discriminate; apply Z.eqb_eq in S; subst; simpl; ring.
  - destruct l as [|[] [|? ?]]; try discriminate. apply andb_prop in S as [S1 S2]. apply Nat.eqb_eq in S1. subst a0.
    simpl. rewrite Rmult_1_r. f_equal. revert is0 S2.
    induction is; intros [|y is0] S2; simpl in *; try discriminate; auto.
    apply andb_prop in S2 as [S1 S2]. f_equal; auto.
  - destruct l as [|[] [|? ?]]; try discriminate. simpl. rewrite Rmult_1_r.
    apply orb_prop in S as [S|S]; apply andb_prop in S as [S1 S2]; rewrite (V _ _ S1), (V _ _ S2); auto using delta_sym.
  - destruct l as [|[] [|? ?]]; try discriminate. apply Nat.eqb_eq in S. subst. simpl. ring.
  - destruct l as [|[] [|? ?]]; try discriminate. apply andb_prop in S as [S1 S2].
    simpl. rewrite (IHe1 _ _ _ _ S1 V), (IHe2 _ _ _ _ S2 V), !evals_flat. ring.
  - simpl. enough (G : forall l pre, (fix find pre l :=
      match l with
      | [] => false
      | g :: l' => if same m e1 [g] then same m e2 (rev_append pre l') else find (g :: pre) l'
      end) pre l = true -> eval rho e1 * eval rho e2 = evals rho' pre * evals rho' l).
    { rewrite (G _ _ S). simpl. ring. }
    clear S l. induction l as [|g l IH]; intros pre S; [discriminate|].
    destruct (same m e1 [g]) eqn:E.
    + rewrite (IHe1 _ _ _ _ E V), (IHe2 _ _ _ _ S V), evals_rev_append. simpl. ring.
    + rewrite (IH _ S). simpl. ring.
  - destruct l as [|[] [|? ?]]; try discriminate. simpl. rewrite (IHe _ _ _ _ S V), evals_flat. ring.
  - destruct l as [|[] [|? ?]]; try discriminate. apply andb_prop in S as [S1 S2]. apply Nat.eqb_eq in S1. subst s0.
    simpl. rewrite Rmult_1_r. apply rsum_ext. intros v _. rewrite <- evals_flat with (e := e0).
    apply (IHe _ _ _ _ S2). intros x y. simpl. unfold set.
    destruct (Nat.eqb x i), (Nat.eqb y i0); auto; discriminate.
Qed.

End Meaning.
