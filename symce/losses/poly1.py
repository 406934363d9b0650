"""Poly-1: cross-entropy with the first polynomial term of its expansion re-weighted."""

from symce.losses.loss import Loss, Param

LOSS = Loss(
    name="poly1",
    title="Poly-1 cross-entropy",
    target="distribution",
    value="-Sum(y[k]*log(p[k]), k) + eps*(1 - Sum(y[k]*p[k], k))",
    params=(Param("eps", domain="real", default=1.0, doc="weight of the term 1 - p_c"),),
    reference="Leng et al. 2022, PolyLoss, arXiv 2204.12511, eq. 6",
    doc="-log p is the sum of (1 - p)^n / n over all n; Poly-1 changes the coefficient of n = 1 from 1 to 1 + eps.",
    expected="p[j] - y[j] + eps*p[j]*(Sum(y[k]*p[k], k) - y[j])",
)
