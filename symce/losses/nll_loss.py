"""Negative log-likelihood of log-probabilities."""

from symce.losses.loss import Loss

LOSS = Loss(
    name="nll_loss",
    title="Negative log-likelihood of log-probabilities",
    target="index",
    value="-z[c]",
    reference="Murphy 2012, Machine Learning: A Probabilistic Perspective, section 8.3",
    doc="z holds log-probabilities, such as log softmax gives. After log softmax it is the cross-entropy.",
    expected="-where(j == c, 1, 0)",
)
