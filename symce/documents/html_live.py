"""What a live figure is told of its losses: which sliders there are, from where to where, and where they start."""

from __future__ import annotations

import json
import math

from symce.algebra.letters import latex_letter, unicode_letter
from symce.documents import mathml
from symce.documents.blocks import Handout, Live
from symce.documents.html_text import escape
from symce.documents.prose import unicode_words
from symce.kernel.kernel import Kernel, KernelParam

#: the number of steps of a slider of a parameter
_STEPS = 100
#: how many classes a reader may choose at most
MOST_CLASSES = 6
#: what stands at the start for a parameter without a default; it must be inside the domain
_START = {"real": 0.0, "nonnegative": 1.0, "positive": 1.0, "unit": 0.5}


def values(live: Live, handout: Handout) -> dict[str, object]:
    """What the template prints: the letters of the columns, the losses, and the same as data for the script."""
    most = max(MOST_CLASSES, len(live.logits), *(k.least_classes for k in live.kernels))
    data = {
        "logits": list(live.logits),
        "trueClass": live.true_class,
        "mostClasses": most,
        "losses": [_loss(kernel) for kernel in live.kernels],
    }
    return {
        "data": escape(json.dumps(data, sort_keys=True, ensure_ascii=False, allow_nan=False)),
        "losses": [{"name": k.name, "title": escape(k.title)} for k in live.kernels],
        "controls": [_controls(kernel, handout) for kernel in live.kernels],
        "letters": {
            "logit": mathml.inline("z_k"),
            "softmax": mathml.inline(r"\operatorname{softmax}(z)_k"),
            "sigmoid": mathml.inline(r"\sigma(z_k)"),
            "target": mathml.inline("y_k"),
            "gradient": mathml.inline(r"\partial\mathcal{L} / \partial z_k"),
            "loss": mathml.inline(r"\mathcal{L}"),
            "uniform": mathml.inline("1/K"),
        },
    }


def _loss(kernel: Kernel) -> dict[str, object]:
    return {
        "name": kernel.name,
        "title": kernel.title,
        "target": kernel.target,
        "index": "index" in kernel.programs,
        "dense": "dense" in kernel.programs,
        "leastClasses": max(2, kernel.least_classes),
        "params": [_param(param) for param in kernel.params],
    }


def _param(param: KernelParam) -> dict[str, object]:
    low, high, step = scale(param)
    start = _START[param.domain] if param.default is None else param.default
    return {
        "name": param.name,
        "letter": unicode_letter(param.name),
        "perClass": bool(param.shape),
        "min": low,
        "max": high,
        "step": step,
        "start": start,
    }


def _controls(kernel: Kernel, handout: Handout) -> dict[str, object]:
    return {
        "loss": kernel.name,
        "params": [
            {
                **_param(param),
                "letter": mathml.inline(latex_letter(param.name, ("k",) if param.shape else (), handout.symbols)),
                "doc": escape(unicode_words(param.doc)),
            }
            for param in kernel.params
        ],
    }


def scale(param: KernelParam) -> tuple[float, float, float | str]:
    """Least value, greatest value and step of a parameter's slider: round numbers about its default, in its domain."""
    default = _START[param.domain] if param.default is None else param.default
    if param.domain == "unit":
        low, high = 0.0, 1.0
    else:
        high = 5.0 if 0.5 <= abs(default) <= 5.0 or default == 0.0 else _round_up(2 * abs(default))
        low = -high if param.domain == "real" else 0.0
    step: float | str = float(f"{(high - low) / _STEPS:.3g}")
    for finer in (1, 5, 50, 500):
        fine = float(f"{(high - low) / _STEPS / finer:.3g}")
        if math.isclose(default / fine, round(default / fine), abs_tol=1e-6):
            step = fine
            break
    else:
        step = "any"
    if param.domain == "positive":
        low = float(f"{(high - low) / _STEPS:.3g}")
    return low, high, step


def _round_up(x: float) -> float:
    """The next of 1, 2, 5, 10, 20, 50, ... or 0.5, 0.2, 0.1, ..."""
    power = math.floor(math.log10(x))
    for digit in (1, 2, 5, 10):
        candidate = float(f"{digit}e{power}")
        if candidate >= x * (1 - 1e-9):
            return candidate
    return float(f"1e{power + 1}")
