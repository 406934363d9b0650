"""Losses that are in no catalogue: derived, printed and verified here, in every family of the language."""

from __future__ import annotations

from pathlib import Path

import pytest
from verify.test_references import OTHERS

from symce.derivation.derive import derive
from symce.kernel.build import kernel
from symce.losses import Loss
from symce.targets import render_kernels
from symce.verify import TARGETS, verify

COMPILED = ("pieces", "taught")  #: verified as compiled, too
SMOOTH_TO_THE_END = ("adjusted", "capped", "mass", "others", "pieces", "taught")


@pytest.mark.parametrize("loss", [x for x in OTHERS if x.name in SMOOTH_TO_THE_END], ids=lambda x: x.name)
def test_a_stated_loss_gets_right_kernels(loss: Loss, tmp_path: Path) -> None:
    for path, text in render_kernels([kernel(derive(loss))]).items():
        file = tmp_path / "symce_kernels" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    report = verify([loss], tmp_path, targets=TARGETS if loss.name in COMPILED else ("numpy", "torch"))
    assert report.ok, [(row.target, row.what, row.dtype, row.failure) for row in report.failures]
