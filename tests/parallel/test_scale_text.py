"""docs/scale.md: its table of costs is what its formulas give, and its messages are what the modules say."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "scale.md").read_text(encoding="utf-8")
N = D = 8192
UNITS = ("B", "KB", "MB", "GB", "TB")


def readable(size: float) -> str:
    n = 0
    while size >= 1000:
        size, n = size / 1000, n + 1
    return f"{size:.3g} {UNITS[n]}" if size else "0"


def test_the_table_of_costs() -> None:
    table = TEXT.partition("<!-- cost -->")[2].partition("<!-- /cost -->")[0]
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in table.strip().splitlines()[2:]]
    assert len(rows) == 16
    for row in rows:
        K, W = (int(cell.replace(",", "")) for cell in row[:2])
        assert row[2:] == [
            readable(2 * N * K / W),
            readable(2 * (W - 1) / W * 32 * N),
            readable(2 * (W - 1) / W * N * K),
            f"{6 * N * D * K / W / 1e12:.3g} TFLOP",
        ]


def test_the_table_of_messages() -> None:
    for name, form, messages in (
        ("cross_entropy", " with class indices", "2, of 8, 24"),
        ("focal", " with class indices", "2, of 8, 24"),
        ("nll_loss", " with class indices", "1, of 8"),
        ("cross_entropy", " with one float a class", "3, of 8, 24, 8"),
        ("label_smoothing", " with class indices", "3, of 8, 24, 8"),
        ("distillation", "", "4, of 16, 32, 16, 24"),
        ("kl_softmax_target", " with one float a class", "5, of 8, 32, 8, 16, 16"),
    ):
        text = import_module(f"symce_kernels.torch.parallel.{name}").__doc__ or ""
        assert f"Messages of the forward pass{form}: {messages} bytes a row." in " ".join(text.split())
        count, _, sizes = messages.partition(", of ")
        rows = [row for row in re.findall(r"^\|.*\|$", TEXT, re.M) if f"| {count} |" in row]
        assert any(sizes in row or sizes[:2] in row for row in rows), name
