"""The theorems that all else rests on come out as textbooks have them, and they are true."""

from itertools import pairwise, product

import mpmath as mp
import pytest
from numeric import Point, evaluate
from sympy import log

from symce.algebra.functions import Softmax
from symce.algebra.indices import Index, one, two
from symce.algebra.nodes import Partial, Total
from symce.algebra.text import text
from symce.derivation.model import k, z
from symce.rules import CATALOGUE
from symce.theorems import chapters

PROOFS = {p.name: p for proofs in chapters().values() for p in proofs}

#: proofs with a 0 log 0, by which the limit 0 is meant: symce.check knows that, these numbers do not
ZERO_LOG_ZERO = {"entropy-of-one-hot", "kl-of-one-hot"}

RESULTS = {
    "softmax-jacobian": "(KroneckerDelta(j, k) - Softmax(z, j))*Softmax(z, k)",
    "log-softmax": "KroneckerDelta(j, k) - Softmax(z, j)",
    "logsumexp": "Softmax(z, j)",
    "sigmoid": "(1 - Sigmoid(z[k]))*KroneckerDelta(j, k)*Sigmoid(z[k])",
    "softmax-sums-to-one": "1",
    "others-to-uniform": "(1 - eps)*KroneckerDelta(c, k) + eps/K",
    "fisher-information": "(KroneckerDelta(j, l) - Softmax(z, l))*Softmax(z, j)",
    "gauss-newton-in-expectation": "(KroneckerDelta(j, l) - Softmax(z, l))*Softmax(z, j)",
    "nll-of-log-softmax": "Softmax(z, j) - Named(y[j], KroneckerDelta(c, j))",
}


#: relation and result, as a terminal shows them
READ = {
    "jacobian-by-cases": "= {π̂ₖ (1 − π̂ₖ) if k = j, else −π̂ⱼ π̂ₖ}",
    "gradient-by-cases": "= π̂ⱼ − yⱼ",
    "variance": "= Σₖ π̂ₖ vₖ² − (Σₖ π̂ₖ vₖ)²",
    "convex-in-the-logits": ">= 0",
    "convex-in-the-weights": ">= 0",
    "cross-entropy-is-expectation": "= E[−log q_X], X ~ p",
    "kl-decomposition": "= H(p, q) − H(p)",
    "gibbs": ">= 0",
    "cross-entropy-at-least-entropy": ">= H(p)",
    "cross-entropy-of-one-hot": "= −log π̂_c",
    "kl-of-one-hot": "= H(y, π̂)",
    "kl-is-a-distance": ">= Σₖ (√(pₖ) − √(qₖ))²",
    "entropy-is-expectation": "= E[−log p_X], X ~ p",
    "entropy-at-least-zero": ">= 0",
    "entropy-of-one-hot": "= 0",
    "entropy-at-most-log-k": "<= log K",
    "entropy-of-uniform": "= log K",
    "gauss-newton": "= Σₖ yₖ (δₖⱼ − π̂ⱼ) (δₖₗ − π̂ₗ)",
    "gradient-sums-to-zero": "= 0",
    "gradient-sums-to-zero-for-any-loss": "= 0",
    "slope-of-the-true-class": "<= 0",
    "slope-of-the-other-classes": ">= 0",
    "margin-grows": ">= 0",
    "likelihood-of-one-hot": "= Πᵢ P̂_ic_i",
    "log-likelihood": "= Σᵢ Σₖ Yᵢₖ log P̂ᵢₖ",
    "log-is-increasing": ">= log B",
    "negative-log-likelihood": "= −Σᵢ Σₖ Yᵢₖ log P̂ᵢₖ",
    "cross-entropy-is-mean-nll": "= NLL(θ)/N",
    "mean-of-true-classes": "= −(1/N) Σᵢ log P̂_ic_i",
    "largest-entry": "<= 1 − π̂_c",
    "sum-of-magnitudes": "= 2 − 2 π̂_c",
    "square-of-the-gradient": "= 1 + Σₖ π̂ₖ² − 2 π̂_c",
    "square-from-below": ">= (1 − π̂_c)²",
    "square-from-above": "<= 2 (1 − π̂_c)²",
    "square-at-most-two": "<= 2",
    "uniform-to-others": "= ε/(K − 1) + (δ_ck/(K − 1)) (K − K ε − 1)",
    "softmax-of-two": "= σ(z₁ − z₂)",
    "binary-cross-entropy": "= −y₁ log(σ(z₁ − z₂)) − (1 − y₁) log(1 − σ(z₁ − z₂))",
    "loss-from-below": ">= 1 − π̂_c",
    "loss-from-above": "<= 1/π̂_c − 1",
    "loss-at-uniform": "= log K",
    "loss-is-unbounded": ">= B",
    "focal-without-focus": "= −log π̂_c",
    "smoothing-is-a-mixture": "= (1 − ε) H(y, π̂) − (ε/K) Σₖ log π̂ₖ",
}


