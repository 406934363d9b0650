"""Kullback-Leibler divergence from the prediction to the target: KL(p || y)."""

from symce.losses.loss import Loss

LOSS = Loss(
    name="kl_softmax_target",
    title="Kullback-Leibler divergence KL(softmax || target)",
    target="distribution",
    value="Sum(p[k]*log(p[k]/y[k]), k)",
    reference="Cover and Thomas 2006, Elements of Information Theory, eq. 2.26",
    doc="The reverse divergence, infinite where the target is 0 and the prediction is not.",
    expected="p[j]*(log(p[j]/y[j]) - Sum(p[k]*log(p[k]/y[k]), k))",
)
