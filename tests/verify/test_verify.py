"""The verification of the catalogue, its report, and what it does where something is missing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from symce.losses import catalogue
from symce.verify import TARGETS, LoadError, Report, verify

CATALOGUE = catalogue()
#: verified as compiled, too; tests/native has all losses. Each is some thirty libraries, a second apiece
COMPILED = ("bce_with_logits", "cross_entropy", "focal", "kl_softmax_target", "softmax_entropy")


@pytest.fixture(scope="module")
def package(checkout: Path) -> Path:
    return checkout / "generated"


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_every_kernel_of_the_catalogue_is_right(name: str, package: Path) -> None:
    targets = TARGETS if name in COMPILED else ("numpy", "torch")
    report = verify([CATALOGUE[name]], package, targets=targets, thorough=True)
    assert report.ok, [(row.target, row.what, row.dtype, row.failure) for row in report.failures]
    whats = {(row.target, row.what, row.dtype) for row in report.rows}
    for target in targets:
        for what in ("value", "gradient", "value at extremes", "gradient at extremes"):
            assert {(target, what, "float64"), (target, what, "float32")} <= whats
    assert ("torch", "gradgradcheck", "float64") in whats
    assert all(row.cases > 0 for row in report.rows)
    errors = [row.error for row in report.rows if row.what in ("value", "gradient") and row.dtype == "float64"]
    assert 0 < max(errors) < 2e-15, "an error of exactly 0 would mean that nothing was compared"


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_mpmath_says_the_same(name: str, package: Path) -> None:
    report = verify([CATALOGUE[name]], package, targets=["numpy"], reference="mpmath")
    assert report.ok, [(row.target, row.what, row.dtype, row.failure) for row in report.failures]
    assert {row.reference for row in report.rows if row.what == "value"} == {"mpmath of the statement, 80 digits"}


def test_a_report_is_the_same_every_time(package: Path) -> None:
    first, second = (verify([CATALOGUE["focal"]], package).to_json() for _ in range(2))
    assert json.dumps(first, allow_nan=False) == json.dumps(second, allow_nan=False)


def test_without_torch_the_report_says_so(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("symce.verify.kernels.torch_installed", lambda: False)
    report = verify([CATALOGUE["softmax_entropy"]], package)
    assert report.ok
    assert {row.target for row in report.rows} == {"numpy", "native"}
    assert "the PyTorch kernels are not run" in report.notes[0]
    with pytest.raises(ValueError, match="needs PyTorch"):
        verify([CATALOGUE["softmax_entropy"]], package, reference="autograd")


def test_a_size_that_the_loss_is_undefined_for_is_named(package: Path) -> None:
    rows = verify([CATALOGUE["label_smoothing"]], package, targets=["numpy"]).rows
    assert [row.note for row in rows if row.note] == ["K = 1 left out: label_smoothing: K = 1: float division by zero"]


def test_a_missing_kernel_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "numpy").mkdir()
    report = verify([CATALOGUE["focal"]], tmp_path, targets=["numpy"])
    (row,) = report.rows
    assert not report.ok
    assert row.failure is not None
    assert "there is no such file" in row.failure.message


def test_a_kernel_that_cannot_be_imported_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "numpy").mkdir()
    (tmp_path / "numpy" / "focal.py").write_text("import no_such_module\n", encoding="utf-8")
    (row,) = verify([CATALOGUE["focal"]], tmp_path, targets=["numpy"]).rows
    assert row.failure is not None
    assert "ModuleNotFoundError" in row.failure.message


def test_a_kernel_that_raises_is_a_failure_with_its_arguments(package: Path, tmp_path: Path) -> None:
    text = (package / "symce_kernels" / "numpy" / "focal.py").read_text(encoding="utf-8")
    edited = text.replace("q_c = others / mass", 'raise RuntimeError("broken")')
    assert edited != text
    (tmp_path / "numpy").mkdir()
    (tmp_path / "numpy" / "focal.py").write_text(edited, encoding="utf-8")
    report = verify([CATALOGUE["focal"]], tmp_path, targets=["numpy"])
    failure = report.failures[0].failure
    assert failure is not None
    assert "RuntimeError: broken" in failure.message
    assert failure.arguments is not None
    assert "logits" in failure.to_json()["arguments"]


def test_a_failure_can_be_run_again(package: Path, tmp_path: Path) -> None:
    """The arguments in the JSON of a report give the very numbers that it names."""
    text = (package / "symce_kernels" / "numpy" / "softmax_entropy.py").read_text(encoding="utf-8")
    edited = text.replace("axis=None) / denominator", "axis=None) / denominator * 1.5")
    assert edited != text
    (tmp_path / "numpy").mkdir()
    (tmp_path / "numpy" / "softmax_entropy.py").write_text(edited, encoding="utf-8")
    report = verify([CATALOGUE["softmax_entropy"]], tmp_path, targets=["numpy"])
    (data,) = [r["failure"] for r in report.to_json()["rows"] if r["what"] == "value" and r["dtype"] == "float64"]
    names: dict[str, object] = {}
    exec(edited, names)
    arguments = {n: a for n, a in json.loads(json.dumps(data["arguments"])).items() if "," not in n}
    array = arguments["logits"]
    arguments["logits"] = np.array(array["data"], dtype=array["dtype"]).reshape(array["shape"])
    arguments.pop("cotangent", None)
    got = float(names["value"](**arguments))  # type: ignore[operator]
    assert got == data["got"]
    assert got == pytest.approx(1.5 * data["expected"], rel=1e-12)


@pytest.mark.parametrize(("options", "message"), [({"targets": ["c"]}, "'c'"), ({"reference": "sympy"}, "'sympy'")])
def test_an_unknown_word_is_named(options: dict[str, object], message: str, package: Path) -> None:
    with pytest.raises(ValueError, match=message):
        verify([CATALOGUE["focal"]], package, **options)  # type: ignore[arg-type]


def test_a_folder_without_kernels_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="derive them first"):
        verify([CATALOGUE["focal"]], tmp_path)


def test_nothing_verified_is_not_a_success() -> None:
    assert not Report(()).ok


def test_it_shares_no_code_with_the_derivation_and_leaves_no_trace(package: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from symce.losses import catalogue
from symce.verify import verify
path = list(sys.path)
assert verify([catalogue()["cross_entropy"]], Path({str(package)!r})).ok
assert sys.path == path
words = ("symce.derivation", "symce.rules", "symce.algebra", "symce.theorems", "symce.kernel", "symce_kernels")
found = [m for m in sys.modules if m.startswith(words)]
assert not found, found
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_numpy_alone_needs_neither_torch_nor_sympy(package: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from symce.losses import catalogue
from symce.verify import verify
assert verify([catalogue()["nll_loss"]], Path({str(package)!r}), targets=["numpy"], reference="mpmath").ok
assert "sympy" not in sys.modules and "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
