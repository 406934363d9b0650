"""Kullback-Leibler divergence from the target to the prediction: KL(y || p)."""

from symce.losses.loss import Loss

LOSS = Loss(
    name="kl_target_softmax",
    title="Kullback-Leibler divergence KL(target || softmax)",
    target="distribution",
    value="Sum(y[k]*log(y[k]/p[k]), k)",
    reference="Cover and Thomas 2006, Elements of Information Theory, eq. 2.26",
    doc="Cross-entropy less the target's entropy, so it has the gradient of cross-entropy.",
    expected="p[j] - y[j]",
)
