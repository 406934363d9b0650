"""What the README shows is what happens."""

import os
import re
import subprocess
import sys
from itertools import pairwise

import pytest

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)


def blocks(checkout):
    return BLOCK.findall((checkout / "README.md").read_text(encoding="utf-8"))


def pairs(checkout):
    """Python blocks with the text block that follows."""
    found = blocks(checkout)
    return [(code, out) for (kind, code), (after, out) in pairwise(found) if (kind, after) == ("python", "text")]


@pytest.mark.parametrize("number", [0, 1])
def test_python_prints_what_is_shown(checkout, number):
    code, shown = pairs(checkout)[number]
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout == shown


def test_the_derivation_shown_is_the_one_derived(checkout):
    shown = next(text for kind, text in blocks(checkout) if kind == "text" and text.startswith("Theorem"))
    command = [sys.executable, "-m", "symce", "show", "cross_entropy", "--section", "gradient"]
    wide = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=checkout, env=wide)
    assert shown.rstrip() in run.stdout


def test_every_loss_of_the_catalogue_is_in_the_table(checkout):
    from symce.losses import catalogue

    text = (checkout / "README.md").read_text(encoding="utf-8")
    table = text[text.index("| loss | target |") : text.index("| | NumPy | PyTorch |")]
    assert set(re.findall(r"^\| `(\w+)`", table, re.M)) == set(catalogue())


def test_links_lead_somewhere(checkout):
    text = (checkout / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
        assert (checkout / target).exists(), target


def test_the_loss_file_derives_to_what_is_shown(checkout, tmp_path):
    found = blocks(checkout)
    (stated,) = [text for kind, text in found if kind == "toml"]
    shown = next(text for kind, text in found if kind == "text" and text.startswith("squared_margin"))
    file = tmp_path / "squared_margin.toml"
    file.write_text(stated, encoding="utf-8")
    command = [sys.executable, "-m", "symce", "derive", str(file), "--out", str(tmp_path / "build"), "--no-verify"]
    run = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, cwd=checkout)
    assert run.returncode == 0, run.stderr
    assert shown.strip() in run.stdout
