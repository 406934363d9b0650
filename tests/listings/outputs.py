"""Reading what listings print, and a reference with 50 digits that shares no code with them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import mpmath as mp

mp.mp.dps = 50

#: relative error that float32, float64 computations of these sizes stay below, with room
FLOAT32, FLOAT64 = 1e-6, 1e-13
_NUMBER = re.compile(r"(?<![\w.])-?(?:\d+\.?\d*(?:e[+-]\d+)?|inf|nan)(?![\w.])")


def line(output: str, label: str) -> str:
    """What stands behind the label, on the one line that starts with it."""
    found = [text for text in output.splitlines() if text.startswith(label)]
    assert len(found) == 1, f"{label!r} starts {len(found)} lines of:\n{output}"
    return found[0][len(label) :]


def numbers(text: str) -> list[str]:
    """The numbers of a text, as they are printed."""
    return _NUMBER.findall(text)


def shows(text: str, exact: mp.mpf, error: float = FLOAT32) -> None:
    """A printed number is the exact one, rounded, and a computation with this relative error cannot print another."""
    mantissa, _, exponent = text.partition("e")
    digits = len(mantissa.partition(".")[2])
    style = f".{digits}e" if exponent else f".{digits}f"
    printed = {format(float(exact * (1 + sign * error)), style) for sign in (-1, 0, 1)}
    assert printed == {text}, f"printed {text}, exact {mp.nstr(exact, 12)}: may print {sorted(printed)}"


def softmax(z: Sequence[float]) -> list[mp.mpf]:
    powers = [mp.exp(mp.mpf(x)) for x in z]
    return [power / mp.fsum(powers) for power in powers]


def loss(z: Sequence[float], y: int | Sequence[mp.mpf]) -> mp.mpf:
    """Cross-entropy of one row of logits with a class or a distribution."""
    log_sum = mp.log(mp.fsum(mp.exp(mp.mpf(x)) for x in z))
    if isinstance(y, int):
        return log_sum - mp.mpf(z[y])
    return mp.fsum(weight * (log_sum - mp.mpf(x)) for weight, x in zip(y, z, strict=True))


def focal(z: Sequence[float], c: int, gamma: float) -> mp.mpf:
    p = softmax(z)[c]
    return -((1 - p) ** mp.mpf(gamma)) * mp.log(p)


def mean(values: Sequence[mp.mpf]) -> mp.mpf:
    return mp.fsum(values) / len(values)
