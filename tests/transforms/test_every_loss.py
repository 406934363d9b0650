"""Each transform that ``verify --target torch`` lists: for all losses where it is quick, else for some of each kind."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import torch
from kernels.calls import LOSSES, NAMES

from symce.verify.modules import imported_package, load, package_folder
from symce.verify.subject import Subject
from symce.verify.transforms import ALLOWED, TRANSFORMS, distance, transform_rows

SLOW = ("opcheck", "compile", "export")
#: class indices and probabilities, no target, one loss an entry
SOME = ("cross_entropy", "softmax_entropy", "sigmoid_focal")

# PyTorch's own tracing makes an object of a class that it calls static
pytestmark = [pytest.mark.long, pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")]


def subjects(checkout: Path, name: str) -> list[Subject]:
    folder = package_folder(checkout / "generated")
    module = importlib.import_module(f"{imported_package(folder)}.torch.{name}")
    kernel = load(folder, "torch", LOSSES[name])
    return [Subject(kernel, module, form) for form in kernel.forms]


@pytest.mark.parametrize("name", NAMES)
def test_quick_ones(checkout: Path, name: str) -> None:
    for subject in subjects(checkout, name):
        for what, transform in TRANSFORMS.items():
            if what in SLOW:
                continue
            pairs = list(transform(subject))
            assert pairs, what
            for found, expected in pairs:
                assert distance(found, expected) <= ALLOWED, (what, subject.form)


@pytest.mark.parametrize("what", SLOW)
@pytest.mark.parametrize("name", SOME)
def test_slow_ones(checkout: Path, name: str, what: str) -> None:
    pairs = [pair for subject in subjects(checkout, name)[:1] for pair in TRANSFORMS[what](subject)]
    assert pairs
    for found, expected in pairs:
        assert distance(found, expected) <= ALLOWED


def test_the_report_finds_a_forward_mode_that_is_wrong(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subject = subjects(checkout, "softmax_entropy")[0]
    module = subject.module
    monkeypatch.setattr(module._RowsGradient, "jvp", staticmethod(lambda ctx, v: torch.zeros_like(v)))
    monkeypatch.setattr(module._OneHotLimit, "jvp", staticmethod(lambda ctx, t: 2 * t))
    kept: dict[str, Any] = {n: t for n, t in TRANSFORMS.items() if n in ("grad", "jvp", "hessian", "gradcheck")}
    monkeypatch.setattr("symce.verify.transforms.TRANSFORMS", kept)
    rows = {row.what: row for row in transform_rows(LOSSES["softmax_entropy"], checkout / "generated")}
    assert [row.ok for row in rows.values()] == [True, True, False, False]
    hessian = rows["transform: hessian"]
    assert hessian.error > 0.1
    assert hessian.failure is not None
    assert "differs from the plain call" in hessian.failure.message


def test_a_loss_without_kernels_is_a_failed_row(tmp_path: Path) -> None:
    (tmp_path / "torch").mkdir()
    (row,) = transform_rows(LOSSES["focal"], tmp_path)
    assert not row.ok
    assert row.failure is not None
    assert "derive focal" in row.failure.message
