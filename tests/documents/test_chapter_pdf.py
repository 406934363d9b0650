"""The whole chapter through LaTeX, as article and as slides: nothing undefined, nothing beyond the margin."""

from pathlib import Path

import pytest

from symce.documents import beamer, handout_latex
from symce.documents.pdf import compile
from symce.handout.chapter import chapter
from symce.handout.options import Options


@pytest.fixture(scope="module")
def whole():
    return chapter(Options(style="cases"))


@pytest.mark.long
@pytest.mark.parametrize("form", [handout_latex, beamer])
def test_the_chapter_compiles_without_a_complaint(whole, form, tmp_path: Path):
    for path, content in form.files(whole).items():
        file = tmp_path / path
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)
    (tex,) = tmp_path.glob("*.tex")
    made = compile(tex)
    assert made.pdf.stat().st_size > 300_000
    assert made.report.clean, str(made.report)


@pytest.mark.long
def test_the_chapter_in_the_other_notation_and_style_compiles(tmp_path: Path):
    handout = chapter(Options(notation="p", style="matrix", sections=("gradient", "information")))
    for path, content in handout_latex.files(handout).items():
        file = tmp_path / path
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)
    made = compile(tmp_path / "cross-entropy.tex")
    assert made.report.clean, str(made.report)
