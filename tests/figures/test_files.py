"""Files of figures: the same bytes always, nothing outside, embedded fonts, themes, and what is refused."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import pytest
from matplotlib.figure import Figure as Canvas

from symce.figures import FigureError, catalogue, save, svg
from symce.figures.style import themed

SVG = "{http://www.w3.org/2000/svg}"

DRAW_ALL = """
import sys
from pathlib import Path
from symce.figures import catalogue, of_loss, save
from symce.losses import catalogue as losses
for figure in (*catalogue().values(), *of_loss(losses()["focal"])):
    for suffix in ("svg", "pdf", "png"):
        save(figure, Path(sys.argv[1]) / f"{figure.name}.{suffix}", theme="dark")
"""


@pytest.mark.long
def test_the_same_bytes_in_every_process(tmp_path: Path) -> None:
    written = []
    for seed in ("1", "2"):
        folder = tmp_path / seed
        folder.mkdir()
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-W", "error", "-c", DRAW_ALL, str(folder)], check=True, env=environment)
        written.append({p.name: p.read_bytes() for p in sorted(folder.iterdir())})
    assert len(written[0]) == 3 * (10 + 5)
    assert [name for name, content in written[0].items() if content != written[1][name]] == []
    assert written[0].keys() == written[1].keys()


@pytest.mark.parametrize("name", list(catalogue()))
@pytest.mark.parametrize("notation", ["hat-pi", "p"])
def test_svg_stands_alone(name: str, notation: str) -> None:
    text = svg(catalogue()[name], notation=notation)  # type: ignore[arg-type]
    root = ElementTree.fromstring(text)
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    words = [root.find(f"{SVG}title"), root.find(f"{SVG}desc")]
    assert [w.text for w in words if w is not None] == [catalogue()[name].title, catalogue()[name].alt]
    assert root.get("aria-labelledby", "").split() == [w.get("id") for w in words if w is not None]
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    assert all(i.startswith(f"{name}-{notation}-light") for i in ids if i)
    references = re.findall(r'href="([^"]*)"|url\(([^)]*)\)', text)
    assert references
    assert {(a or b).removeprefix("#") for a, b in references} <= set(ids)
    assert all((a or b).startswith("#") for a, b in references)
    assert set(re.findall(r"https?://[^\"\s<]+", text)) == {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert [e.tag for e in root.iter() if e.tag in (f"{SVG}image", f"{SVG}script", f"{SVG}text")] == []


def test_figures_in_one_page_share_no_id() -> None:
    texts = [
        svg(figure, notation=notation, theme=theme)
        for figure in catalogue().values()
        for notation, theme in (("hat-pi", "light"), ("hat-pi", "dark"), ("p", "light"))
    ]
    ids = [i for text in texts for i in re.findall(r'\bid="([^"]+)"', text)]
    assert len(ids) == len(set(ids))
    # a style sheet within a page is about the whole page
    selectors = [s for text in texts for s in re.findall(r"<style[^>]*>([^{]*)\{", text)]
    assert len(selectors) == len(texts)
    assert all(s.startswith("#") for s in selectors)


@pytest.mark.parametrize("name", list(catalogue()))
def test_fonts_are_embedded(name: str, tmp_path: Path) -> None:
    path = tmp_path / "figure.pdf"
    save(catalogue()[name], path)
    listed = subprocess.run(["pdffonts", path], capture_output=True, text=True, check=True).stdout.splitlines()[2:]
    assert listed
    for line in listed:
        assert "TrueType" in line
        assert "Type 3" not in line
        emb = re.search(r"(yes|no)\s+(yes|no)\s+(yes|no)\s+\d+\s+\d+$", line)
        assert emb is not None
        assert emb[1] == "yes"
    content = path.read_bytes()
    assert b"CreationDate" not in content
    assert matplotlib.__version__.encode() not in content


@pytest.mark.parametrize("name", list(catalogue()))
def test_every_axis_is_labelled(name: str) -> None:
    with themed("light", salt=name):
        canvas = catalogue()[name].draw("hat-pi")
        check_axes(canvas)


def check_axes(canvas: Canvas) -> None:
    assert canvas.axes
    for axes in canvas.axes:
        assert axes.get_xlabel()
        assert axes.get_ylabel()
    assert canvas.get_figwidth() * 2.54 == pytest.approx(12.0)


@pytest.mark.parametrize("name", [n for n, f in catalogue().items() if n not in ("hessian", "loss-surface")])
def test_labels_follow_the_notation(name: str) -> None:
    with themed("light", salt=name):
        drawn = {n: words(catalogue()[name].draw(n)) for n in ("hat-pi", "p")}  # type: ignore[arg-type]
    if name in ("sqrt-two", "neg-log", "gradient-magnitude", "focal-family", "gradient-flow", "softmax-jacobian"):
        assert any(r"\hat{\pi}" in w for w in drawn["hat-pi"])
    assert not any(r"\ph" in w or r"\bph" in w for w in drawn["hat-pi"] + drawn["p"])
    assert not any(r"\hat" in w for w in drawn["p"])


def words(canvas: Canvas) -> list[str]:
    texts = [t.get_text() for axes in canvas.axes for t in axes.texts]
    return texts + [t for axes in canvas.axes for t in (axes.get_xlabel(), axes.get_ylabel(), axes.get_title())]


def test_the_themes_differ_and_leave_no_trace(tmp_path: Path) -> None:
    before = dict(matplotlib.rcParams)
    figure = catalogue()["neg-log"]
    assert svg(figure, theme="light") != svg(figure, theme="dark")
    for theme in ("light", "dark"):
        save(figure, tmp_path / f"{theme}.png", theme=theme)  # type: ignore[arg-type]
    assert (tmp_path / "light.png").read_bytes() != (tmp_path / "dark.png").read_bytes()
    assert dict(matplotlib.rcParams) == before


def test_a_reader_s_settings_change_nothing() -> None:
    plain = svg(catalogue()["gradient-flow"])
    with matplotlib.rc_context({"font.size": 20, "lines.linewidth": 9, "axes.labelpad": 40, "xtick.bottom": False}):
        assert svg(catalogue()["gradient-flow"]) == plain


def test_nothing_is_left_of_a_file_that_could_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "neg-log.svg"
    path.write_text("as it was")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        save(catalogue()["neg-log"], path)
    assert [p.name for p in tmp_path.iterdir()] == ["neg-log.svg"]
    assert path.read_text() == "as it was"


def test_a_file_has_the_usual_permissions(tmp_path: Path) -> None:
    save(catalogue()["neg-log"], tmp_path / "a.svg")
    (tmp_path / "b").write_text("")
    assert (tmp_path / "a.svg").stat().st_mode == (tmp_path / "b").stat().st_mode


def test_what_is_refused(tmp_path: Path) -> None:
    figure = catalogue()["neg-log"]
    with pytest.raises(FigureError, match=r"cannot write neg-log\.jpg.*\.pdf, \.png, \.svg"):
        save(figure, tmp_path / "neg-log.jpg")
    with pytest.raises(FigureError, match="no theme 'sepia'; the themes are: light, dark"):
        svg(figure, theme="sepia")  # type: ignore[arg-type]
    with pytest.raises(FigureError, match="no notation 'q'; the notations are: hat-pi, p"):
        svg(figure, notation="q")  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


WITHOUT = """
import sys
sys.modules["matplotlib"] = None
from symce.figures import FigureError, catalogue, svg
try:
    svg(catalogue()["neg-log"])
except FigureError as error:
    print(error)
"""


def test_without_matplotlib_the_error_says_what_to_install() -> None:
    run = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True)
    assert "pip install 'symce[handout]'" in run.stdout


def test_the_import_loads_neither_matplotlib_nor_sympy() -> None:
    code = "import sys, symce.figures; print(sorted({'matplotlib', 'sympy'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.long
def test_the_chapter_s_figures_in_seconds(tmp_path: Path) -> None:
    """In less than eight where nothing else runs; only a large regression breaks this."""
    code = (
        "import sys; from pathlib import Path; from symce.figures import catalogue, save\n"
        "for f in catalogue().values(): save(f, Path(sys.argv[1]) / (f.name + '.pdf'))"
    )
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    assert time.perf_counter() - start < 60
    assert len(list(tmp_path.iterdir())) == 10
