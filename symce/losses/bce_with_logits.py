"""Binary cross-entropy of independent labels, on logits."""

from symce.losses.loss import Loss

LOSS = Loss(
    name="bce_with_logits",
    title="Binary cross-entropy on logits",
    target="multilabel",
    value="-Sum(y[k]*log(s[k]) + (1 - y[k])*log(1 - s[k]), k)",
    reference="Bishop 2006, Pattern Recognition and Machine Learning, eq. 4.90",
    doc="One yes-or-no label a class; K = 1 is binary classification.",
    expected="s[j] - y[j]",
)
