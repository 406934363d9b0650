"""Label smoothing that mixes the target with the uniform distribution, as PyTorch does."""

from symce.losses.loss import Loss, Param

LOSS = Loss(
    name="label_smoothing_uniform",
    title="Label-smoothed cross-entropy, eps/K to every class",
    target="index",
    value="-Sum(((1 - eps)*where(k == c, 1, 0) + eps/K)*log(p[k]), k)",
    params=(Param("eps", domain="unit", default=0.1, doc="weight of the uniform distribution"),),
    reference="Szegedy et al. 2016, arXiv 1512.00567, section 7",
    doc="What PyTorch computes for cross_entropy(..., label_smoothing=eps).",
    expected="p[j] - ((1 - eps)*where(j == c, 1, 0) + eps/K)",
)
