"""Focal loss on softmax probabilities."""

from symce.losses.loss import Loss, Param

LOSS = Loss(
    name="focal",
    title="Focal loss (softmax)",
    target="index",
    value="-alpha[c]*(1 - p[c])**gamma*log(p[c])",
    params=(
        Param("gamma", domain="nonnegative", default=2.0, doc="focusing: 0 gives cross-entropy"),
        Param("alpha", domain="nonnegative", default=1.0, shape="K", doc="factor of each class, or one for all"),
    ),
    reference="Lin et al. 2017, Focal Loss for Dense Object Detection, arXiv 1708.02002, eq. 5",
    doc="Down-weights what is already right: easy examples, with p_c near 1, count little.",
    expected="alpha[c]*(1 - p[c])**(gamma - 1)*(1 - p[c] - gamma*p[c]*log(p[c]))*(p[j] - where(j == c, 1, 0))",
)
