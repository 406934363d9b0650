"""docs/numerics.md says what is: its Python prints what stands below it, and the losses that it names are those."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from kernels.special import LIMIT, NAMES

CHECKOUT = Path(__file__).resolve().parents[2]
TEXT = (CHECKOUT / "docs" / "numerics.md").read_text(encoding="utf-8")


def test_its_python_prints_what_it_says() -> None:
    """The blocks are one program, each of them followed by what it prints."""
    blocks = re.findall(r"^```python\n(.*?)^```\n\n```text\n(.*?)^```$", TEXT, re.M | re.S)
    assert len(blocks) >= 2
    program = "".join(code for code, _ in blocks)
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == "".join(output for _, output in blocks)


def test_the_losses_without_a_limit_are_named() -> None:
    (listed,) = re.findall(r"of the catalogue all but\s(.*?)\. ", TEXT, re.S)
    assert set(re.findall(r"`(\w+)`", listed)) == set(NAMES) - set(LIMIT)
