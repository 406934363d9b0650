"""A verification that passes everything proves nothing: each wrong kernel is caught, and for its own reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from verify.mutants import NUMPY, TORCH, Mutant

from symce.losses import catalogue
from symce.verify import verify

MUTANTS = (*NUMPY, *TORCH)


@pytest.mark.parametrize("mutant", MUTANTS, ids=[f"{m.target}: {m.what}" for m in MUTANTS])
def test_a_wrong_kernel_is_caught(mutant: Mutant, checkout: Path, tmp_path: Path) -> None:
    if mutant.target == "torch":
        __import__("torch")  # without it this test fails: it is not skipped
    package, loss = checkout / "generated" / "symce_kernels", catalogue()[mutant.loss]
    root = mutant.write(package, tmp_path)
    report = verify([loss], root, targets=[mutant.target])

    assert not report.ok
    failed = {row.what for row in report.failures}
    failed |= {what.removesuffix(", wide") for what in failed}
    assert failed & set(mutant.caught), f"caught, but as {sorted(failed)}"
    failure = report.failures[0].failure
    assert failure is not None
    assert failure.message


@pytest.mark.parametrize(("loss", "target"), sorted({(m.loss, m.target) for m in MUTANTS}))
def test_the_modules_are_right_before_the_edits(loss: str, target: str, checkout: Path) -> None:
    if target == "torch":
        __import__("torch")  # without it this test fails: it is not skipped
    assert verify([catalogue()[loss]], checkout / "generated", targets=[target]).ok


@pytest.mark.parametrize("mutant", [NUMPY[n] for n in (0, 1, 3, 5, 10, 11)], ids=lambda m: m.what)
def test_mpmath_catches_what_autograd_catches(mutant: Mutant, checkout: Path, tmp_path: Path) -> None:
    """Where PyTorch is not installed the other reference has to do."""
    root = mutant.write(checkout / "generated" / "symce_kernels", tmp_path)
    report = verify([catalogue()[mutant.loss]], root, targets=["numpy"], reference="mpmath")
    assert {row.what for row in report.failures} & set(mutant.caught)


def test_both_kernels_wrong_alike_are_caught(checkout: Path, tmp_path: Path) -> None:
    """NumPy against PyTorch alone would pass a mistake that both inherit from the closed form."""
    numpy = next(m for m in NUMPY if m.what.startswith("p - y"))
    torch = next(m for m in TORCH if m.what.startswith("p - y"))
    package = checkout / "generated" / "symce_kernels"
    root = numpy.write(package, tmp_path / "numpy")
    wrong = torch.write(package, tmp_path / "torch") / "torch" / "cross_entropy.py"
    (root / "torch" / "cross_entropy.py").write_text(wrong.read_text(encoding="utf-8"), encoding="utf-8")
    rows = verify([catalogue()["cross_entropy"]], root).rows
    assert all(row.ok for row in rows if row.what == "gradient as NumPy's" and row.dtype == "float64")
    assert not any(row.ok for row in rows if row.what == "gradient" and row.dtype == "float64")


def test_an_edit_that_finds_nothing_is_an_error(checkout: Path, tmp_path: Path) -> None:
    mutant = Mutant("nothing", "cross_entropy", "numpy", (("no such text", ""),), ())
    with pytest.raises(LookupError, match="no such text"):
        mutant.write(checkout / "generated" / "symce_kernels", tmp_path)
