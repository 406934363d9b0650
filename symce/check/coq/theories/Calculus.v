(** Derivatives of curves, by the shape of the function.

    The tactic [dual] finds the value and the derivative: it applies the lemma for the function's outermost operation
    and goes on with its parts. *)
From Coq Require Import Reals Arith Lia Lra.
From Coquelicot Require Import Coquelicot.
From Symce Require Import Sums Functions Side.
From Symce Require Export Duals.
Local Open Scope R_scope.

(** The constant that a function's body is an application of. *)
Ltac head_of h := lazymatch h with ?g _ => head_of g | _ => h end.
Ltac head_of_body f :=
  let r := constr:(fun t : R => ltac:(let b := eval cbv beta in (f t) in let h := head_of b in exact h)) in
  lazymatch r with fun _ => ?h => h end.

(** c - 1, if c is a number that is written out. *)
Ltac number_less n m :=
  let n := eval compute in (n - m)%Z in
  lazymatch n with
  | Zneg ?p => lazymatch m with 1%Z => constr:(- IZR (Zpos p)) | _ => constr:(- (IZR (Zpos p) / IZR m)) end
  | _ => lazymatch m with 1%Z => constr:(IZR n) | _ => constr:(IZR n / IZR m) end
  end.
Ltac one_less c :=
  lazymatch c with
  | IZR ?n / IZR ?m => number_less n m
  | - (IZR ?n / IZR ?m) => let n := eval compute in (- n)%Z in number_less n m
  | _ => constr:(I)
  end.

(** [dual_with leaf]: the goal is [dual f x ?v ?d], with v and d to be found; [leaf] closes goals on what moves. *)
Ltac dual_with leaf :=
  cbv beta;
  lazymatch goal with
  | |- dual (fun _ => ?c) ?x _ _ => exact (dual_const x c)
  | |- dual (fun t => t) ?x _ _ => exact (dual_id x)
  | |- dual (fun t => upd ?z ?j t ?j) _ _ _ =>
      let v := eval cbv beta in (z j) in exact (dual_upd_at z j : dual (fun t => upd z j t j) (z j) v 1)
  | |- dual (fun t => upd ?z ?j t ?k) _ _ _ =>
      let v := eval cbv beta in (z k) in exact (dual_upd z j k : dual (fun t => upd z j t k) (z j) v (delta k j))
  | |- dual (fun t => upd2 ?W ?k ?d t ?a ?b) _ _ _ => exact (dual_upd2 W k d a b)
  | |- dual (fun t => - @?f t) ?x _ _ => refine (dual_opp x f _ _ _); dual_with leaf
  | |- dual (fun t => @?f t + @?g t) ?x _ _ =>
      lazymatch f with
      | fun _ => ?c => refine (dual_plus_c x c g _ _ _); dual_with leaf
      | _ => lazymatch g with
             | fun _ => ?c => refine (dual_plus_r x c f _ _ _); dual_with leaf
             | _ => refine (dual_plus x f g _ _ _ _ _ _); [dual_with leaf | dual_with leaf]
             end
      end
  | |- dual (fun t => @?f t - @?g t) ?x _ _ =>
      lazymatch f with
      | fun _ => ?c => refine (dual_minus_c x c g _ _ _); dual_with leaf
      | _ => lazymatch g with
             | fun _ => ?c => refine (dual_minus_r x c f _ _ _); dual_with leaf
             | _ => refine (dual_minus x f g _ _ _ _ _ _); [dual_with leaf | dual_with leaf]
             end
      end
  | |- dual (fun t => @?f t * @?g t) ?x _ _ =>
      lazymatch f with
      | fun _ => ?c => refine (dual_scal x c g _ _ _); dual_with leaf
      | _ => lazymatch g with
             | fun _ => ?c => refine (dual_scal_r x c f _ _ _); dual_with leaf
             | _ => refine (dual_mult x f g _ _ _ _ _ _); [dual_with leaf | dual_with leaf]
             end
      end
  | |- dual (fun t => @?f t / @?g t) ?x _ _ =>
      lazymatch g with
      | fun _ => ?c => refine (dual_scal_r x (/ c) f _ _ _); dual_with leaf
      | _ => refine (dual_div x f g _ _ _ _ _ _ _); [dual_with leaf | dual_with leaf | side]
      end
  | |- dual (fun t => / @?f t) ?x _ _ => refine (dual_inv x f _ _ _ _); [dual_with leaf | side]
  | |- dual (fun t => exp (@?f t)) ?x _ _ => refine (dual_exp x f _ _ _); dual_with leaf
  | |- dual (fun t => ln (@?f t)) ?x _ _ => dual_ln_with leaf f x
  | |- dual (fun t => @?f t ^ 2) ?x _ _ => refine (dual_square x f _ _ _); dual_with leaf
  | |- dual (fun t => @?f t ^ ?n) ?x _ _ =>
      let m := eval cbv in (pred n) in
      let c := eval cbv [Z.of_nat Pos.of_succ_nat Pos.succ] in (IZR (Z.of_nat n)) in
      refine (dual_pow x n m c f _ _ _ eq_refl (eq_sym (INR_IZR_INZ n))); dual_with leaf
  | |- dual (fun t => Rpower (@?f t) (@?g t)) ?x _ _ =>
      lazymatch g with
      | fun _ => ?c =>
          lazymatch one_less c with
          | I => refine (dual_Rpower x f _ _ c _ _); [dual_with leaf | side]
          | ?c' => refine (dual_Rpower_number x f _ _ c c' _ _ _); [dual_with leaf | side | lra]
          end
      | _ => lazymatch f with fun _ => ?c => refine (dual_Rpower_exponent x g _ _ c _); dual_with leaf end
      end
  | |- dual (fun t => tanh (@?f t)) ?x _ _ => refine (dual_tanh x f _ _ _); dual_with leaf
  | |- dual (fun t => sigmoid (@?f t)) ?x _ _ => refine (dual_sigmoid x f _ _ _); dual_with leaf
  | |- dual (fun t => softplus (@?f t)) ?x _ _ => refine (dual_softplus x f _ _ _); dual_with leaf
  | |- dual (fun t => Derive (@?h t) (@?s t)) ?x _ _ =>
      first
        [ refine (dual_of_Derive h s _ x _ _ _ _);
          [intro; refine (dual_Derive _ _ _ _ _); solve [dual_with leaf] | dual_with leaf]
        | refine (dual_of_Derive_pos h s _ x _ _ _ _ _);
          [side | intros; refine (dual_Derive _ _ _ _ _); solve [dual_with leaf] | dual_with leaf] ]
  | |- dual (fun t => Rabs (@?f t)) ?x _ _ => refine (dual_Rabs x f _ _ _ _); [dual_with leaf | side]
  | |- dual (fun t => rsum ?K (fun k => @?f k t)) ?x _ _ =>
      refine (dual_sum x K (fun k t => f k t) _ _ _); intros; dual_with leaf
  | |- dual (fun t => softmax ?K (upd ?z ?j t) ?k) _ _ _ =>
      refine (dual_softmax_upd K z j k _ _); side_index
  | |- dual (fun t => softmax ?K (@?y t) ?k) ?x _ _ =>
      refine (dual_softmax x K y _ _ k _ _); [side_index | intros; dual_with leaf]
  | _ => first [leaf | dual_some_function leaf | unfold_moving; dual_with leaf]
  end
