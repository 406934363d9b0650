"""What LaTeX says is read rightly: errors are quoted, complaints are found, a missing LaTeX is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from symce.documents.pdf import LatexError, LatexMissing, compile, read_log


def tex(folder: Path, body: str, preamble: str = "") -> Path:
    file = folder / "paper.tex"
    file.write_text(rf"\documentclass{{article}}{preamble}\begin{{document}}{body}\end{{document}}", encoding="utf-8")
    return file


def test_a_pdf_and_nothing_else(tmp_path: Path) -> None:
    made = compile(tex(tmp_path, "Good."))
    assert made.report.clean
    assert made.pdf == tmp_path / "paper.pdf"
    assert made.pdf.read_bytes().startswith(b"%PDF")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["paper.pdf", "paper.tex"]


def test_the_first_error_is_quoted_and_an_old_pdf_stays(tmp_path: Path) -> None:
    (tmp_path / "paper.pdf").write_bytes(b"old")
    with pytest.raises(LatexError, match=r"Undefined control sequence") as failure:
        compile(tex(tmp_path, "\n\nSome text \\nosuchthing here"))
    assert "nosuchthing" in str(failure.value)
    assert "l.3" in str(failure.value)
    assert (tmp_path / "paper.pdf").read_bytes() == b"old"


@pytest.mark.parametrize(
    ("body", "found", "words"),
    [
        (r"See \ref{nothing}.", "undefined", "nothing"),
        (r"See \hyperref[nowhere]{there}.", "undefined", "nowhere"),
        (r"See \hyperlink{neverland}{there}.", "undefined", "neverland"),
        (r"See \cite{nobody}.", "undefined", "nobody"),
        (r"\noindent\rule{2\textwidth}{1pt}", "overfull", "hbox"),
        (r"\newpage\vbox to 10pt{\rule{1pt}{50pt}}", "overfull", "vbox"),
        (r"\font\x=cmr10 \x \char200", "missing", "Missing character"),
    ],
)
def test_complaints_are_found(body: str, found: str, words: str, tmp_path: Path) -> None:
    report = compile(tex(tmp_path, body, r"\usepackage{hyperref}")).report
    assert not report.clean
    assert [name for name in ("undefined", "overfull", "missing") if getattr(report, name)] == [found]
    assert words in str(report)


def test_a_box_that_nobody_sees_is_no_complaint(tmp_path: Path) -> None:
    report = compile(tex(tmp_path, r"\noindent\rule{\dimexpr\textwidth+1.5pt}{1pt}")).report
    assert report.clean
    assert not read_log("Overfull \\hbox (1.99pt too wide) in paragraph at lines 1--2\n").overfull
    assert read_log("Overfull \\hbox (2.01pt too wide) in paragraph at lines 1--2\n").overfull


@pytest.mark.parametrize("program", ["latexmk", "pdflatex"])
def test_without_latex_the_message_says_what_to_install(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("symce.documents.pdf.shutil.which", lambda name: None if name == program else f"/bin/{name}")
    file = tex(tmp_path, "Good.")
    with pytest.raises(LatexMissing, match=program) as failure:
        compile(file)
    for remedy in ("apt-get install", "latexmk", "MacTeX", "MiKTeX"):
        assert remedy in str(failure.value)
    assert file.is_file()


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="paper"):
        compile(tmp_path / "paper.tex")


def test_a_document_without_end_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("symce.documents.pdf.LIMIT", 2.0)
    with pytest.raises(LatexError, match="after 2 seconds"):
        compile(tex(tmp_path, r"\loop\iftrue\repeat"))
    # and so is what latexmk started
    assert not [p for p in Path("/proc").glob("[0-9]*/cwd") if _leads_to(p, tmp_path)]


def _leads_to(link: Path, folder: Path) -> bool:
    try:
        return link.readlink() == folder
    except OSError:  # a process that is gone, or another user's
        return False


def test_the_same_bytes(tmp_path: Path) -> None:
    found = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        found.append(compile(tex(tmp_path / name, "Same.", r"\pdftrailerid{}\pdfinfoomitdate=1 ")).pdf.read_bytes())
    assert found[0] == found[1]
