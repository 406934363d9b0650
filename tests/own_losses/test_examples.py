"""Every file of examples/losses/: it derives, prints its closed form, and its kernels are right."""

from __future__ import annotations

from pathlib import Path

import pytest
from own_losses.kernels import derived, printed

from symce.algebra.text import text
from symce.cli.app import main
from symce.losses import catalogue
from symce.losses.toml import load_toml
from symce.verify import TARGETS, verify

#: verified as compiled, too: losses with more sums in a row than any of the catalogue
COMPILED = ("soft_dice", "tversky")
FILES = sorted((Path(__file__).resolve().parents[2] / "examples" / "losses").glob("*.toml"))


def test_there_are_ten_or_more_and_none_hides_a_loss_of_the_catalogue() -> None:
    assert len(FILES) >= 10
    for path in FILES:
        loss = load_toml(path)
        assert loss.name == path.stem
        assert loss.name not in catalogue()
        assert loss.reference or "no paper states it" in loss.doc
        assert path.read_text(encoding="utf-8").startswith("# ")


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_show_prints_the_closed_form(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(path), "--no-why", "--ascii"]) == 0
    shown = capsys.readouterr().out
    final = derived(load_toml(path)).gradient.final
    # a long line is broken on the page, so that spaces say nothing
    assert "".join(text(final.result, ascii=True).split()) in "".join(shown.split())
    assert load_toml(path).title in shown


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_its_kernels_are_right(path: Path, tmp_path: Path) -> None:
    """Against autograd and 80 digits, with gradcheck and gradgradcheck of the PyTorch function."""
    __import__("torch")  # without it this test fails: it is not skipped
    loss = load_toml(path)
    report = verify([loss], printed(loss, tmp_path), targets=TARGETS if loss.name in COMPILED else ("numpy", "torch"))
    assert report.ok, [(row.target, row.what, row.dtype, row.failure) for row in report.failures]
    assert {"gradcheck", "gradgradcheck"} <= {row.what for row in report.rows if row.cases}
