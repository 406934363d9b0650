"""Index calculus on SymPy, for a symbolic number of classes.

indices.py    the indices of classes, samples and features, and the ranges that their types declare
binders.py    finite sums and log-sum-exp: nodes that bind an index, equal up to the name of the index
functions.py  softmax, the logistic sigmoid and softplus as SymPy functions with derivatives
nodes.py      derivatives not yet taken, products not yet multiplied out, named subexpressions
walk.py       rewriting below binders without capture
delta.py      Kronecker deltas contracted under the declared range

letters.py, reading.py, presentation.py   how an expression is written: its letters, the order of its terms and factors
latex.py, lines.py, text.py, matrix.py    LaTeX, long lines broken, one line of text, the matrix form
"""
