"""Losses that are in no catalogue, in every family of the language, as a user would write them."""

from __future__ import annotations

from symce.losses.loss import Loss, Param

REAL = {
    "m": Param("m", default=0.75),
    "tau": Param("tau", default=0.5),
    "mu": Param("mu", default=0.5),
    "shift": Param("shift", default=0.25, shape="K"),
    "teacher": Param("teacher", default=None, shape="NxK"),
}
NONNEGATIVE = {
    "gamma": Param("gamma", "nonnegative", 2.0),
    "lam": Param("lam", "nonnegative", 0.5),
    "w": Param("w", "nonnegative", 1.0, "K"),
    "u": Param("u", "nonnegative", None, "NxK"),
}
POSITIVE = {
    "t": Param("t", "positive", 1.5),
    "T": Param("T", "positive", 2.0),
    "cap": Param("cap", "positive", 2.5),
    "r": Param("r", "positive", 0.7),
    "prior": Param("prior", "positive", 0.5, "K"),
    "soft": Param("soft", "positive", None, "NxK"),
}
UNIT = {
    "eps": Param("eps", "unit", 0.1),
    "alpha": Param("alpha", "unit", 0.4),
    "slope": Param("slope", "unit", 0.2, "K"),
}
PARAMS = REAL | NONNEGATIVE | POSITIVE | UNIT

