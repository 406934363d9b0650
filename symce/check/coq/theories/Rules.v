(** All rules: for each a tactic [rule_NAME] that proves a step by it. *)
From Symce Require Export RulesCalculus RulesAlgebra RulesTheorems RulesLayers.