with dual_ln_with leaf f x :=
  first
    [ refine (dual_ln x f _ _ _ _); [dual_with leaf | solve [side_pos]]
    | lazymatch f with
      | fun t => @?g t * @?h t =>
          lazymatch g with
          | fun _ => ?c => refine (dual_ln_scal x c h _ _ _ _ _)
          | _ => lazymatch h with fun _ => ?c => refine (dual_ln_scal_r x c g _ _ _ _ _) end
          end;
          [dual_with leaf | solve [side_nonneg] | solve [side_pos]]
      end ]
(* Some function of which the slopes are known. *)
with dual_some_function leaf :=
  match goal with
  | H : forall i, (i < ?N)%nat -> has_gradient ?K (?L i) _ _ |- dual (fun t => ?L ?i (@?q t)) ?x _ _ =>
      refine (dual_gradient K (L i) _ _ q x _ _ (H i _) _ _);
      [side_index | intros; cbv beta; rewrite ?upd2_same, ?upd_same; reflexivity | intros; dual_with leaf]
  end
(* A letter that stands for an expression is replaced by it. *)
with unfold_moving := lazymatch goal with |- dual ?f _ _ _ => let c := head_of_body f in is_const c; unfold c end.

Ltac no_leaf := fail.
Ltac dual := dual_with no_leaf.

(** [ex_derive f x] and, with a value to be found, [is_derive f x ?d]. *)
Ltac prove_ex_derive := lazymatch goal with |- ex_derive ?f ?x => refine (dual_ex f x _ _ _); dual end.
Ltac differentiate :=
  lazymatch goal with
  | |- ex_derive _ _ => prove_ex_derive
  | |- is_derive ?f ?x _ => refine (dual_derive f x _ _ _); dual
  end.

(** A certificate's goal [is_derive f x r]: the derivative exists, and is r. *)
Ltac certify_derivative := intros; refine (certified _ _ _ _ _); [solve [differentiate] | ].
