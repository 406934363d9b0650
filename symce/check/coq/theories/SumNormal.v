(** A normal form of expressions with finite sums and Kronecker deltas. SumSound.v proves that it has the same value.

    An expression becomes a sum of monomials. In a monomial a factor that does not depend on the index of a sum stands
    before it; an index that a delta makes equal to another is replaced by it; a sum of a delta alone is 1, and so is a
    sum of the entries of what adds up to one; a factor known to be nonzero cancels with its inverse. *)
From Coq Require Import Arith List Bool ZArith QArith.
From Symce Require Import SumExpr.
Import ListNotations.
Local Open Scope nat_scope.

Definition mono : Set := Q * list expr.
Definition poly : Set := list mono.

(** What is known: which range an index lies in; which atoms are nonzero for indices in which ranges; which ranges are
    not empty; which atoms add up to 1 over which range. *)
Record facts : Set := { nonzeros : list (nat * list nat); inhabited : list nat; ones : list (nat * nat) }.

Fixpoint range (ctx : list (nat * nat)) (i : nat) : option nat :=
  match ctx with [] => None | (j, s) :: r => if Nat.eqb i j then Some s else range r i end.

Definition within (ctx : list (nat * nat)) (i s : nat) : bool :=
  match range ctx i with Some t => Nat.eqb t s | None => false end.

Section Normal.
Variable known : facts.

Fixpoint nonzero (ctx : list (nat * nat)) (e : expr) : bool :=
  match e with
  | Atom a is => existsb (fun p => Nat.eqb a (fst p) && all2 (within ctx) is (snd p)) (nonzeros known)
  | Size s => existsb (Nat.eqb s) (inhabited known)
  | Inv e => nonzero ctx e
  | _ => false
  end.

(** [l] without one factor that is the same as [e] *)
Fixpoint remove (e : expr) (pre l : list expr) : option (list expr) :=
  match l with
  | [] => None
  | f :: r => if same [] e [f] then Some (rev_append pre r) else remove e (f :: pre) r
  end.

Definition inverse (e : expr) : expr := match e with Inv f => f | _ => Inv e end.

(** inverse factors cancel *)
Fixpoint cancel (ctx : list (nat * nat)) (acc l : list expr) : list expr :=
  match l with
  | [] => acc
  | f :: r =>
    if nonzero ctx f then
      match remove (inverse f) [] acc with
      | Some acc' => cancel ctx acc' r
      | None => cancel ctx (f :: acc) r
      end
    else cancel ctx (f :: acc) r
  end.

(** of two indices that a delta makes equal the smaller one stays *)
Fixpoint deltas (n : nat) (acc l : list expr) : list expr :=
  match n, l with
  | S n, Delta i j :: r =>
    if Nat.eqb i j then deltas n acc r
    else
      let a := Nat.min i j in
      let b := Nat.max i j in
      if forallb (safe b a) acc && forallb (safe b a) r
      then deltas n (Delta a b :: map (rename b a) acc) (map (rename b a) r)
      else deltas n (Delta i j :: acc) r
  | S n, f :: r => deltas n (f :: acc) r
  | _, _ => rev_append l acc
  end.

Definition tidy ctx (l : list expr) : list expr :=
  let l := if existsb (fun e => match e with Delta _ _ => true | _ => false end) l then deltas (length l) [] l else l in
  if existsb (fun e => match e with Inv _ => true | _ => false end) l then cancel ctx [] l else l.

Definition sum_of ctx (i s : nat) (m : mono) : mono :=
  let (apart, inside) := partition (fresh i) (snd m) in
  let total :=
    match inside with
    | [] => [Size s]
    | [Delta j k] =>
      if (Nat.eqb k i && within ctx j s && negb (Nat.eqb j i)) || (Nat.eqb j i && within ctx k s && negb (Nat.eqb k i))
      then [] else [Sum i s (Mul (Delta j k) (Num 1))]
    | [Atom a [j]] =>
      if Nat.eqb j i && existsb (fun p => Nat.eqb a (fst p) && Nat.eqb s (snd p)) (ones known)
      then [] else [Sum i s (Mul (Atom a [j]) (Num 1))]
    | l => [Sum i s (prodl l)]
    end in
  (fst m, tidy ctx (apart ++ total)).

Fixpoint plus (m : mono) (p : poly) : poly :=
  match p with
  | [] => [m]
  | m' :: p' =>
    if same [] (prodl (snd m)) (snd m') then
      let q := Qred (fst m + fst m') in if Z.eqb (Qnum q) 0 then p' else (q, snd m') :: p'
    else m' :: plus m p'
  end.

Definition sum_poly (p p' : poly) : poly := fold_right plus p' p.

Definition scale (ctx : list (nat * nat)) (m : mono) (p : poly) : poly :=
  map (fun m' => (Qred (fst m * fst m'), tidy ctx (snd m ++ snd m'))) p.

Definition mult ctx (p p' : poly) : poly := fold_right (fun m r => sum_poly (scale ctx m p') r) [] p.

Definition of_mono (m : mono) : expr :=
  Mul (Num (Qnum (fst m))) (Mul (Inv (Num (Zpos (Qden (fst m))))) (prodl (snd m))).

Definition of_poly (p : poly) : expr := fold_right (fun m e => Add (of_mono m) e) (Num 0) p.

Definition invert ctx (p : poly) : poly :=
  match p with
  | [] => []
  | [(q, l)] => if Z.eqb (Qnum q) 0 then [(1%Q, [Inv (of_poly p)])] else [(Qred (/ q), tidy ctx (map inverse l))]
  | _ => [(1%Q, [Inv (of_poly p)])]
  end.

Definition negate (p : poly) : poly := map (fun m => (Qopp (fst m), snd m)) p.

Fixpoint power ctx (p : poly) (n : nat) : poly :=
  match n with O => [(1%Q, [])] | 1%nat => p | S n => mult ctx p (power ctx p n) end.

Fixpoint norm (ctx : list (nat * nat)) (e : expr) : poly :=
  match e with
  | Num n => if Z.eqb n 0 then [] else [(inject_Z n, [])]
  | Atom _ _ | Size _ => [(1%Q, [e])]
  | Delta i j => if Nat.eqb i j then [(1%Q, [])] else [(1%Q, [e])]
  | Add e f => sum_poly (norm ctx e) (norm ctx f)
  | Sub e f => sum_poly (negate (norm ctx f)) (norm ctx e)
  | Mul e f => mult ctx (norm ctx e) (norm ctx f)
  | Opp e => negate (norm ctx e)
  | Inv e => invert ctx (norm ctx e)
  | Div e f => mult ctx (norm ctx e) (invert ctx (norm ctx f))
  | Pow e n => power ctx (norm ctx e) n
  | Sum i s e => sum_poly (map (sum_of ctx i s) (norm ((i, s) :: ctx) e)) []
  end.

(** Whether two expressions have the same normal form. *)
Definition equal (ctx : list (nat * nat)) (e f : expr) : bool :=
  match norm ctx (Sub e f) with [] => true | _ => false end.

End Normal.
