"""Cross-entropy of logits that a tanh keeps within a bound."""

from symce.losses.loss import Loss, Param

LOSS = Loss(
    name="soft_capped_cross_entropy",
    title="Cross-entropy with soft-capped logits",
    target="distribution",
    value="-Sum(y[k]*log(p[k]), k)",
    logits="cap*tanh(z[k]/cap)",
    params=(Param("cap", domain="positive", default=30.0, doc="bound on the absolute value of a logit"),),
    reference="Gemma Team 2024, Gemma 2, arXiv 2408.00118, section 2",
    doc="p is the softmax of cap * tanh(z/cap).",
    expected="(1 - tanh(z[j]/cap)**2)*(p[j] - y[j])",
)
