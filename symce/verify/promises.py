"""What symce promises of the accuracy of its kernels, as data: the one place where the numbers stand.

An error is counted in ulps: the spacing of the result's dtype at the exact value (strict), or at the larger of that and
the terms that it is the sum of, where these may cancel (a gradient that crosses 0).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: how a kernel computes: in the dtype itself; float32 in float64; float16 and bfloat16 in float32
PRECISIONS = ("native", "wide", "half")

_LOGARITHMS = (
    "bce_with_logits",
    "cross_entropy",
    "label_smoothing",
    "label_smoothing_uniform",
    "softmax_entropy",
    "weighted_cross_entropy",
)
_SCALED = ("info_nce", "temperature_cross_entropy")
_FOCAL = ("focal", "sigmoid_focal")
_DIVERGENCES = ("distillation", "kl_target_softmax")
#: losses of these whose gradient is a difference whatever the target
_CROSSING = ("softmax_entropy", "label_smoothing", "label_smoothing_uniform")


@dataclass(frozen=True)
class Promise:
    """At most so many ulps, of some losses (None: of any), some quantities, in every regime or those of ``regimes``.

    ``hard``: None: of all targets; True: of those of which each entry is 0 or 1; False: of the others. ``near``: only
    of targets next to the prediction. ``mapped``: only of losses with an inner map that is more than a scale, or only
    of the others. ``gamma``: ulps added for each unit of the parameter gamma. ``wide``: what holds
    where one rounding at the end is all there is (precision "wide", or half input).
    """

    title: str
    losses: tuple[str, ...] | None
    quantities: tuple[str, ...]
    native: float
    wide: float
    strict: bool
    hard: bool | None = None
    near: bool = False
    gamma: float = 0.0
    regimes: tuple[str, ...] | None = None
    precisions: tuple[str, ...] = PRECISIONS
    mapped: bool | None = None

    def covers(
        self, loss: str, quantity: str, precision: str, regime: str, *, hard: bool, near: bool, mapped: bool
    ) -> bool:
        """Whether this is promised of such a result."""
        return (
            (self.mapped is None or self.mapped == mapped)
            and (self.losses is None or loss in self.losses)
            and quantity in self.quantities
            and precision in self.precisions
            and (self.regimes is None or regime in self.regimes)
            and (self.hard is None or self.hard == hard)
            and (near or not self.near)
        )

    def ulps(self, precision: str, params: Mapping[str, Any]) -> float:
        """The bound."""
        if precision != "native":
            return self.wide
        return self.native + self.gamma * float(params.get("gamma", 0.0))


GRADIENTS = ("gradient", "gradient, true class", "gradient, others")
QUANTITIES = ("value", *GRADIENTS, "hvp")
_TO_40 = ("ordinary", "margin 10", "margin 20", "margin 40")

PROMISES = (
    Promise("cross-entropies and entropy", _LOGARITHMS, ("value",), 4, 0.51, True),
    Promise(
        "their gradients, one true class or labels of 0 and 1",
        tuple(n for n in _LOGARITHMS if n not in _CROSSING),
        GRADIENTS, 4, 0.51, True, hard=True,
    ),
    Promise("their gradients, soft targets", _LOGARITHMS, GRADIENTS, 5, 0.51, False, hard=False),
    Promise("gradients that cross 0 for any target", _CROSSING, GRADIENTS, 5, 0.51, False),
    Promise("cross-entropies of logits over a temperature", _SCALED, ("value",), 4, 0.51, True),
    Promise("their gradients, one true class", _SCALED, GRADIENTS, 5, 0.51, True, hard=True),
    Promise("their gradients, soft targets", _SCALED, GRADIENTS, 5, 0.51, False, hard=False),
    Promise("focal losses", _FOCAL, ("value",), 5, 0.51, True, gamma=2.5),
    Promise("their gradients, labels of 0 and 1", _FOCAL, GRADIENTS, 5, 0.51, True, hard=True, gamma=2.5),
    Promise("their gradients, soft labels", _FOCAL, GRADIENTS, 5, 0.51, False, hard=False, gamma=2.5),
    Promise("distillation near equality", ("distillation",), ("value",), 8, 0.6, True, near=True),
    Promise("divergences near equality", ("kl_target_softmax", "kl_softmax_target"), ("value",), 8, 0.6, True,
            near=True),
    Promise("any loss, to margins of 40", None, QUANTITIES, 16, 16, False, regimes=_TO_40, mapped=False),
    # what an inner map rounds comes into an exponent: a number of 30 has half an ulp of 32 ulps of 1
    Promise("any with an inner map that is more than a scale", None, QUANTITIES, 64, 16, False, regimes=_TO_40,
            mapped=True),
)  # fmt: skip
#: a 0 where the exact value is a normal number is let pass if its error is at most so many ulps of the terms: such as
#: p - y where p is y but for a rounding
CANCELLED = 16.0
#: the sum of a gradient whose exact sum is 0: ulps of the largest entry or term, times K
ROW_SUM = 1.0
#: losses whose value is never negative where the exact one is not
NEVER_NEGATIVE = _DIVERGENCES


def promised(
    loss: str, quantity: str, precision: str, regime: str, *, hard: bool, near: bool, mapped: bool = False
) -> tuple[Promise, ...]:
    """All that is promised of a result; empty where nothing is but that it is a number where the exact one is.

    ``mapped``: the loss has an inner map that is more than a scale.
    """
    return tuple(
        p for p in PROMISES if p.covers(loss, quantity, precision, regime, hard=hard, near=near, mapped=mapped)
    )


def table() -> tuple[str, ...]:
    """The promises as the rows of a Markdown table: title, losses, quantities, and the bounds."""
    rows = []
    for p in PROMISES:
        unit = "" if p.strict else " of the larger term"
        slope = f" + {p.gamma:g} gamma" if p.gamma else ""
        native = f"{p.native:g}{slope}{unit}" if "native" in p.precisions else ""
        wide = f"{p.wide:g}{unit}" if {"wide", "half"} & set(p.precisions) else ""
        losses = "any" if p.losses is None else ", ".join(p.losses)
        quantities = dict.fromkeys(q.partition(",")[0] for q in p.quantities)
        rows.append(f"| {p.title} | {losses} | {', '.join(quantities)} | {native} | {wide} |")
    return tuple(rows)
