"""Cross-entropy with a weight a class."""

from symce.losses.loss import Loss, Param

LOSS = Loss(
    name="weighted_cross_entropy",
    title="Class-weighted cross-entropy",
    target="weights",
    value="-Sum(w[k]*y[k]*log(p[k]), k)",
    params=(Param("w", domain="nonnegative", default=1.0, shape="K", doc="weight of each class"),),
    reference="King and Zeng 2001, Logistic Regression in Rare Events Data, eq. 15",
    doc="The effective target q_k = w_k y_k does not sum to one: the gradient is p_j times its sum, less q_j.",
    expected="p[j]*Sum(w[k]*y[k], k) - w[j]*y[j]",
)
