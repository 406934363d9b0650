"""Handouts as notebooks: valid, the same every time, and what their listings print is what stands below them."""

from __future__ import annotations

import base64
import json
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import pytest
from documents.handouts import everything, of_loss
from documents.markdown_sample import small
from nbclient import NotebookClient

from symce.documents.blocks import Code, Handout, Live, Picture, Statement
from symce.documents.handout_notebook import files, stands_alone
from symce.documents.letters import DocumentError
from symce.handout.chapter import chapter
from symce.handout.options import Options


@cache
def handout(name: str) -> Handout:
    own = {"everything": everything, "small": small, "chapter": lambda: chapter(Options())}
    return own[name]() if name in own else of_loss(name)


@cache
def notebook(name: str) -> Any:
    ((path, content),) = files(handout(name)).items()
    assert path == f"{handout(name).name}.ipynb"
    return nbformat.reads(content.decode(), as_version=nbformat.NO_CONVERT)


NAMES = ("everything", "small", "focal", "chapter")


@pytest.mark.parametrize("name", NAMES)
def test_it_is_a_valid_notebook_of_format_4_5(name: str) -> None:
    shown = notebook(name)
    nbformat.validate(shown)
    assert (shown.nbformat, shown.nbformat_minor) == (4, 5)
    assert shown.metadata.kernelspec.name == "python3"
    assert len({cell.id for cell in shown.cells}) == len(shown.cells)


@pytest.mark.parametrize("name", ["small", "chapter"])
def test_it_runs_from_top_to_bottom_and_prints_what_it_shows(name: str, tmp_path: Path) -> None:
    shown = notebook(name)
    fresh = nbformat.from_dict(json.loads(json.dumps(shown)))
    for cell in fresh.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    client = NotebookClient(
        fresh,
        timeout=240,
        kernel_name="python3",
        coalesce_streams=True,
        resources={"metadata": {"path": str(tmp_path)}},
    )
    client.execute()
    ran = [cell for cell in fresh.cells if cell.cell_type == "code"]
    recorded = [cell for cell in shown.cells if cell.cell_type == "code"]
    assert ran
    for now, then in zip(ran, recorded, strict=True):
        assert now.outputs == then.outputs, then.id
        assert now.execution_count == then.execution_count, then.id


@pytest.mark.parametrize("name", NAMES)
def test_every_block_is_there(name: str) -> None:
    cells = notebook(name).cells
    text = "\n".join(cell.source for cell in cells)
    for block in handout(name).blocks:
        match block:
            case Statement():
                assert f"**{block.item.heading}: " in text
                assert all(f"\\tag{{{line.number}}}" in text for line in block.item.lines)
            case Code():
                assert f"*{block.heading}.*" in text
                assert block.code in text
            case Picture():
                assert f"(attachment:{block.figure.name}.png)" in text
            case Live():
                assert f'id="{block.label}"' not in text
    links = set(re.findall(r"\]\(#([^)]+)\)", text))
    assert links <= set(re.findall(r'<a id="([^"]+)"></a>', text))
    assert "[#" not in re.sub(r"`[^`\n]+`", "", text)


@pytest.mark.parametrize("name", ["small", "focal", "chapter"])
def test_a_cell_carries_the_pictures_that_it_shows(name: str) -> None:
    seen = 0
    for cell in notebook(name).cells:
        wanted = re.findall(r"\(attachment:([^)]+)\)", cell.source) if cell.cell_type == "markdown" else []
        attached = cell.get("attachments", {})
        assert list(attached) == wanted
        for image in attached.values():
            (form,) = image
            assert form == "image/png"
            assert base64.b64decode(image[form]).startswith(b"\x89PNG\r\n")
            seen += 1
    assert seen == sum(isinstance(block, Picture) for block in handout(name).blocks) > 0


@pytest.mark.parametrize("name", NAMES)
def test_formulas_stand_on_lines_of_their_own_without_quotes(name: str) -> None:
    """Jupyter takes formulas out before it reads Markdown: a mark of a quotation in one would be a part of it."""
    for cell in notebook(name).cells:
        if cell.cell_type == "markdown":
            displays = re.findall(r"^(.*)\$\$(.*?)\$\$(.*)$", cell.source, re.MULTILINE)
            assert all(not before.strip() and not after.strip() for before, _, after in displays)
            assert cell.source.count("$$") == 2 * len(displays)


def test_only_scripts_that_stand_alone_run() -> None:
    assert stands_alone("import numpy as np\nz = np.ones(3)\nprint([z for z in z], __name__)")
    assert stands_alone("def f(x):\n    return g(x)\n\ndef g(x):\n    y = len(x)\n    return [y + i for i in x]")
    assert stands_alone("from math import log\nclass A:\n    b = 1\n    def c(self):\n        return log(self.b)")
    assert not stands_alone("def f(x: Array):\n    return x")
    assert not stands_alone("def f(x):\n    return np.exp(x)")
    assert not stands_alone("print([x + missing for x in range(3)])")
    kinds = {cell.source: cell.cell_type for cell in notebook("small").cells}
    assert kinds["print(sum([1, 2]))"] == "code"
    (part,) = [source for source in kinds if "def f(z: Array)" in source]
    assert kinds[part] == "markdown"


def test_golden_notebook(request: pytest.FixtureRequest) -> None:
    shown = nbformat.from_dict(json.loads(json.dumps(notebook("small"))))
    for cell in shown.cells:
        for image in cell.get("attachments", {}).values():
            image["image/png"] = "the picture"
    printed = nbformat.writes(shown) + "\n"
    golden = Path(__file__).parent / "golden" / "handout.ipynb"
    if request.config.getoption("--update-golden"):
        golden.write_text(printed, encoding="utf-8")
    assert printed == golden.read_text(encoding="utf-8"), "run pytest --update-golden if this is what you want"


def test_without_nbformat_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nbformat", None)
    with pytest.raises(DocumentError, match=r"pip install 'symce\[handout\]'"):
        files(small())
