"""Brier score: the squared error of the probabilities."""

from symce.losses.loss import Loss

LOSS = Loss(
    name="brier",
    title="Brier score",
    target="distribution",
    value="Sum((p[k] - y[k])**2, k)",
    reference="Brier 1950, Verification of Forecasts Expressed in Terms of Probability",
    doc="A proper scoring rule that is bounded: at most 2.",
    expected="2*p[j]*(p[j] - y[j] - Sum(p[k]*(p[k] - y[k]), k))",
)
