"""Kernels of a loss, derived and printed into a folder, as ``derive`` does."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from symce.derivation.derive import Derivation, derive
from symce.kernel.build import kernel
from symce.losses import Loss
from symce.targets import TARGETS, render_kernels


@cache
def derived(loss: Loss) -> Derivation:
    """The derivation, made once for all tests that ask for it."""
    return derive(loss)


def printed(loss: Loss, folder: Path, targets: Sequence[str] = tuple(TARGETS)) -> Path:
    """The folder, in which the package ``symce_kernels`` of this one loss now lies."""
    for path, text in render_kernels([kernel(derived(loss))], targets).items():
        file = folder / "symce_kernels" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder
