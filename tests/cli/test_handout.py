"""``handout``: every format is written, twice the same, whatever loss it is about; and what cannot be made is said."""

import json
import os
import subprocess
import sys

import pytest

from symce.handout.formats import FORMATS

OWN = """
[loss]
name = "squared_margin"
title = "Cross-entropy with a squared penalty on the true class"
target = "index"
value = "-log(p[c]) + eps*(1 - p[c])**2"
[params]
eps = { default = 0.5, domain = "nonnegative" }
"""
#: a file of each format, by the stem of the handout
FILES = {
    "pdf": "{0}.pdf",
    "slides": "{0}-slides.pdf",
    "tex": "{0}.tex",
    "html": "{0}.html",
    "mkdocs": "mkdocs/docs/index.md",
    "github": "github/{0}.md",
    "myst": "myst/index.md",
    "notebook": "{0}.ipynb",
}


def files(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A handout on a loss of a user's own, in every format, in a process of its own."""
    folder = tmp_path_factory.mktemp("handout")
    (folder / "own.toml").write_text(OWN, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "symce", "handout", "own.toml", "--out", "out", "--json"],
        cwd=folder,
        env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout)


def test_every_format_is_known_and_written(made):
    folder, document = made
    assert set(FILES) == set(FORMATS)
    written = files(folder / "out")
    assert {path.format("squared_margin") for path in FILES.values()} <= set(written)
    assert {f["path"] for f in document["files"]} == set(written)
    assert document["notes"] == []


def test_a_second_run_changes_nothing(made, run, monkeypatch):
    folder, _ = made
    before = files(folder / "out")
    monkeypatch.chdir(folder)
    result = run("handout", "own.toml", "--out", "out")
    assert result.status == 0, result.err
    assert "0 files written" in result.out
    assert files(folder / "out") == before


def test_one_format_alone(run, tmp_path):
    result = run("handout", "softmax_entropy", "--format", "github", "--out", tmp_path)
    assert result.status == 0, result.err
    assert {path.split("/")[0] for path in files(tmp_path)} == {"github"}


def test_sections_title_and_author(run, tmp_path):
    options = ("--section", "equivalence", "--title", "Week 3", "--author", "A. Teacher", "--notation", "p")
    result = run("handout", "--format", "github", "--out", tmp_path, *options)
    assert result.status == 0, result.err
    page = (tmp_path / "github" / "cross-entropy.md").read_text(encoding="utf-8")
    assert "# Week 3" in page
    assert "A. Teacher" in page
    assert "The equivalence of NLL and cross-entropy" in page
    assert "Label smoothing" not in page.split("# Week 3")[1].split("References")[0]
    assert r"\hat{\pi}" not in page


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nonsense",), "no loss is named 'nonsense'"),
        (("fisher",), "is a chapter of theorems, not a loss"),
        (("--section", "nowhere", "--format", "github"), "there is no section 'nowhere'; the sections are: likelihood"),
        (("--format", "docx"), "docx"),
        (("missing.toml",), "there is no such file"),
    ],
)
def test_what_cannot_be_made_is_said_and_nothing_is_written(run, tmp_path, arguments, message):
    result = run("handout", *arguments, "--out", tmp_path / "out")
    assert result.status == 2
    assert message in result.err
    assert not (tmp_path / "out").exists()


def test_a_file_of_somebody_else_is_not_overwritten(run, tmp_path):
    mine = tmp_path / "github" / "focal.md"
    mine.parent.mkdir()
    mine.write_text("my own notes", encoding="utf-8")
    result = run("handout", "focal", "--format", "github", "--out", tmp_path)
    assert result.status == 2
    assert "is not a file that symce generated" in result.err
    assert mine.read_text(encoding="utf-8") == "my own notes"
    assert run("handout", "focal", "--format", "github", "--out", tmp_path, "--force").status == 0


def test_without_latex_the_source_is_written_and_what_to_install_is_said(run, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    result = run("handout", "softmax_entropy", "--format", "pdf", "--format", "slides", "--out", tmp_path)
    assert result.status == 0, result.err
    assert "texlive" in result.err
    assert {"softmax_entropy.tex", "softmax_entropy-slides.tex"} <= set(files(tmp_path))
    assert not [path for path in files(tmp_path) if path.endswith(".pdf") and "figures" not in path]
