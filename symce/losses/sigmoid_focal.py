"""Focal loss on independent sigmoid probabilities, as detectors use it."""

from symce.losses.loss import Loss, Param

LOSS = Loss(
    name="sigmoid_focal",
    title="Focal loss (sigmoid)",
    target="multilabel",
    value="-Sum(alpha*y[k]*(1 - s[k])**gamma*log(s[k]) + beta*(1 - y[k])*s[k]**gamma*log(1 - s[k]), k)",
    params=(
        Param("gamma", domain="nonnegative", default=2.0, doc="focusing: 0 gives weighted binary cross-entropy"),
        Param("alpha", domain="nonnegative", default=0.25, doc="factor of the positive labels"),
        Param("beta", domain="nonnegative", default=0.75, doc="factor of the negative labels; 1 - alpha in Lin et al."),
    ),
    reference="Lin et al. 2017, Focal Loss for Dense Object Detection, arXiv 1708.02002, section 3.3",
    doc="alpha = beta = 1 is the form without class balance.",
    expected=(
        "beta*(1 - y[j])*s[j]**gamma*(s[j] - gamma*(1 - s[j])*log(1 - s[j]))"
        " - alpha*y[j]*(1 - s[j])**gamma*(1 - s[j] - gamma*s[j]*log(s[j]))"
    ),
)
