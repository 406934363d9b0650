(** [sums]: a tactic for equations between expressions with finite sums and Kronecker deltas.

    The normal forms of both sides are compared by computation. Bounds of free indices are read off the hypotheses.
    [sums using (H1, H2)] also knows the equations H1 and H2, of the form [\sum_(k < K) f k = 1]. *)
From Coq Require Import Reals Arith List Lia ZArith QArith.
From Symce Require Import Sums SumExpr SumNormal SumSound SumFacts SumReify.
From Ltac2 Require Import Ltac2.
Set Default Proof Mode "Classic".
Import ListNotations.
Local Open Scope R_scope.

(** free indices: variables with a bound among the hypotheses *)
Ltac2 free_indices (st : state) : (ident * constr * constr) list :=
  let h := st.(heads) in
  List.fold_left (fun acc hyp =>
    let (name, _, type) := hyp in
    match Constr.Unsafe.kind type with
    | Constr.Unsafe.App f args =>
      match Constr.equal f (h.(lt)) with
      | true =>
        match Constr.Unsafe.kind (Array.get args 0) with
        | Constr.Unsafe.Var v =>
          match List.exist (fun x => let (w, _, _) := x in Ident.equal v w) acc with
          | true => acc
          | false => List.append acc [(v, Array.get args 1, Control.hyp name)]
          end
        | _ => acc
        end
      | false => acc
      end
    | _ => acc
    end) (Control.hyps ()) [].

Ltac2 rec range_from (n : int) (m : int) :=
  match Int.lt n m with true => n :: range_from (Int.add n 1) m | false => [] end.

(** the equations [\sum_(k < K) f k = 1] among [given] as facts on atoms *)
Ltac2 ones_of (st : state) (given : constr list) : (int * int * constr) list :=
  let h := st.(heads) in
  List.flat_map (fun proof =>
    match Constr.Unsafe.kind (Constr.type proof) with
    | Constr.Unsafe.App _ eq =>
      match Constr.Unsafe.kind (Array.get eq 1) with
      | Constr.Unsafe.App f args =>
        match Constr.equal f (h.(rsum)) with
        | true =>
          let s := size_of st (Array.get args 0) in
          let v := Fresh.fresh (st.(used)) @index in
          let var := Constr.Unsafe.make (Constr.Unsafe.Var v) in
          let body := match Constr.Unsafe.kind (Array.get args 1) with
            | Constr.Unsafe.Lambda _ b => Constr.Unsafe.substnl [var] 0 b
            | _ => app (Array.get args 1) [var]
            end in
          let (a, vs) := atom_of st [(v, 0, s)] body in
          match Int.equal (List.length vs) 1 with true => [(a, s, proof)] | false => [] end
        | false => []
        end
      | _ => []
      end
    | _ => []
    end) given.

Ltac2 prove (goal : constr) (tac : unit -> unit) : constr option :=
  Control.plus (fun () => Some (let g := goal in constr:(ltac2:(tac ()) : $g))) (fun _ => None).