@pytest.mark.parametrize("name", PROOFS)
def test_relation_and_result(name):
    assert name in RESULTS or f"{PROOFS[name].relation} {text(PROOFS[name].result)}" == READ[name]


@pytest.mark.parametrize("name", RESULTS)
def test_the_result(name):
    assert str(PROOFS[name].result) == RESULTS[name]
    assert not PROOFS[name].result.has(Total, Partial)


#: at which points of the letters an assumption holds
ASSUMPTIONS = {
    "predicted-target": ("y", lambda n, point: evaluate(Softmax(z, k), point.at(k, n))),
    "sums-to-one": ("y", lambda n, point: share("y", n, point)),
    "true-sums-to-one": ("true", lambda n, point: share("true", n, point)),
    "model-sums-to-one": ("model", lambda n, point: share("model", n, point)),
}


def share(vector, n, point):
    """The value of an entry as a part of the sum of all."""
    return point.value((vector, n)) / mp.fsum(point.value((vector, m)) for m in range(1, point.size + 1))


def under(assumptions, point):
    """The point, moved to where the assumptions hold."""
    given = point
    for name in assumptions:
        if name in ASSUMPTIONS:
            vector, value = ASSUMPTIONS[name]
            for n in range(1, point.size + 1):
                given = given.having((vector, n), value(n, point))
    return given


@pytest.mark.parametrize("name", PROOFS)
@pytest.mark.parametrize("size", [2, 3])
def test_every_step_is_true(name, size):
    proof = PROOFS[name]
    size = 2 if "two-classes" in proof.assumptions else size
    lines = [("=", proof.statement), *[(s.relation, s.expr) for s in proof.steps]]
    free = sorted({s for _, e in lines for s in e.free_symbols if isinstance(s, Index)} - {one, two}, key=str)
    for choice in product(range(1, size + 1), repeat=len(free)):
        point = under(proof.assumptions, Point(size, dict(zip(free, choice, strict=True))))
        values = [
            (relation, evaluate(e, point)) for relation, e in lines if name not in ZERO_LOG_ZERO or not e.has(log)
        ]
        for (_, before), (relation, value) in pairwise(values):
            equal = mp.almosteq(before, value, rel_eps=mp.mpf(10) ** -15, abs_eps=mp.mpf(10) ** -15)
            assert equal or {"=": False, "<=": before < value, ">=": before > value}[relation], (relation, point)


def test_the_jacobian_is_a_theorem_and_not_a_premise():
    """What a derivation cites as a rule is what the theorem proves, and the proof does not use that rule."""
    for name, rule in (("softmax-jacobian", "softmax-jacobian"), ("sigmoid", "sigmoid-derivative")):
        law = CATALOGUE[rule].law
        assert PROOFS[name].statement == law[0]
        assert PROOFS[name].result == law[1]
        assert rule not in {s.rule for s in PROOFS[name].steps}
    assert "derivative-of-logsumexp" not in {s.rule for s in PROOFS["logsumexp"].steps}
    assert "derivative-of-sigmoid" not in {s.rule for s in PROOFS["sigmoid"].steps}


def test_the_conversion_of_the_smoothings_is_the_other_form():
    from symce.theorems.smoothing import eps, uniform

    assert PROOFS["others-to-uniform"].result == uniform(eps)


def test_fisher_gauss_newton_and_the_hessian_of_cross_entropy_agree():
    """The theorem that natural-gradient methods for softmax rest on (Martens 2020, section 9)."""
    from symce.derivation.derive import derive
    from symce.losses import catalogue

    hessian = derive(catalogue()["cross_entropy"]).hessian.final
    assert PROOFS["fisher-information"].result == hessian.result == PROOFS["gauss-newton-in-expectation"].result
