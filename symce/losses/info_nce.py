"""InfoNCE (NT-Xent), one row: cross-entropy of similarities over a temperature, the positive pair as the class."""

from symce.losses.loss import Loss, Param

LOSS = Loss(
    name="info_nce",
    title="InfoNCE (NT-Xent), row form",
    target="index",
    value="-log(p[c])",
    logits="z[k]/T",
    params=(Param("T", domain="positive", default=0.1, doc="temperature"),),
    reference="Chen et al. 2020, SimCLR, arXiv 2002.05709, eq. 1",
    doc="z holds the similarities of one sample to all candidates, c the place of its positive.",
    expected="(p[j] - where(j == c, 1, 0))/T",
)
