(** From terms to the syntax of SumExpr.v.

    What is no sum, product, quotient, delta or power is an atom: a function of the list of the indices in it, with one
    place for each occurrence. *)
From Coq Require Import Reals List ZArith.
From Symce Require Import Sums SumExpr.
From Ltac2 Require Import Ltac2.
Set Default Proof Mode "Classic".
Local Open Scope R_scope.

Ltac2 Type heads := {
  rplus : constr; rminus : constr; rmult : constr; ropp : constr; rinv : constr; rdiv : constr; rpow : constr;
  izr : constr; inr : constr; rsum : constr; delta : constr; lt : constr; nth : constr; list_nat : constr;
  add : constr; sub : constr; mul : constr; opp : constr; inv : constr; div : constr; power : constr;
  sum : constr; dirac : constr; num : constr; atom : constr; size : constr; zero : constr; succ : constr
}.

Ltac2 all_heads () := {
  rplus := '(Rplus); rminus := '(Rminus); rmult := '(Rmult); ropp := '(Ropp); rinv := '(Rinv); rdiv := '(Rdiv);
  rpow := '(pow); izr := '(IZR); inr := '(INR); rsum := '(Sums.rsum); delta := '(Sums.delta); lt := '(Peano.lt);
  nth := '(@nth nat); list_nat := '(list nat);
  add := '(Add); sub := '(Sub); mul := '(Mul); opp := '(Opp); inv := '(Inv); div := '(Div); power := '(Pow);
  sum := '(Sum); dirac := '(Delta); num := '(Num); atom := '(Atom); size := '(Size); zero := '(O); succ := '(S)
}.

Ltac2 Type state := {
  heads : heads;
  mutable atoms : constr list;
  mutable sizes : constr list;
  mutable used : Fresh.Free.t;
  (** atoms that stand in a denominator, each with the ranges of its indices *)
  mutable below : (int * int list) list;
  mutable size_below : bool
}.

Ltac2 app (f : constr) (args : constr list) :=
  Constr.Unsafe.make (Constr.Unsafe.App f (Array.of_list args)).

Ltac2 rec nat_of (h : heads) (n : int) :=
  match Int.equal n 0 with true => h.(zero) | false => app (h.(succ)) [nat_of h (Int.sub n 1)] end.

Ltac2 rec position (l : constr list) (c : constr) (n : int) : int option :=
  match l with
  | [] => None
  | x :: r => match Constr.equal x c with true => Some n | false => position r c (Int.add n 1) end
  end.

Ltac2 rec lookup (env : (ident * int * int) list) (v : ident) : (int * int) option :=
  match env with
  | [] => None
  | x :: r => let (w, n, s) := x in match Ident.equal v w with true => Some (n, s) | false => lookup r v end
  end.

Ltac2 size_of (st : state) (c : constr) : int :=
  match position (st.(sizes)) c 0 with
  | Some n => n
  | None => let n := List.length (st.(sizes)) in st.(sizes) := List.append (st.(sizes)) [c]; n
  end.

(** The atom of [t]: a function of the list of its indices, one place for each occurrence. *)
Ltac2 atom_of (st : state) env (t : constr) : int * (int * int) list :=
  let h := st.(heads) in
  let found := { contents := [] } in
  let rec go (depth : int) (t : constr) : constr :=
    match Constr.Unsafe.kind t with
    | Constr.Unsafe.Var v =>
      match lookup env v with
      | None => t
      | Some p =>
        let n := List.length (found.(contents)) in
        found.(contents) := p :: found.(contents);
        app (h.(nth)) [nat_of h n; Constr.Unsafe.make (Constr.Unsafe.Rel (Int.add depth 1)); h.(zero)]
      end
    | Constr.Unsafe.App f args =>
      let f := go depth f in
      Constr.Unsafe.make (Constr.Unsafe.App f (Array.map (go depth) args))
    | Constr.Unsafe.Lambda b body => Constr.Unsafe.make (Constr.Unsafe.Lambda b (go (Int.add depth 1) body))
    | _ => t
    end in
  let body := go 0 t in
  let f := Constr.Unsafe.make (Constr.Unsafe.Lambda (Constr.Binder.make None (h.(list_nat))) body) in
  let n := match position (st.(atoms)) f 0 with
    | Some n => n
    | None => let n := List.length (st.(atoms)) in st.(atoms) := List.append (st.(atoms)) [f]; n
    end in
  (n, List.rev (found.(contents))).

