(** The rules of the calculus, one tactic a name: those here evaluate the derivatives on both sides of a step, by the
    shape of the function, and what is left is an equation of algebra. *)
From Coq Require Export Reals Lra Lia.
From Coquelicot Require Export Coquelicot.
From Symce Require Export Sums Functions Side Calculus Chain Evaluate RulesChain RulesCitation.
Local Open Scope R_scope.

Ltac rule_derivative := first [reflexivity | evaluate_both; solve [same_here]].

Ltac rule_definition := rule_derivative.
Ltac rule_linearity := rule_derivative.
Ltac rule_product_rule := rule_derivative.
Ltac rule_quotient_rule := rule_derivative.
Ltac rule_power_rule := rule_derivative.
Ltac rule_derivative_of_log := rule_derivative.
Ltac rule_derivative_of_exp := rule_derivative.
Ltac rule_derivative_of_tanh := rule_derivative.
Ltac rule_derivative_of_abs := rule_derivative.
Ltac rule_derivative_of_sigmoid := rule_derivative.
Ltac rule_derivative_of_softplus := rule_derivative.
(* The quotient is written as softmax. *)
Ltac rule_derivative_of_logsumexp := evaluate_both; unfold softmax; solve [same_here].
Ltac rule_derivative_of_minus := rule_derivative.
Ltac rule_independent_entries := rule_derivative.
Ltac rule_softmax_jacobian := rule_derivative.
Ltac rule_sigmoid_derivative := rule_derivative.

(** The formula that defines softmax, log-sum-exp or the sigmoid. *)
Ltac rule_unfold_definition :=
  first
    [ reflexivity
    | apply Derive_ext; intro; unfold softmax, lse, sigmoid, softplus, Rdiv; first [reflexivity | f_equal; ring]
    | rule_derivative ].
