"""Label smoothing that shares eps among the K - 1 other classes."""

from symce.losses.loss import Loss, Param

LOSS = Loss(
    name="label_smoothing",
    title="Label-smoothed cross-entropy, eps/(K - 1) to each other class",
    target="index",
    value="-Sum(where(k == c, 1 - eps, eps/(K - 1))*log(p[k]), k)",
    params=(Param("eps", domain="unit", default=0.1, doc="probability taken from the true class"),),
    reference="Szegedy et al. 2016, arXiv 1512.00567, section 7, with the uniform distribution over the other classes",
    doc="K must be at least 2. It is PyTorch's label_smoothing = eps * K/(K - 1).",
    expected="p[j] - where(j == c, 1 - eps, eps/(K - 1))",
)
