"""Cross-entropy with a temperature."""

from symce.losses.loss import Loss, Param

LOSS = Loss(
    name="temperature_cross_entropy",
    title="Cross-entropy with temperature",
    target="distribution",
    value="-Sum(y[k]*log(p[k]), k)",
    logits="z[k]/T",
    params=(Param("T", domain="positive", default=1.0, doc="temperature: above 1 softens the prediction"),),
    reference="Hinton et al. 2015, Distilling the Knowledge in a Neural Network, arXiv 1503.02531, eq. 1",
    doc="p is the softmax of z/T.",
    expected="(p[j] - y[j])/T",
)
