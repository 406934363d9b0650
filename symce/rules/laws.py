"""The letters in which laws are written: arbitrary functions, vectors, constants."""

from __future__ import annotations

from sympy import Function, IndexedBase, Symbol

from symce.algebra.functions import Softmax
from symce.algebra.indices import ClassIndex

a = Symbol("a", real=True)
b = Symbol("b", real=True)
n = Symbol("n", real=True)
positive = Symbol("x", positive=True)
#: what something exceeds a bound by
slack = Symbol("t", nonnegative=True)
j = ClassIndex("j")
k = ClassIndex("k")
l = ClassIndex("l")  # noqa: E741  (the class index of the literature)
c = ClassIndex("c")
z = IndexedBase("z", real=True)
y = IndexedBase("y", real=True)
#: a true distribution and a model's, where neither is a target or softmax
true = IndexedBase("true", nonnegative=True)
model = IndexedBase("model", positive=True)
u = IndexedBase("u", real=True)
v = IndexedBase("v", real=True)
w = IndexedBase("w", real=True)
#: the variable of a derivative, and functions of it
x = z[j]
f = Function("f", positive=True)(x)
g = Function("g", positive=True)(x)
p = [Softmax(z, k), Softmax(z, j)]
pk, pj = p
p_c = Softmax(z, c)
