"""Knowledge distillation: the divergence of the student from a teacher, both softened by a temperature."""

from symce.losses.loss import Loss, Param

_TEACHER = "exp(t[k]/T - logsumexp(t[l]/T, l))"

LOSS = Loss(
    name="distillation",
    title="Knowledge distillation",
    target="none",
    value=f"T**2*Sum({_TEACHER}*(t[k]/T - logsumexp(t[m]/T, m) - log(p[k])), k)",
    logits="z[k]/T",
    params=(
        Param("t", domain="real", shape="NxK", doc="logits of the teacher"),
        Param("T", domain="positive", default=1.0, doc="temperature of both"),
    ),
    reference="Hinton et al. 2015, arXiv 1503.02531, section 2",
    expected=f"T*(p[j] - {_TEACHER.replace('[k]', '[j]')})",
    doc="T^2 times the divergence of the student from the teacher; the factor keeps the gradient's size as T grows.",
)
