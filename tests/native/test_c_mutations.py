"""A native kernel that is wrong is found: one constant or sign changed in its C, and the verification has to see it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import symce_kernels
from symce.losses import catalogue
from symce.verify import verify

PACKAGE = Path(symce_kernels.__file__).parent
LOSS = "bce_with_logits"  # compiled in half a second
#: the text that is changed, and what it becomes
MUTANTS = {
    "a constant": (r"0x1\.555556p-3f \* r \+ 0\.5f", "0x1.955556p-3f * r + 0.5f"),
    "a sign": (r"\(x > 0 \? x : 0\) \+ log1p_unit", "(x > 0 ? x : 0) - log1p_unit"),
    "a denominator": (r"w / \(real\) denominator", "w / (real) (denominator + 1)"),
}


def copied(folder: Path) -> Path:
    """The package of the native kernels alone, in a folder of its own."""
    place = folder / "symce_kernels"
    shutil.copytree(PACKAGE / "native", place / "native", ignore=shutil.ignore_patterns("__pycache__"))
    return place


@pytest.mark.long
def test_the_kernel_itself_is_right(tmp_path: Path) -> None:
    report = verify([catalogue()[LOSS]], copied(tmp_path), targets=("native",))
    assert report.rows
    assert [row for row in report.rows if not row.ok] == []


@pytest.mark.long
@pytest.mark.parametrize("what", MUTANTS)
def test_a_wrong_kernel_is_found(what: str, tmp_path: Path) -> None:
    text, other = MUTANTS[what]
    source = copied(tmp_path) / "native" / f"{LOSS}.c"
    changed, count = re.subn(text, other, source.read_text())
    assert count == 1
    source.write_text(changed)
    report = verify([catalogue()[LOSS]], tmp_path, targets=("native",))
    assert [row for row in report.rows if not row.ok], "the verification passes a wrong kernel"
