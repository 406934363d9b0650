"""What PyTorch's users compute today: its own functions where it has them, or else the usual lines of code.

Each gives the losses of the rows of a case, and autograd their gradient; the dtype is the case's throughout.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from symce.losses.loss import Loss
from symce.verify.case import Array, Case

Tensor = Any


@dataclass(frozen=True)
class Peer:
    """A loss as PyTorch computes it: ``name`` says by what; ``losses`` takes logits (N, K), a target, and arguments."""

    name: str
    losses: Callable[[Tensor, Tensor, Mapping[str, Any]], Tensor]

    def run(self, case: Case) -> tuple[Array, Array]:
        """Losses (N,) or (N, K) of the rows and their gradient (N, K), in float64."""
        import torch

        def tensor(a: Any) -> Any:
            return torch.tensor(a).to(getattr(torch, case.dtype)) if isinstance(a, np.ndarray) else a

        z = tensor(case.logits).requires_grad_()
        target = torch.tensor(case.target) if case.form == "index" else tensor(case.target)
        given = {n: tensor(a) for n, a in case.params.items()}
        given |= {"weight": tensor(case.weight), "label_smoothing": case.label_smoothing}
        losses = self.losses(z, target, given)
        (gradient,) = torch.autograd.grad(losses.sum(), z)
        return losses.detach().double().numpy(), gradient.double().numpy()


def peer(loss: Loss) -> Peer | None:
    """What PyTorch has for a loss of the catalogue; None for a loss of a user's own."""
    from symce.losses import catalogue

    return PEERS.get(loss.name) if catalogue().get(loss.name) == loss else None


def _cross_entropy(z: Tensor, y: Tensor, a: Mapping[str, Any], weight: Any = None, smoothing: float = 0.0) -> Tensor:
    import torch.nn.functional as F

    weight = a["weight"] if weight is None else weight
    smoothing = smoothing or a["label_smoothing"]
    return F.cross_entropy(z, y, weight=weight, label_smoothing=smoothing, reduction="none")


def _weighted(z: Tensor, y: Tensor, a: Mapping[str, Any]) -> Tensor:
    w = a["w"] if hasattr(a["w"], "shape") else z.new_full(z.shape[1:], a["w"])
    return _cross_entropy(z, y, a, w if a["weight"] is None else w * a["weight"])


def _smoothed(z: Tensor, y: Tensor, a: Mapping[str, Any]) -> Tensor:
    """eps/(K - 1) for each other class, from PyTorch's eps/K for each: by hand beyond what PyTorch's takes."""
    K, eps = z.shape[1], a["eps"]
    if eps * K / (K - 1) <= 1:
        return _cross_entropy(z, y, a, smoothing=eps * K / (K - 1))
    log_p = z.log_softmax(1)
    true = log_p.gather(1, y[:, None])[:, 0]
    losses = -(1 - eps) * true - eps / (K - 1) * (log_p.sum(1) - true)
    return losses if a["weight"] is None else losses * a["weight"][y]


def _smoothed_uniform(z: Tensor, y: Tensor, a: Mapping[str, Any]) -> Tensor:
    """PyTorch weighs the smoothed classes each with its own weight, symce the row with its true class's."""
    losses = _cross_entropy(z, y, {**a, "weight": None}, smoothing=a["eps"])
    return losses if a["weight"] is None else losses * a["weight"][y]


def _divided(z: Tensor, y: Tensor, a: Mapping[str, Any]) -> Tensor:
    return _cross_entropy(z / a["T"], y, a)


def _capped(z: Tensor, y: Tensor, a: Mapping[str, Any]) -> Tensor:
    return _cross_entropy(a["cap"] * (z / a["cap"]).tanh(), y, a)


def _focal(z: Tensor, c: Tensor, a: Mapping[str, Any]) -> Tensor:
    log_p = z.log_softmax(1).gather(1, c[:, None])[:, 0]
    alpha = a["alpha"][c] if hasattr(a["alpha"], "shape") else a["alpha"]
    losses = -alpha * (1 - log_p.exp()) ** a["gamma"] * log_p
    return losses if a["weight"] is None else losses * a["weight"][c]


def _sigmoid_focal(z: Tensor, y: Tensor, a: Mapping[str, Any]) -> Tensor:
    """As torchvision has it, which is for labels of 0 and 1."""
    import torch.nn.functional as F

    p = z.sigmoid()
    p_t = p * y + (1 - p) * (1 - y)
    factor = a["alpha"] * y + a["beta"] * (1 - y)
    losses = factor * F.binary_cross_entropy_with_logits(z, y, reduction="none") * (1 - p_t) ** a["gamma"]
    return losses if a["weight"] is None else losses * a["weight"]


