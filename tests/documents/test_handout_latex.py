"""A handout as an article and as slides: everything is there, with the right numbers, and LaTeX has no complaint."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from documents.handouts import CODE, everything, of_loss

from symce.documents import beamer, handout_latex
from symce.documents.blocks import Code, Handout, Note, Paragraph, Section, Statement
from symce.documents.markup import MarkupError
from symce.documents.pdf import compile
from symce.documents.pictures import pictures
from symce.documents.tex.code import code_lines, widest
from symce.documents.tex.heights import formula_height
from symce.documents.tex.tables import columns, text_width
from symce.documents.tex.text import Texts, inline_code, plain
from symce.handout.selection import only
from symce.losses import catalogue

FORMATS = {"article": handout_latex.files, "slides": beamer.files}
#: the longest formulas, and labels that are independent of each other
COMPILED = ("focal", "sigmoid_focal")


def written(files: object, folder: Path) -> Path:
    """The files of a handout in a folder; its .tex."""
    assert isinstance(files, dict)
    for path, content in files.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(content)
    (tex,) = folder.glob("*.tex")
    return tex


def text_of(pdf: Path) -> str:
    """What a reader can select in a PDF, ligatures as letters."""
    text = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True).stdout
    return text.replace("ﬁ", "fi").replace("ﬂ", "fl").replace("ﬀ", "ff").replace("ﬃ", "ffi")


@pytest.fixture(scope="module", params=FORMATS)
def compiled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    folder = tmp_path_factory.mktemp(request.param)
    made = compile(written(dict(FORMATS[request.param](everything())), folder))
    assert made.report.clean, str(made.report)
    return request.param, made.pdf


# --- LaTeX has no complaint -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", COMPILED)
def test_a_loss_compiles_without_a_complaint(name: str, form: str, tmp_path: Path) -> None:
    made = compile(written(dict(FORMATS[form](of_loss(name))), tmp_path))
    assert made.report.clean, str(made.report)


def fonts_of(pdf: Path) -> list[str]:
    return subprocess.run(["pdffonts", pdf], capture_output=True, text=True, check=True).stdout.splitlines()[2:]


def assert_embedded_outlines(pdf: Path) -> None:
    fonts = fonts_of(pdf)
    assert len(fonts) > 5
    for font in fonts:
        assert "Type 3" not in font
        assert re.search(r" yes (yes|no ) (yes|no ) +\d+ +\d+$", font), font  # embedded


def test_fonts_are_embedded_outlines(compiled: tuple[str, Path]) -> None:
    assert_embedded_outlines(compiled[1])


@pytest.mark.parametrize("form", FORMATS)
def test_without_latin_modern_computer_modern_serves(form: str, tmp_path: Path) -> None:
    files = dict(FORMATS[form](only(everything(), ["second"])))
    tex = written(files, tmp_path)
    text = tex.read_text(encoding="utf-8")
    assert text.count("lmodern.sty") == 1
    tex.write_text(text.replace("lmodern.sty", "not-installed.sty"), encoding="utf-8")
    made = compile(tex)
    assert made.report.clean, str(made.report)
    assert_embedded_outlines(made.pdf)
    assert any("CMR10" in font or "CMSS10" in font for font in fonts_of(made.pdf))


def test_letters_of_code_and_titles_are_in_the_pdf(compiled: tuple[str, Path]) -> None:
    text = text_of(compiled[1])
    for expected in ("np.exp(z", "∂", "K = 38", "‖" if "‖" in text else "∥", "python -m symce derive focal", "5%"):
        assert expected in text, expected
    info = subprocess.run(["pdfinfo", compiled[1]], capture_output=True, text=True, check=True).stdout
    assert "50% of {all} & more_or_less #1" in info
    assert "CreationDate" not in info


def test_every_label_that_paper_can_show_is_a_place_to_jump_to(compiled: tuple[str, Path]) -> None:
    form, pdf = compiled
    tex = next(pdf.parent.glob("*.tex")).read_text(encoding="utf-8")
    handout = everything()
    place = r"\label{%s}" if form == "article" else r"\hypertarget{%s}"
    for label, heading in handout.labelled:
        shown = place % label in tex or f"{{{label}}}\n" in tex  # listings take their label as an argument
        assert shown != heading.startswith("Live"), label


# --- numbers ----------------------------------------------------------------------------------------------------------


def numbers_of(handout: Handout, folder: Path) -> dict[str, str]:
    """The number that LaTeX gave every label."""
    folder.mkdir()
    tex = written(dict(handout_latex.files(handout)), folder)
    command = ["pdflatex", "-interaction=batchmode", "-halt-on-error", tex.name]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    aux = tex.with_suffix(".aux").read_text(encoding="utf-8", errors="replace")
    return dict(re.findall(r"\\newlabel\{([^}]*)\}\{\{([^}]*)\}", aux))


def test_latex_counts_as_the_handout_does(tmp_path: Path) -> None:
    handout = everything()
    cut = only(handout, ["second", "bounds"])
    assert cut.elsewhere, "nothing is referred to elsewhere: the test needs another cut"
    for name, part in (("whole", handout), ("cut", cut)):
        given = numbers_of(part, tmp_path / name)
        expected = {label: heading.rpartition(" ")[2] for label, heading in part.labelled if "Live" not in heading}
        assert {label: given.get(label) for label in expected} == expected


def test_equations_have_the_numbers_of_their_lines(compiled: tuple[str, Path]) -> None:
    text = text_of(compiled[1])
    items = [b.item for b in everything().blocks if isinstance(b, Statement)]
    shown = {int(n) for n in re.findall(r"\((\d+)\)\s*$", text, re.MULTILINE)}
    missing = {line.number for item in items for line in item.lines} - shown
    assert not missing


def test_a_part_compiles_and_names_what_is_elsewhere(tmp_path: Path) -> None:
    cut = only(everything(), ["jacobian"])
    for form, files in FORMATS.items():
        folder = tmp_path / form
        folder.mkdir()
        made = compile(written(dict(files(cut)), folder))
        assert made.report.clean, str(made.report)


# --- relations, notation ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("render", [handout_latex.render_handout_latex, beamer.render_slides])
def test_inequalities_are_printed_as_such(render: object) -> None:
    assert callable(render)
    handout = everything()
    tex = render(handout)
    bounds = [b.item for b in handout.blocks if isinstance(b, Statement) and b.item.proof.relation != "="]
    assert bounds
    assert len(re.findall(r"&\\le |&\\ge ", tex)) >= len(bounds)


def test_notation_decides_on_the_letters() -> None:
    for notation, letter, other in (
        ("hat-pi", r"$\hat{\pi}_k > 0$", "$p_k > 0$"),
        ("p", "$p_k > 0$", r"$\hat{\pi}_k > 0$"),
    ):
        tex = handout_latex.render_handout_latex(everything(notation))  # type: ignore[arg-type]
        assert letter in tex
        assert other not in tex
        assert r"\ph" not in re.sub(r"\\ph(i|antom)", "", tex)


# --- determinism ------------------------------------------------------------------------------------------------------


def test_the_same_text_and_the_same_pdf_in_another_process(tmp_path: Path) -> None:
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path; from documents.handouts import of_loss\n"
        "from symce.documents import beamer, handout_latex\n"
        "from symce.documents.pdf import compile\n"
        "h = of_loss('nll_loss'); folder = Path(sys.argv[2]); (folder / 'figures').mkdir(parents=True)\n"
        "for p, c in {**handout_latex.files(h), **beamer.files(h)}.items(): (folder / p).write_bytes(c)\n"
        "for tex in sorted(folder.glob('*.tex')): compile(tex)\n"
    )
    found = []
    for seed in ("1", "2"):
        folder = tmp_path / f"run {seed}"  # a space in the path is no trouble
        command = [sys.executable, "-c", script, str(Path(__file__).parents[1]), str(folder)]
        subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": seed}, check=True)
        found.append({p.relative_to(folder): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()})
    assert found[0] == found[1]
    assert {p.suffix for p in found[0]} == {".tex", ".pdf"}, "something of LaTeX's was left behind"


# --- slides -----------------------------------------------------------------------------------------------------------


def test_slides_keep_the_text_for_the_speaker() -> None:
    tex = beamer.render_slides(everything())
    texts = [b.text for s in everything().sections for b in s.blocks if isinstance(b, Paragraph)]
    assert texts
    assert len(re.findall(r"^\\note\{", tex, re.MULTILINE)) >= len(texts)
    assert "He said" not in re.sub(r"^\\note\{.*\}$", "", tex, flags=re.MULTILINE)


def test_no_frame_is_scaled_down_by_much(tmp_path: Path) -> None:
    """Frames are filled by estimates: LaTeX may shrink what is a little too high, but the estimates must be good."""
    handout = of_loss("focal")
    tex = beamer.render_slides(handout).replace(
        r"\end{minipage}\end{lrbox}\adjustbox",
        r"\end{minipage}\end{lrbox}\typeout{FITTING \the\dimexpr\ht\framebody+\dp\framebody\relax}\adjustbox",
        1,
    )
    folder = tmp_path
    file = written({"focal-slides.tex": tex.encode(), **pictures(handout, "pdf")}, folder)
    command = ["pdflatex", "-interaction=batchmode", "-halt-on-error", file.name]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    log = file.with_suffix(".log").read_text(encoding="latin-1")
    heights = [float(h) for h in re.findall(r"^FITTING ([\d.]+)pt", log, re.MULTILINE)]
    assert len(heights) > 40
    assert max(heights) < 1.15 * 209, max(heights)


# --- text, code, tables -----------------------------------------------------------------------------------------------


def texts(link: str = "hyperref") -> Texts:
    return Texts({"a-b": "Theorem 3", "live": "Live figure 1"}, frozenset({"live"}), "hat-pi", link)  # type: ignore[arg-type]


def test_marks_of_running_text() -> None:
    assert texts().text('*a* **b** `c_d` $\\ph$ "q" [#a-b] [#live]') == (
        r"\emph{a} \textbf{b} \texttt{c\_\allowbreak{}d} $\hat{\pi}$ ``q'' \hyperref[a-b]{Theorem~\ref*{a-b}}"
        " Live figure 1"
    )
    assert texts("hyperlink").text("[#a-b]") == r"\hyperlink{a-b}{Theorem~3}"
    assert texts().text("[x](https://a.b/c_d%20#e)") == r"\href{https://a.b/c\_d\%20\#e}{x}"
    with pytest.raises(MarkupError):
        texts().text("an *open mark")
    with pytest.raises(KeyError):
        texts().text("[#nothing]")


def test_plain_text_is_never_a_command() -> None:
    assert plain(r"\input{x} 50% a_b #1 π̂ ≤ x²") == (
        r"\textbackslash{}input\{x\} 50\% a\_b \#1 \ensuremath{\hat{\pi}} \ensuremath{\le} x\textsuperscript{2}"
    )
    assert inline_code("a--b 'c'") == r"\texttt{a-{}-b \straightquote{}c\straightquote{}}"


def stripped(line: str) -> str:
    """A line of a listing as a reader sees it."""
    for command, ch in (("codebackslash", "\\"), ("straightquote", "'"), ("straightbacktick", "`"), ("codewrap", "↪")):
        line = line.replace(rf"\{command}{{}}", ch)
    line = line.replace(r"\codeopen{}", "\0").replace(r"\codeclose{}", "\1")
    line = re.sub(r"\\codeglyph\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}", "?", line)
    line = re.sub(r"\\code[a-z]+\{([^{}]*)\}", r"\1", line)
    return line.replace("\0", "{").replace("\1", "}")


@pytest.mark.parametrize("room", [30, 60, 200])
def test_listings_lose_nothing_and_fit(room: int) -> None:
    lines = [stripped(line) for line in code_lines(CODE, "python", room)]
    assert max(map(len, lines)) <= room
    shown = "".join(lines).replace("↪", "")
    plain_code = "".join("?" if not ch.isascii() else ch for ch in CODE if ch != "\u0302")
    assert re.sub(r"\s", "", shown) == re.sub(r"\s", "", plain_code)
    if room == 200:
        assert [len(line) for line in lines] == [len(line.replace("\u0302", "")) for line in CODE.splitlines()]
    assert widest(CODE) == max(len(line.replace("\u0302", "")) for line in CODE.splitlines())


def test_columns_of_tables() -> None:
    handout = everything()
    tables = {b.label: b for b in handout.blocks if hasattr(b, "rows") and hasattr(b, "label")}
    assert columns(tables["t-small"], 40, handout.labels).preamble.count("r") == 1 + "@{}r".count("@") - 1
    wide = columns(tables["t-long"], 40, handout.labels)
    (width,) = re.findall(r"p\{([\d.]+)em\}", wide.preamble)
    assert 15 < float(width) < 40
    assert all(height > 1 for height in wide.heights)
    assert text_width("$\\hat{\\pi}$", {}) < text_width("a long text", {})


def test_heights_of_formulas() -> None:
    plain_line, fraction, total = (formula_height(t) for t in ("a + b", r"\frac{a}{b}", r"\sum_{k=1}^{K} a_k"))
    assert plain_line < fraction < total
    assert formula_height(r"\frac{\frac{a}{b}}{c}") > fraction
    assert formula_height(r"\frac{a}{b} \frac{c}{d}") == fraction
    assert formula_height(r"a \\ b") > 2 * plain_line


def test_every_loss_has_both_texts() -> None:
    for name in catalogue():
        handout = of_loss(name)
        codes = [b for b in handout.blocks if isinstance(b, Code)]
        for tex in (handout_latex.render_handout_latex(handout), beamer.render_slides(handout)):
            assert tex.count(r"\begin{Verbatim}") >= len(codes)
            assert handout.command in tex[:300]


def test_a_box_in_a_box_of_a_section_without_anything_else(tmp_path: Path) -> None:
    inner = Note("example", "Inner", (Paragraph("inside"),))
    section = Section("1", "only", "Only a box", 1, (Note("note", "Outer", (Paragraph("before"), inner)),))
    empty = Section("2", "empty", "Nothing", 1, ())
    handout = replace(everything(), name="boxes", abstract=(), sections=(section, empty), rules=(), references=())
    for form, files in FORMATS.items():
        folder = tmp_path / form
        folder.mkdir()
        made = compile(written(dict(files(handout)), folder))
        assert made.report.clean, str(made.report)
        assert "inside" in text_of(made.pdf)
