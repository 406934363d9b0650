"""Cross-entropy with a penalty on low entropy."""

from symce.losses.loss import Loss, Param

LOSS = Loss(
    name="confidence_penalty",
    title="Cross-entropy with confidence penalty",
    target="distribution",
    value="-Sum(y[k]*log(p[k]), k) + beta*Sum(p[k]*log(p[k]), k)",
    params=(Param("beta", domain="nonnegative", default=0.1, doc="weight of the entropy"),),
    reference="Pereyra et al. 2017, arXiv 1701.06548, eq. 5",
    doc="beta times the entropy is taken off the loss: a certain prediction costs.",
    expected="p[j] - y[j] + beta*p[j]*(log(p[j]) - Sum(p[k]*log(p[k]), k))",
)
