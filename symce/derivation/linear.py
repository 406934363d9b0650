"""The linear layer z = W x + b under a loss, and a batch of samples: for every loss at once, then for one.

With g = dL/dz: dL/dW = g x^T, dL/db = g, dL/dx = W^T g. Over a batch with the mean's denominator M (N, the sum of the
weights, or what the caller gives): (1/M) G^T X and (1/M) G^T 1; an L2 penalty (lambda/2) ||W||_F^2 adds lambda W.
"""

from __future__ import annotations

from sympy import Add, Expr, Indexed, IndexedBase, Symbol

from symce.algebra.binders import FiniteSum
from symce.algebra.functions import Sigmoid, Softmax
from symce.algebra.indices import ClassIndex, FeatureIndex, c, j
from symce.algebra.nodes import Named, Partial, Product, Total
from symce.algebra.walk import bottom_up
from symce.derivation.gradient import Derivative
from symce.derivation.model import Model, k, y, z
from symce.derivation.phases import CONTRACT, DIFFERENTIATE
from symce.derivation.proof import Builder, Proof, citation
from symce.rules.cost import cost
from symce.rules.linear import CHAIN_BATCH, CHAIN_LINEAR, SUM_RULE, G, W, b, batch_loss, d, i, weight_decay, x
from symce.rules.rule import Rule
from symce.rules.sums import CONTRACT as DELTA

g = IndexedBase("g", real=True)
#: probabilities, sigmoids, targets and effective targets of a batch, one row a sample
P, S, Y, Q = (IndexedBase(name, real=True) for name in ("P", "S", "Y", "Q"))

#: a closed form longer than this stands under its name g_j
SHORT = 9


def linear_layer(model: Model, gradient: Derivative) -> tuple[Proof, ...]:
    """dL/dW, dL/db, dL/dx for one sample; then for a batch; then with L2."""
    single = _by_gradient(gradient.final)
    proofs = [
        _single(model, "weights", "the derivative with respect to the weights", W[k, d], single),
        _single(model, "bias", "the derivative with respect to the bias", b[k], single),
        _single(model, "input", "the derivative with respect to the features", x[d], single),
    ]
    rows = _rows(gradient.final)
    weights = _batch("batch-weights", "the derivative of the batch's loss with respect to the weights", W[k, d], rows)
    bias = _batch("batch-bias", "the derivative of the batch's loss with respect to the bias", b[k], rows)
    return (*proofs, weights, bias, _regularised(weights))


def _by_gradient(final: Proof) -> Rule:
    result = final.result

    def match(expr: Expr) -> Expr | None:
        if not (isinstance(expr, Total) and isinstance(expr.variable, Indexed) and expr.variable.base == z):
            return None
        if expr.function != final.statement.args[0]:
            return None
        index = expr.variable.indices[0]
        value = result.xreplace({j: index})
        return value if cost(result) <= SHORT else Named(g[index], value)

    return citation(final, match)


def _single(model: Model, name: str, title: str, variable: Expr, by_gradient: Rule) -> Proof:
    builder = Builder(name, "corollary", title, Total(model.named, variable))
    builder.apply(CHAIN_LINEAR)
    builder.apply(by_gradient)
    _finish(builder)
    return builder.proof()


def _batch(name: str, title: str, variable: Expr, rows: Rule | None) -> Proof:
    builder = Builder(name, "corollary", title, Total(batch_loss, variable))
    builder.apply(CHAIN_BATCH)
    if rows is not None:
        builder.apply(rows)
    _finish(builder)
    return builder.proof()


def _finish(builder: Builder) -> None:
    builder.cycle(DIFFERENTIATE, until=lambda e: not e.has(Partial))
    builder.cycle(CONTRACT, until=lambda e: not e.has(Product))
    builder.cycle((DELTA,))


def _rows(final: Proof) -> Rule | None:
    """G_ij as the closed form of the gradient, one row a sample; None where that has no matrix form."""
    lifted = lift(final.result)
    if lifted is None:
        return None

    def match(expr: Expr) -> Expr | None:
        if isinstance(expr, Indexed) and expr.base == G:
            return lifted.xreplace({j: expr.indices[1], i: expr.indices[0]})
        return None

    return citation(final, match)


def lift(expr: Expr) -> Expr | None:
    """A closed form in p_j, s_j, y_j, q_j as one in P_ij, S_ij, Y_ij, Q_ij; None if it holds more than these."""

    def entry(node: Expr) -> Expr | None:
        if isinstance(node, Softmax):
            return P[i, node.args[1]]
        if isinstance(node, Sigmoid) and isinstance(node.args[0], Indexed):
            return S[i, node.args[0].indices[0]]
        if isinstance(node, Named) and isinstance(node.label, Indexed):
            return (Y if node.label.base == y else Q)[i, node.label.indices[0]]
        if isinstance(node, Indexed) and node.base == y:
            return Y[i, node.indices[0]]
        return None

    lifted = bottom_up(expr, entry)
    matrices = {P, S, Y, Q}
    entries = [e for e in lifted.atoms(Indexed) if e.base not in matrices]
    if entries or c in lifted.free_symbols or lifted.has(FiniteSum) or not _affine(lifted, matrices):
        return None
    return lifted


def _affine(expr: Expr, matrices: set[IndexedBase]) -> bool:
    """Whether the expression is a linear combination of entries of matrices."""
    symbols = {e: Symbol(f"m{n}") for n, e in enumerate(sorted(expr.atoms(Indexed), key=str))}
    flat = expr.xreplace(symbols).expand()
    variables = list(symbols.values())
    return all(sum(t.has(v) for v in variables) == 1 and t.is_polynomial(*variables) for t in Add.make_args(flat))


def _regularised(weights: Proof) -> Proof:
    index, feature = ClassIndex.fresh([k]), FeatureIndex.fresh([d])
    penalty = weight_decay / 2 * FiniteSum(FiniteSum(W[index, feature] ** 2, feature), index)
    total = Named(Symbol("Lreg"), batch_loss + penalty)
    builder = Builder(
        "l2", "corollary", "the derivative of the regularised loss with respect to the weights", Total(total, W[k, d])
    )
    builder.apply(SUM_RULE)
    builder.apply(citation(weights, lambda e: weights.result if e == weights.statement else None))
    _finish(builder)
    return builder.proof()