Ltac2 rec is_nat (h : heads) (t : constr) : bool :=
  match Constr.Unsafe.kind t with
  | Constr.Unsafe.App f args =>
    match Constr.equal f (h.(succ)) with true => is_nat h (Array.get args 0) | false => false end
  | _ => Constr.equal t (h.(zero))
  end.

Ltac2 rec is_int (t : constr) : bool :=
  match Constr.Unsafe.kind t with
  | Constr.Unsafe.App f args => match is_int f with true => is_int (Array.get args 0) | false => false end
  | Constr.Unsafe.Constructor _ _ => true
  | _ => false
  end.

Ltac2 list_of (ty : constr) (l : constr list) : constr :=
  let cons := '(@cons) in
  List.fold_right (fun x r => app cons [ty; x; r]) (app '(@nil) [ty]) l.

Ltac2 rec reify (st : state) (env : (ident * int * int) list) (level : int) (under : bool) (t : constr) : constr :=
  let h := st.(heads) in
  let leaf () :=
    let (n, vs) := atom_of st env t in
    match under with
    | true =>
      let entry := (n, List.map (fun p => let (_, s) := p in s) vs) in
      match List.exist (fun p => let (m, _) := p in Int.equal m n) (st.(below)) with
      | true => ()
      | false => st.(below) := entry :: st.(below)
      end
    | false => ()
    end;
    app (h.(atom)) [nat_of h n; list_of '(nat) (List.map (fun p => let (v, _) := p in nat_of h v) vs)] in
  match Constr.Unsafe.kind t with
  | Constr.Unsafe.App f args =>
    let is c := Constr.equal f c in
    let arg i := Array.get args i in
    let binary c := let e := reify st env level under (arg 0) in app c [e; reify st env level under (arg 1)] in
    match is (h.(rplus)) with true => binary (h.(add)) | false =>
    match is (h.(rmult)) with true => binary (h.(mul)) | false =>
    match is (h.(ropp)) with true => app (h.(opp)) [reify st env level under (arg 0)] | false =>
    match is (h.(rminus)) with true => binary (h.(sub)) | false =>
    match is (h.(rinv)) with true => app (h.(inv)) [reify st env level true (arg 0)] | false =>
    match is (h.(rdiv)) with
    | true => let e := reify st env level under (arg 0) in app (h.(div)) [e; reify st env level true (arg 1)]
    | false =>
    match is (h.(rpow)) with
    | true =>
      match is_nat h (arg 1) with
      | true => app (h.(power)) [reify st env level under (arg 0); arg 1]
      | false => leaf ()
      end
    | false =>
    match is (h.(izr)) with
    | true => match is_int (arg 0) with true => app (h.(num)) [arg 0] | false => leaf () end
    | false =>
    match is (h.(inr)) with
    | true =>
      match under with true => st.(size_below) := true | false => () end;
      app (h.(size)) [nat_of h (size_of st (arg 0))]
    | false =>
    match is (h.(rsum)) with
    | true =>
      let s := size_of st (arg 0) in
      let v := Fresh.fresh (st.(used)) @index in
      st.(used) := Fresh.Free.union (st.(used)) (Fresh.Free.of_ids [v]);
      let var := Constr.Unsafe.make (Constr.Unsafe.Var v) in
      let body := match Constr.Unsafe.kind (arg 1) with
        | Constr.Unsafe.Lambda _ b => Constr.Unsafe.substnl [var] 0 b
        | _ => app (arg 1) [var]
        end in
      app (h.(sum)) [nat_of h level; nat_of h s;
        reify st ((v, level, s) :: env) (Int.add level 1) false body]
    | false =>
    match is (h.(delta)) with
    | true =>
      match Constr.Unsafe.kind (arg 0) with
      | Constr.Unsafe.Var v =>
        match Constr.Unsafe.kind (arg 1) with
        | Constr.Unsafe.Var w =>
          match lookup env v with
          | Some p =>
            match lookup env w with
            | Some q => let (i, _) := p in let (j, _) := q in app (h.(dirac)) [nat_of h i; nat_of h j]
            | None => leaf ()
            end
          | None => leaf ()
          end
        | _ => leaf ()
        end
      | _ => leaf ()
      end
    | false => leaf ()
    end end end end end end end end end end end
  | _ => leaf ()
  end.
