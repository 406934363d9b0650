"""The command line run in this process, and trees that it wrote."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import symce.render
from symce.cli.app import main


@dataclass(frozen=True)
class Result:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on standard output; fails if there is anything else."""
        return json.loads(self.out)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Runs a command line: ``run("derive", "focal")``."""

    def result(*arguments: object) -> Result:
        capsys.readouterr()
        status = main([str(a) for a in arguments])
        captured = capsys.readouterr()
        return Result(status, captured.out, captured.err)

    return result


@pytest.fixture(scope="session")
def derived_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything, as ``derive`` writes it. Read only: use ``tree`` to change it."""
    folder = tmp_path_factory.mktemp("derived")
    assert main(["derive", "--no-verify", "--out", str(folder)]) == 0
    return folder


@pytest.fixture
def tree(derived_once: Path, tmp_path: Path) -> Path:
    """A copy of everything that ``derive`` writes."""
    return shutil.copytree(derived_once, tmp_path / "out")


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the templates, which is what symce prints with for the length of a test."""
    copy = shutil.copytree(symce.render.template_folder(), tmp_path / "templates")
    monkeypatch.setattr(symce.render, "template_folder", lambda: copy)
    return copy


POLY = """
[loss]
name = "poly_one"
title = "Poly-1 loss"
target = "index"
value = "-log(p[c]) + eps*(1 - p[c])"
[params]
eps = { default = 1.0, domain = "real" }
"""


@pytest.fixture
def poly(tmp_path: Path) -> Path:
    """A loss file of a user's own."""
    path = tmp_path / "poly.toml"
    path.write_text(POLY)
    return path


@pytest.fixture(scope="session")
def snapshot() -> Callable[[Path], dict[str, tuple[bytes, int]]]:
    """Every file below a folder: its bytes and when it was last changed."""

    def of(folder: Path) -> dict[str, tuple[bytes, int]]:
        return {
            path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }

    return of
