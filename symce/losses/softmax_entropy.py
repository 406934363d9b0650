"""Entropy of the prediction."""

from symce.losses.loss import Loss

LOSS = Loss(
    name="softmax_entropy",
    title="Entropy of softmax",
    target="none",
    value="-Sum(p[k]*log(p[k]), k)",
    reference="Shannon 1948, A Mathematical Theory of Communication, section 6",
    doc="H(p), in nats: 0 for a certain prediction, log K for a uniform one.",
    expected="-p[j]*(log(p[j]) - Sum(p[k]*log(p[k]), k))",
)
