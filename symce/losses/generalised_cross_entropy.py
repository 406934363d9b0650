"""Generalised cross-entropy: between cross-entropy and mean absolute error, for noisy labels."""

from symce.losses.loss import Loss, Param

LOSS = Loss(
    name="generalised_cross_entropy",
    title="Generalised cross-entropy",
    target="index",
    value="(1 - p[c]**r)/r",
    params=(
        Param(
            "r", domain="positive", default=0.7, doc="q of the paper: towards 0 cross-entropy, at 1 the error 1 - p_c"
        ),
    ),
    reference="Zhang and Sabuncu 2018, arXiv 1805.07836, eq. 6",
    doc="Its gradient is that of cross-entropy times p_c^r, so that improbable labels, which may be wrong, count less.",
    expected="p[c]**r*(p[j] - where(j == c, 1, 0))",
)
