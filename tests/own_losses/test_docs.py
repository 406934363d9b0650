"""docs/losses.md says what is: its tables are those of the language, its code runs, its refusals happen."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from own_losses.kernels import derived

from symce.cli.app import main
from symce.language import grammar as G
from symce.language.declaration import DOMAINS, SHAPES, TARGETS
from symce.losses import toml
from symce.losses.loss import Loss, Param

CHECKOUT = Path(__file__).resolve().parents[2]
TEXT = (CHECKOUT / "docs" / "losses.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.M | re.S)
FILE = CHECKOUT / "examples" / "losses" / "collision_penalty.toml"


def table(heading: str) -> list[list[str]]:
    """The cells of the rows below a table's first line."""
    _, _, rest = TEXT.partition(f"\n{heading}\n")
    assert rest, f"no table begins with {heading}"
    rows = rest.split("\n\n", maxsplit=1)[0].splitlines()[1:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


def names(heading: str) -> list[str]:
    return [row[0].strip("`").strip('"') for row in table(heading)]


def test_the_limits_are_those_of_the_grammar() -> None:
    stated = {row[1].strip("`"): int(row[2]) for row in table("| limit | of `symce/language/grammar.py` | |")}
    assert stated == {name: getattr(G, name) for name in stated}
    whole = {n for n, a in vars(G).items() if n.isupper() and isinstance(a, int)}
    assert set(stated) == whole - {"LARGEST"}
    assert G.LARGEST == 10**300
    assert "within 1e-300 and 1e300" in TEXT
    assert f"at most {toml.SIZE:,} bytes" in TEXT


def test_the_words_are_those_of_the_language() -> None:
    assert {n.partition("(")[0] for n in names("| function | meaning |")} == set(G.CALLS)
    assert {n.partition("[")[0] for n in names("| written | meaning |") if "[" in n} == set(G.VECTORS)
    assert tuple(names("| target | in the statement | kernels accept |")) == TARGETS
    assert tuple(names("| domain | numbers |")) == DOMAINS
    assert tuple(names("| shape | written | the caller gives |")) == SHAPES
    assert {G.ARITY[n] for n in ("min", "max")} == {(2, 8)}, "two to eight"


def test_the_keys_are_those_of_a_declaration() -> None:
    fields = {n for n in Loss.__dataclass_fields__ if n not in ("params", "source_file", "places")}
    assert set(names("| key | | meaning |")) == fields
    assert set(names("| key | default | meaning |")) == set(Param.__dataclass_fields__) - {"name"}


def test_the_file_shown_is_the_example() -> None:
    (shown,) = [text for kind, text in BLOCKS if kind == "toml"]
    assert shown == FILE.read_text(encoding="utf-8")


def test_the_derivation_shown_is_the_one_derived(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "110")
    (shown,) = [text for kind, text in BLOCKS if kind == "text" and text.startswith("Corollary")]
    assert main(["show", str(FILE)]) == 0
    printed = capsys.readouterr().out
    assert shown in printed


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mine")
    assert main(["derive", str(FILE), "--out", str(folder), "--no-verify"]) == 0
    return folder


PAIRS = [(code, out) for (kind, code), (after, out) in pairwise(BLOCKS) if (kind, after) == ("python", "text")]


@pytest.mark.parametrize("number", range(len(PAIRS)))
def test_code_prints_what_is_shown(number: int, written: Path) -> None:
    code, shown = PAIRS[number]
    if "torch" in code:
        __import__("torch")  # without it this test fails: it is not skipped
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(written)},
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout == shown


def test_the_declaration_in_python_is_the_file() -> None:
    assert len(PAIRS) == 2
    (code,) = [text for kind, text in BLOCKS if kind == "python" and "Param(" in text]
    space: dict[str, object] = {}
    exec(code, space)
    made, loaded = space["loss"], toml.load_toml(FILE)
    assert isinstance(made, Loss)
    assert (made.statement, made.inner_map, made.params) == (loaded.statement, loaded.inner_map, loaded.params)
    assert derived(made).gradient.final.result == derived(loaded).gradient.final.result
    assert tomllib.loads(FILE.read_text(encoding="utf-8"))["loss"]["title"] == made.title


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", TEXT):
        assert (CHECKOUT / "docs" / target).exists(), target


HEAD = '[loss]\nname = "refused"\ntitle = "A loss"\n'


@pytest.mark.parametrize(
    ("statement", "status", "message"),
    [
        ('target = "index"\nvalue = "-log(q_c)"', 2, "unknown name"),
        ('target = "index"\nvalue = "-log(p[c])"\n[params]\ngamma = { default = 1.0 }', 2, "is used neither"),
        ('target = "index"\nvalue = "p.real"', 2, "is not allowed"),
        ('target = "index"\nvalue = "-log(p[0])"', 2, "an index is a name"),
        ('target = "index"\nvalue = "-log(p[c])"\nlogits = "z[k] - z[c]"', 2, "the index 'c' is not bound"),
        ('target = "index"\nvalue = "-log(p[c])"\nexpected = "p[j]"', 1, "expect"),
        ('target = "index"\nvalue = "-z[c]"\nlogits = "z[k]/2"', 2, "the inner map has no effect"),
    ],
)
def test_what_is_said_to_be_refused_is(
    statement: str, status: int, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "refused.toml"
    path.write_text(f"{HEAD}{statement}\n", encoding="utf-8")
    assert main(["derive", str(path), "--out", str(tmp_path / "out")]) == status
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_borrowed_name_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "focal.toml"
    path.write_text(
        '[loss]\nname = "focal"\ntitle = "A loss"\ntarget = "index"\nvalue = "1 - p[c]"\n', encoding="utf-8"
    )
    assert main(["derive", str(path), "--out", str(tmp_path / "out")]) == 2
    assert "comes with symce" in capsys.readouterr().err