#: name, target, value, inner map
TABLE: tuple[tuple[str, ...], ...] = (
    # the true class alone
    ("complement_power", "index", "(1 - p[c])**gamma"),
    ("power_of_p", "index", "(1 - p[c]**r)/(1 + p[c]**r)"),
    ("inverse_power", "index", "p[c]**(-alpha) - 1"),
    ("quotient_of_log", "index", "-log(p[c])/(1 + p[c])"),
    ("weighted_decay", "index", "-w[c]*log(p[c])*exp(-lam*p[c])"),
    ("clipped", "index", "min(-log(p[c]), cap)"),
    ("pieces", "index", "where(p[c] < 1/2, -log(p[c]), 2*(1 - p[c]))"),
    ("one_against_rest", "index", "softplus(-z[c]) + Sum(where(k == c, 0, softplus(z[k])), k)"),
    ("odds", "index", "log((1 - p[c])/p[c])"),
    ("arc", "index", "sqrt(1 + eps - p[c]**2)"),
    # the true class against the others
    ("softplus_margin", "index", "Sum(where(k == c, 0, softplus(z[k] - z[c] + m)), k)"),
    ("squared_margin", "index", "Sum(where(k != c, max(0, m + z[k] - z[c])**2, 0), k)/K"),
    ("additive_margin", "index", "logsumexp(where(k == c, t*(z[k] - m), t*z[k]), k) - t*(z[c] - m)"),
    ("sharpened", "index", "logsumexp(t*(z[k] - z[c]), k)/t"),
    ("balanced", "index", "log(Sum(prior[k]*exp(z[k] - z[c]), k))"),
    ("mean_margin", "index", "max(0, m - z[c] + Sum(z[k], k)/K)"),
    ("total_variation", "index", "Sum(abs(p[k] - where(k == c, 1, 0)), k)/2"),
    ("root_of_brier", "index", "sqrt(eps + Sum((p[k] - where(k == c, 1, 0))**2, k))"),
    ("relative_mass", "index", "Sum(w[k]*p[k], k)/p[c]"),
    ("expected_logit", "index", "tanh(z[c])*Sum(p[k]*z[k], k)"),
    ("collision", "index", "-log(p[c]) + lam*Sum(p[k]**2, k)**2"),
    ("focal_entropy", "index", "-(1 - p[c])**gamma*Sum(p[k]*log(p[k]), k)"),
    ("spherical", "index", "-p[c]/sqrt(Sum(p[k]**2, k))"),
    ("pseudo_spherical", "index", "-p[c]**r/Sum(p[k]**(1 + r), k)**(r/(1 + r))"),
    ("entropy_beside", "index", "-log(p[c]) + lam*abs(Sum(p[k]*log(p[k]), k))"),
    ("entropy_of_others", "index", "-log(p[c]) + Sum(where(k == c, 0, p[k]*log(p[k])), k)"),
    ("normalised", "index", "log(p[c])/Sum(log(p[k]), k)"),
    ("exponential", "index", "exp(Sum(z[k], k)/K - z[c])"),
    ("gated_softmax", "index", "log(Sum(p[k]*sigmoid(z[k]), k)) - log(p[c]*sigmoid(z[c]))"),
    ("evidence", "index", "log(Sum(1 + exp(z[k]), k)) - log(1 + exp(z[c]))"),
    ("heavy_tails", "index", "log(Sum((1 + z[k]**2)**(-t), k)) + t*log(1 + z[c]**2)"),
    ("bi_tempered", "index", "(1 - p[c]**(1 - alpha))/(1 - alpha) - (1 - Sum(p[k]**(2 - alpha), k))/(2 - alpha)"),
    ("kept_share", "index", "log(1 - p[c] + prior[c]*p[c]) - log(p[c])", "t*z[k]"),
    # divergences
    ("bhattacharyya", "distribution", "-log(Sum(sqrt(y[k]*p[k]), k))"),
    ("triangular", "distribution", "Sum((p[k] - y[k])**2/(p[k] + y[k]), k)"),
    ("alpha_divergence", "distribution", "(1 - Sum(y[k]**alpha*p[k]**(1 - alpha), k))/(alpha*(1 - alpha))"),
    ("renyi_divergence", "distribution", "log(Sum(y[k]**alpha*p[k]**(1 - alpha), k))/(alpha - 1)"),
    ("cosine", "distribution", "1 - Sum(y[k]*p[k], k)/sqrt(Sum(y[k]**2, k)*Sum(p[k]**2, k))"),
    ("agreement", "distribution", "-Sum(y[k]*p[k], k)*log(Sum(p[k]**2, k))"),
    ("pearson", "distribution", "Sum((y[k] - p[k])**2/p[k], k)"),
    ("skew", "distribution", "Sum(y[k]*log(y[k]/((1 - eps)*y[k] + eps*p[k])), k)"),
    ("absolute", "distribution", "Sum(y[k]*abs(log(p[k]) + shift[k]), k)"),
    ("two_temperatures", "distribution", "-Sum(y[k]*log(p[k]), k) + lam*logsumexp(z[k]/T, k)**2"),
    ("log_cosh", "distribution", "Sum(log((exp(p[k] - y[k]) + exp(y[k] - p[k]))/2), k)"),
    ("spread", "distribution", "Sum(y[k]*log(p[k])**2, k) - Sum(y[k]*log(p[k]), k)**2"),
    ("relative_entropy", "distribution", "Sum(y[k]*log(p[k]), k)/(1 - Sum(p[k]*log(p[k]), k))"),
    ("nested_spread", "distribution", "Sum(y[k]*(log(p[k]) - Sum(p[i]*log(p[i]), i))**2, k)"),
    # any weights, and a value a sample and class
    ("products_of_sums", "weights", "Sum(y[k]*z[k], k)*Sum(p[k]*z[k], k) - logsumexp(z[k]**2/2, k)"),
    ("nested", "weights", "Sum(y[k]*p[k]*Sum(u[i]*p[i]*z[i], i), k)"),
    ("squashed", "weights", "Sum(y[k]*tanh(z[k])**2, k)/(1 + Sum(y[k], k))"),
    ("tilted", "weights", "logsumexp(y[k]*z[k] + shift[k], k)**2"),
    ("three_sums", "weights", "Sum(y[k]*p[k], k)*Sum(w[k]*p[k]**2, k)*Sum(exp(-z[k]**2), k)"),
    ("centred_logits", "none", "Sum((z[k] - teacher[k] - Sum(z[i] - teacher[i], i)/K)**2, k)/K"),
    ("taught", "none", "T**2*Sum(soft[k]*log(soft[k]/p[k]), k)*Sum(p[k]**2, k)", "z[k]/T"),
    ("matched", "none", "Sum(sqrt(1 + (z[k] - teacher[k])**2) - 1, k)"),
    ("gated", "none", "-Sum(sigmoid(teacher[k])*log(p[k]), k) + Sum(u[k]*abs(p[k] - 1/K), k)"),
    # labels
    ("focal_tversky", "multilabel",
     "(1 - (1 + Sum(s[k]*y[k], k))/(1 + Sum(s[k]*y[k] + alpha*s[k]*(1 - y[k]) + (1 - alpha)*(1 - s[k])*y[k], k)))**r"),
    ("quality_focal", "multilabel", "Sum(abs(y[k] - s[k])**gamma*softplus((1 - 2*y[k])*z[k]), k)"),
    ("ranked", "multilabel", "log(1 + Sum((1 - y[k])*exp(z[k]), k)) + log(1 + Sum(y[k]*exp(-z[k]), k))"),
    ("squared_hinge", "multilabel", "Sum(max(0, 1 - (2*y[k] - 1)*z[k])**2, k)"),
    ("label_entropy", "multilabel", "Sum(y[k]*log(s[k]), k)*Sum(s[k]*(1 - s[k]), k)"),
    ("soft_matthews", "multilabel",
     "-Sum((s[k] - Sum(s[i], i)/K)*(y[k] - Sum(y[i], i)/K), k)/sqrt(eps + Sum((s[k] - Sum(s[i], i)/K)**2, k))"),
    ("tanh_labels", "multilabel", "Sum((y[k] - s[k])**2, k)/K", "cap*tanh(z[k]/cap)"),
    ("weighted_labels", "multilabel", "Sum(w[k]*(y[k]*(1 - s[k])**gamma + (1 - y[k])*s[k]**gamma), k)"),
    ("circle", "multilabel",
     "softplus(logsumexp(log(y[k] + eps) - t*z[k], k) + logsumexp(log(1 - y[k] + eps) + t*z[k], k))"),
    ("label_pairs", "multilabel", "Sum(y[k]*Sum((1 - y[i])*exp(z[i] - z[k]), i), k)"),
    # no target
    ("renyi_entropy", "none", "log(Sum(p[k]**t, k))/(1 - t)"),
    ("varentropy", "none", "Sum(p[k]*log(p[k])**2, k) - Sum(p[k]*log(p[k]), k)**2"),
    ("variance", "none", "Sum(p[k]*(z[k] - Sum(p[i]*z[i], i))**2, k)"),
    ("folded", "none", "Sum(min(p[k], 1 - p[k]), k)"),
    ("self_power", "none", "Sum(p[k]**p[k], k)"),
    ("norm", "none", "sqrt(1 + Sum(z[k]**2, k)) - 1"),
    ("log_of_softplus", "none", "log(Sum(softplus(z[k]), k))*Sum(sigmoid(z[k]), k)"),
    ("saturating", "none", "Sum(exp(z[k]), k)/(1 + Sum(exp(z[k]), k))"),
    ("thresholded", "none", "Sum(where(z[k] > tau, (z[k] - tau)**2, 0), k)"),
    ("two_masses", "none", "logsumexp(2*z[k], k) - 2*logsumexp(z[k], k)"),
    ("nested_logsumexp", "none", "logsumexp(z[k] + lam*p[k], k)"),
    # inner maps
    ("softplus_map", "index", "-log(p[c])", "softplus(z[k])"),
    ("leaky_map", "index", "-log(p[c])*(1 - p[c])", "where(z[k] > 0, z[k], slope[k]*z[k])"),
    ("hyperbolic_map", "distribution", "-Sum(y[k]*log(p[k]), k)", "sqrt(1 + z[k]**2)"),
    ("sigmoid_map", "index", "-log(p[c]) + p[c]", "T*sigmoid(z[k])"),
    ("log_sigmoid_map", "index", "-log(p[c])", "log(sigmoid(z[k]))"),
    ("power_map", "distribution", "-Sum(y[k]*log(p[k]), k)", "abs(z[k])**(1 + r) + tau*log(prior[k])"),
    ("taught_map", "none", "-Sum(p[k]*log(p[k]), k) + Sum(p[k]*z[k], k)", "z[k] + teacher[k]"),
    ("clamped_map", "index", "-log(p[c]) + z[c]/K", "min(max(z[k], -cap), cap)"),
)  # fmt: skip


def _stated(name: str, target: str, value: str, logits: str = "z[k]") -> Loss:
    """A loss with the parameters that its texts name."""
    words = set("".join(ch if ch.isalnum() else " " for ch in f"{value} {logits}").split())
    params = tuple(p for n, p in PARAMS.items() if n in words)
    return Loss(name, name.replace("_", " "), target, value, params, logits)  # type: ignore[arg-type]


UNSEEN = {row[0]: _stated(*row) for row in TABLE}
