"""The chain rule through a linear layer z = W x + b, through a batch of samples, and past an L2 penalty."""

from __future__ import annotations

from sympy import Add, Expr, Indexed, IndexedBase, Symbol

from symce.algebra.binders import FiniteSum
from symce.algebra.indices import ClassIndex, FeatureIndex, SampleIndex
from symce.algebra.nodes import Named, Partial, Product, Total
from symce.rules import laws as L
from symce.rules.rule import Rule

i = SampleIndex("i")
d = FeatureIndex("d")
W = IndexedBase("W", real=True)
b = IndexedBase("b", real=True)
x = IndexedBase("x", real=True)
X = IndexedBase("X", real=True)
#: G_ij: the derivative of sample i's loss with respect to its logit j
G = IndexedBase("G", real=True)
#: the loss of sample i, and the denominator of the mean
sample_loss = IndexedBase("L", real=True)
M = Symbol("M", positive=True)
weight_decay = Symbol("lambda", nonnegative=True)
#: the batch's loss, whatever the loss of a sample is
batch_loss = Named(Symbol("Lbatch"), FiniteSum(sample_loss[i], i) / M)


def logit(index: ClassIndex) -> Expr:
    """z_k = sum_d W_kd x_d + b_k, under its name."""
    m = FeatureIndex.fresh([d])
    return Named(L.z[index], FiniteSum(W[index, m] * x[m], m) + b[index])


def logit_of_sample(sample: SampleIndex, index: ClassIndex) -> Expr:
    """z_ik = sum_d X_id W_kd + b_k, under its name."""
    m = FeatureIndex.fresh([d])
    return Named(L.z[sample, index], FiniteSum(X[sample, m] * W[index, m], m) + b[index])


def _chain_linear(expr: Expr) -> Expr | None:
    if not (isinstance(expr.variable, Indexed) and expr.variable.base in (W, b, x)) or expr.has(batch_loss):
        return None
    index = ClassIndex.fresh(expr.free_symbols)
    return FiniteSum(Product(Total(expr.function, L.z[index]), Partial(logit(index), expr.variable)), index)


def _chain_batch(expr: Expr) -> Expr | None:
    if expr.function != batch_loss:
        return None
    index = ClassIndex.fresh(expr.free_symbols)
    product = Product(G[i, index], Partial(logit_of_sample(i, index), expr.variable))
    return FiniteSum(FiniteSum(product, index), i) / M


def _sum_rule(expr: Expr) -> Expr | None:
    body = expr.function.definition if isinstance(expr.function, Named) else expr.function
    if not (isinstance(body, Add) and batch_loss in body.args):
        return None
    return Total(batch_loss, expr.variable) + Partial(body - batch_loss, expr.variable)


CHAIN_LINEAR = Rule(
    "chain-rule-linear-layer",
    (
        Total(L.f.func(logit(L.j)), W[L.k, d]),
        FiniteSum(Product(Total(L.f.func(L.z[L.j]), L.z[L.l]), Partial(logit(L.l), W[L.k, d])), L.l),
    ),
    "The loss depends on the parameters through the logits alone.",
    lambda e: _chain_linear(e) if isinstance(e, Total) else None,
    coq="chain",
    heads=(Total,),
)
CHAIN_BATCH = Rule(
    "chain-rule-batch",
    (
        Total(batch_loss, W[L.k, d]),
        FiniteSum(FiniteSum(Product(G[i, L.l], Partial(logit_of_sample(i, L.l), W[L.k, d])), L.l), i) / M,
    ),
    "The samples add up, and each depends on the parameters through its own logits; G_ij is the derivative of the loss "
    "of sample i with respect to its logit j.",
    lambda e: _chain_batch(e) if isinstance(e, Total) else None,
    coq="chain",
    heads=(Total,),
)
SUM_RULE = Rule(
    "sum-rule",
    (
        Total(Named(Symbol("Lreg"), batch_loss + W[L.j, d] ** 2), W[L.k, d]),
        Total(batch_loss, W[L.k, d]) + Partial(W[L.j, d] ** 2, W[L.k, d]),
    ),
    "The penalty depends on the weights directly, not through the logits.",
    lambda e: _sum_rule(e) if isinstance(e, Total) else None,
    coq="linearity",
    heads=(Total,),
)
RULES: tuple[Rule, ...] = (CHAIN_LINEAR, CHAIN_BATCH, SUM_RULE)
