"""From a loss to its derivatives, as chains of named steps.

model.py      a loss as SymPy expressions (its syntax tree given a meaning)
proof.py      what a proof is, and the builder that records one while it is computed
tidy.py       which rules of algebra make an expression shorter
phases.py     the order in which rules are tried: one visible tuple a phase
gradient.py   dL/dz, its lemmas and corollaries
second.py     Hessian and Hessian-vector product
linear.py     the linear layer z = W x + b, the batch, L2
notebook.py   how proofs and derivations show themselves in a notebook
"""
