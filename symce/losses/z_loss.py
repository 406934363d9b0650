"""Cross-entropy with a penalty on the square of log-sum-exp, which keeps logits from drifting."""

from symce.losses.loss import Loss, Param

LOSS = Loss(
    name="z_loss",
    title="Cross-entropy with z-loss",
    target="distribution",
    value="-Sum(y[k]*log(p[k]), k) + tau*logsumexp(z[k], k)**2",
    params=(Param("tau", domain="nonnegative", default=1e-4, doc="weight of the penalty"),),
    reference="Chowdhery et al. 2022, PaLM, arXiv 2204.02311, section 5",
    doc="The penalty pulls log Z = log sum exp z towards 0.",
    expected="p[j] - y[j] + 2*tau*p[j]*logsumexp(z[k], k)",
)
