"""Cross-entropy between the target and the softmax of the logits."""

from symce.losses.loss import Loss

LOSS = Loss(
    name="cross_entropy",
    title="Cross-entropy",
    target="distribution",
    value="-Sum(y[k]*log(p[k]), k)",
    reference="Bishop 2006, Pattern Recognition and Machine Learning, eq. 4.108",
    doc="H(y, p), in nats. For a one-hot target it is -log of the true class's probability.",
    expected="p[j] - y[j]",
)