Ltac2 sums_with (given : constr list) : unit :=
  let h := all_heads () in
  let st := { heads := h; atoms := []; sizes := []; used := Fresh.Free.of_goal (); below := []; size_below := false } in
  lazy_match! goal with
  | [ |- @eq R ?a ?b ] =>
    let free := free_indices st in
    let env := List.mapi (fun n x => let (v, s, _) := x in (v, n, size_of st s)) free in
    let level := List.length free in
    let e := reify st env level false a in
    let f := reify st env level false b in
    let ones := ones_of st given in
    let pair_ty := '(nat * list nat)%type in
    let nats := '(nat) in
    let pairs := '(nat * nat)%type in
    let pair n m := let n := nat_of h n in let m := nat_of h m in '(($n, $m)) in
    let ctx := list_of pairs (List.map (fun x => let (_, n, s) := x in pair n s) env) in
    let atoms := list_of '(list nat -> R) (st.(atoms)) in
    let sizes := list_of nats (st.(sizes)) in
    let var x := let (v, _, _) := x in Constr.Unsafe.make (Constr.Unsafe.Var v) in
    let vars := list_of nats (List.map var free) in
    let atom := '(fun a : nat => nth a $atoms (fun _ => 0)) in
    let size := '(fun s : nat => nth s $sizes O) in
    let rho := '(fun n : nat => nth n $vars O) in
    let ones_l := list_of pairs (List.map (fun x => let (a, s, _) := x in pair a s) ones) in
    let inh := match st.(size_below) with
      | false => []
      | true => List.flat_map (fun s =>
          let c := List.nth (st.(sizes)) s in
          match prove '(lt 0 $c) (fun () => ltac1:(lia)) with Some p => [(s, p)] | None => [] end)
          (range_from 0 (List.length (st.(sizes))))
      end in
    let inh_l := list_of nats (List.map (fun x => let (s, _) := x in nat_of h s) inh) in
    let nonzeros := List.flat_map (fun x =>
        let (n, ss) := x in
        let nn := nat_of h n in
        let ss := list_of nats (List.map (nat_of h) ss) in
        match prove '(forall vs, Forall2 (fun v s => lt v ($size s)) vs $ss -> $atom $nn vs <> 0)
            (fun () => ltac1:(nonzero_atom)) with
        | Some p => [(nn, ss, p)]
        | None => []
        end) (st.(below)) in
    let nonzeros_l := list_of pair_ty (List.map (fun x => let (n, ss, _) := x in '(($n, $ss))) nonzeros) in
    let known := '(Build_facts $nonzeros_l $inh_l $ones_l) in
    let claim := '(equal $known $ctx $e $f) in
    match Constr.equal (Std.eval_vm None claim) '(true) with
    | false => Control.zero (Tactic_failure (Some (Message.of_string "sums: the normal forms differ")))
    | true =>
      (* what the proof speaks of gets a name, so that it is typed once *)
      let name c :=
        let id := Fresh.fresh (Fresh.Free.of_goal ()) @syntax in Std.pose (Some id) c; Control.hyp id in
      let atom := name atom in
      let size := name size in
      let rho := name rho in
      let e := name e in
      let f := name f in
      let hf := List.fold_right (fun x p =>
          let (known, hypothesis) := x in
          let (_, n, s) := known in
          let (_, _, proof) := hypothesis in
          let n := nat_of h n in
          let s := nat_of h s in
          '(fits_add $size $rho _ $n $s $proof $p)) '(fits_nil $size $rho) (List.combine env free) in
      let h0 := List.fold_right (fun x p =>
          let (n, ss, proof) := x in '(nonzeros_add _ $inh_l $ones_l $atom $size $n $ss $proof $p))
          '(nonzeros_nil $inh_l $ones_l $atom $size) nonzeros in
      let hi := List.fold_right (fun x p =>
          let (s, proof) := x in let s := nat_of h s in '(inhabited_add $nonzeros_l _ $ones_l $size $s $proof $p))
          '(inhabited_nil $nonzeros_l $ones_l $size) inh in
      let h1 := List.fold_right (fun x p =>
          let (a, s, proof) := x in let a := nat_of h a in let s := nat_of h s in
          '(ones_add $nonzeros_l $inh_l _ $atom $size $a $s $proof $p))
          '(ones_nil $nonzeros_l $inh_l $atom $size) ones in
      change (@eq R (eval $atom $size $rho $e) (eval $atom $size $rho $f));
      let proof := '(equal_sound $known $atom $size $h0 $hi $h1 $ctx $rho $e $f $hf) in
      refine open_constr:($proof _);
      (* last, since only here and in the kernel the virtual machine does it *)
      Std.vm None { Std.on_hyps := Some []; Std.on_concl := Std.AllOccurrences };
      Std.reflexivity ()
    end
  end.

Ltac2 rec given_of (t : constr) : constr list :=
  lazy_match! t with
  | I => []
  | (?a, ?b) => List.append (given_of a) (given_of b)
  | ?p => [p]
  end.

Ltac sums_using given :=
  let go := ltac2:(given |- sums_with (given_of (Option.get (Ltac1.to_constr given)))) in go given.
Tactic Notation "sums" := sums_using I.
Tactic Notation "sums" "using" constr(given) := sums_using given.