def _binary(z: Tensor, y: Tensor, a: Mapping[str, Any]) -> Tensor:
    import torch.nn.functional as F

    return F.binary_cross_entropy_with_logits(z, y, weight=a["weight"], reduction="none")


def _dense(z: Tensor, y: Tensor) -> Tensor:
    """The target as one number a class."""
    import torch.nn.functional as F

    return y if y.is_floating_point() else F.one_hot(y, z.shape[1]).to(z.dtype)


def _kl(z: Tensor, y: Tensor, a: Mapping[str, Any]) -> Tensor:
    import torch.nn.functional as F

    return F.kl_div(z.log_softmax(1), _dense(z, y), reduction="none").sum(1)


def _reverse_kl(z: Tensor, y: Tensor, a: Mapping[str, Any]) -> Tensor:
    log_p = z.log_softmax(1)
    return (log_p.exp() * (log_p - _dense(z, y).log())).sum(1)


def _distillation(z: Tensor, y: Tensor, a: Mapping[str, Any]) -> Tensor:
    import torch.nn.functional as F

    T = a["T"]
    student, teacher = (z / T).log_softmax(1), (a["t"] / T).softmax(1)
    return T**2 * F.kl_div(student, teacher, reduction="none").sum(1)


def _entropy(z: Tensor, y: Tensor, a: Mapping[str, Any]) -> Tensor:
    return -(z.softmax(1) * z.log_softmax(1)).sum(1)


def _confidence(z: Tensor, y: Tensor, a: Mapping[str, Any]) -> Tensor:
    return _cross_entropy(z, y, a) - a["beta"] * _entropy(z, y, a)


def _z_loss(z: Tensor, y: Tensor, a: Mapping[str, Any]) -> Tensor:
    return _cross_entropy(z, y, a) + a["tau"] * z.logsumexp(1) ** 2


def _poly1(z: Tensor, y: Tensor, a: Mapping[str, Any]) -> Tensor:
    return _cross_entropy(z, y, a) + a["eps"] * (1 - (_dense(z, y) * z.softmax(1)).sum(1))


def _brier(z: Tensor, y: Tensor, a: Mapping[str, Any]) -> Tensor:
    return ((z.softmax(1) - _dense(z, y)) ** 2).sum(1)


def _generalised(z: Tensor, c: Tensor, a: Mapping[str, Any]) -> Tensor:
    losses = (1 - z.softmax(1).gather(1, c[:, None])[:, 0] ** a["r"]) / a["r"]
    return losses if a["weight"] is None else losses * a["weight"][c]


def _nll(z: Tensor, c: Tensor, a: Mapping[str, Any]) -> Tensor:
    import torch.nn.functional as F

    return F.nll_loss(z, c, weight=a["weight"], reduction="none")


PEERS = {
    "bce_with_logits": Peer("F.binary_cross_entropy_with_logits", _binary),
    "brier": Peer("((softmax(z) - y)**2).sum()", _brier),
    "confidence_penalty": Peer("F.cross_entropy - beta*entropy", _confidence),
    "cross_entropy": Peer("F.cross_entropy", _cross_entropy),
    "distillation": Peer("T**2 F.kl_div(log_softmax(z/T), softmax(t/T))", _distillation),
    "focal": Peer("-(1 - p)**gamma * log_softmax", _focal),
    "generalised_cross_entropy": Peer("(1 - softmax**r)/r", _generalised),
    "info_nce": Peer("F.cross_entropy of z/T", _divided),
    "kl_softmax_target": Peer("(p * (log_softmax - log y)).sum()", _reverse_kl),
    "kl_target_softmax": Peer("F.kl_div(log_softmax(z), y)", _kl),
    "label_smoothing": Peer("F.cross_entropy(label_smoothing=eps*K/(K - 1))", _smoothed),
    "label_smoothing_uniform": Peer("F.cross_entropy(label_smoothing=eps)", _smoothed_uniform),
    "nll_loss": Peer("F.nll_loss", _nll),
    "poly1": Peer("F.cross_entropy + eps*(1 - (y*softmax).sum())", _poly1),
    "sigmoid_focal": Peer("torchvision's sigmoid_focal_loss", _sigmoid_focal),
    "soft_capped_cross_entropy": Peer("F.cross_entropy of cap*tanh(z/cap)", _capped),
    "softmax_entropy": Peer("-(softmax * log_softmax).sum()", _entropy),
    "temperature_cross_entropy": Peer("F.cross_entropy of z/T", _divided),
    "weighted_cross_entropy": Peer("F.cross_entropy(weight=w)", _weighted),
    "z_loss": Peer("F.cross_entropy + tau*logsumexp**2", _z_loss),
}
