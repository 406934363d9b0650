"""From closed forms to passes over a row.

ir.py           RowProgram: the form between mathematics and every target; no SymPy
interpreter.py  its meaning, in a few lines of NumPy: what every target is judged by
stability/      the rules that make a closed form exact
forms.py        the nodes that they write
stable.py       the stable forms of p, log p, 1 - p, log-sum-exp
patterns.py     what lowering looks for in a closed form
apart.py        the true class apart: no negative power of 1 - p_c is left
scope.py        what a program is written with: inputs, named values, softmaxes
products.py     products and powers, what is infinite beside a 0
lower.py        expressions to programs
kernel.py       Kernel: all that a target needs to print a module; no SymPy
build.py        from a derivation to its Kernel
"""
