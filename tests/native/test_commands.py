"""``build`` compiles ahead what programs load; ``doctor`` says what there is to compile with."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from native.conftest import SOURCES, write_package

from symce.cli.app import main

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def symce(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """Runs a command line of symce with a cache of its own: exit status, output, errors."""
    monkeypatch.setenv("SYMCE_CACHE", str(tmp_path / "cache"))

    def run(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main([str(a) for a in arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An output folder with the kernels by hand in its symce_kernels."""
    write_package(tmp_path / "out").parent.rename(tmp_path / "out" / "symce_kernels")
    return tmp_path / "out"


def test_build_compiles_ahead_and_once(symce: Command, folder: Path, tmp_path: Path) -> None:
    status, out, _ = symce("build", "--out", folder, "--dtype", "float32", "--dtype", "float64", "--jobs", 2)
    assert status == 0
    assert f"4 native kernels in {tmp_path / 'cache'}: 4 compiled, 0 there already" in out
    assert len(list((tmp_path / "cache").glob("*.so"))) == 16  # a library a function: six of one loss, two of the other
    status, out, _ = symce("build", "cross_entropy", "--wide", "--out", folder, "--dtype", "float32", "--json")
    document = json.loads(out)
    assert (status, document["ok"]) == (0, True)
    assert [(b["loss"], b["dtype"], b["wide"], b["state"]) for b in document["built"]] == [
        ("cross_entropy", "float32", False, "there already"),
        ("cross_entropy", "float32", True, "compiled"),
    ]


def test_build_reports_what_does_not_compile(symce: Command, folder: Path) -> None:
    (folder / "symce_kernels/native/affine.c").write_text("int f(void) { return nowhere_declared; }\n")
    status, out, _ = symce("build", "--out", folder, "--dtype", "float32")
    assert status == 1
    assert "affine float32: " in out
    assert "nowhere_declared" in out
    assert "1 compiled, 0 there already, 1 failed" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("build", "nothing"), "no loss is named 'nothing'"),
        (("build", "--dtype", "int8"), "There are: float16, bfloat16, float32, float64."),
    ],
)
def test_build_names_what_there_is(symce: Command, folder: Path, arguments: tuple[str, ...], words: str) -> None:
    status, _, err = symce(*arguments, "--out", folder)
    assert status == 2
    assert words in err


def test_build_without_kernels_or_a_compiler(
    symce: Command, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty" / "symce_kernels").mkdir(parents=True)
    status, _, err = symce("build", "--out", tmp_path / "empty")
    assert status == 2
    assert "python -m symce derive" in err
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    status, _, err = symce("build", "--out", folder)
    assert status == 2
    assert "there is no C compiler" in err
    assert "apt install gcc" in err


def test_doctor_says_what_native_kernels_have(
    symce: Command, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("symce.cli.doctor.output_folder", lambda out: folder)
    findings = {f["name"]: f for f in json.loads(symce("doctor", "--json")[1])["findings"]}
    assert findings["C compiler"]["there"]
    assert str(tmp_path / "cache") in findings["native cache"]["found"]
    assert findings["OpenMP"]["there"]
    assert not (tmp_path / "cache").exists()
    symce("build", "--out", folder, "--dtype", "float32")
    findings = {f["name"]: f for f in json.loads(symce("doctor", "--json")[1])["findings"]}
    assert "8 kernels" in findings["native cache"]["found"]
    (tmp_path / "cache").chmod(0o777)
    findings = {f["name"]: f for f in json.loads(symce("doctor", "--json")[1])["findings"]}
    assert not findings["native cache"]["there"]
    assert "chmod go-w" in findings["native cache"]["remedy"]
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    status, out, _ = symce("doctor")
    assert status == 0
    assert "C compiler: apt install gcc" in out


def test_the_sources_are_what_the_interface_says() -> None:
    """The struct of the tests has the fields of the modules, in their order."""
    text = (SOURCES / "call.h").read_text().partition("struct symce_call {")[2].partition("PARAMETERS")[0]
    fields = [n.strip(" *") for line in text.split(";") for n in line.partition("/*")[0].split(",") if n.strip()]
    assert [f.split()[-1].lstrip("*") for f in fields] == [
        "logits", "logits_stride", "target", "target_stride", "v", "v_stride", "cotangent", "weight", "losses",
        "derivative", "derivative_stride", "total", "rows", "classes", "ignore_index", "reduction", "normalizer",
        "label_smoothing", "options", "threads",
    ]  # fmt: skip
