"""A package of native kernels whose C was written by hand, and caches of its own for what is compiled of it."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from targets.programs import cross_entropy, kernel

from symce.kernel.kernel import KernelParam
from symce.targets.native_python import python_module, python_package
from symce.targets.torch import TorchTarget

PACKAGE = "kernels_by_hand"
SOURCES = Path(__file__).parent / "sources"


def write_package(folder: Path) -> Path:
    """``folder/kernels_by_hand``: native/ and torch/ as printed, and the C of tests/native/sources; returns native/."""
    affine = kernel(
        "affine", "A weighted sum of logits", "none", {"none": cross_entropy().programs["dense"].only("value")},
        params=(
            KernelParam("s", "real", 1.0, "", ""),
            KernelParam("slope", "real", 1.0, "K", ""),
            KernelParam("each", "real", None, "NxK", ""),
        ),
    )  # fmt: skip
    kernels = [affine, replace(cross_entropy(), one_hot_limit=True)]
    torch = TorchTarget()
    files = python_package(kernels) | torch.render_package(kernels[1:]) | torch.render(kernels[1])
    for k in kernels:
        files |= python_module(k)
        source = (SOURCES / f"{k.name}.c").read_text().replace('#include "call.h"', (SOURCES / "call.h").read_text())
        files[f"native/{k.name}.c"] = source
    for path, text in {**files, "__init__.py": ""}.items():
        file = folder / PACKAGE / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder / PACKAGE / "native"


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the package lies in."""
    folder = tmp_path_factory.mktemp("native")
    write_package(folder)
    return folder


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that all tests share which do not test the cache."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def native(written: Path, cache: Path) -> Iterator[ModuleType]:
    """The package ``native``, imported into this process, with the shared cache."""
    before = os.environ.get("SYMCE_CACHE")
    os.environ["SYMCE_CACHE"] = str(cache)
    sys.path.insert(0, str(written))
    yield importlib.import_module(f"{PACKAGE}.native")
    sys.path.remove(str(written))
    for name in [n for n in sys.modules if n.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
    os.environ.pop("SYMCE_CACHE")
    if before is not None:
        os.environ["SYMCE_CACHE"] = before


@pytest.fixture
def python(written: Path, cache: Path, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a script in a fresh process that can import the package; keywords are environment variables."""

    def run(script: str, expect: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONPATH": str(written), "SYMCE_CACHE": str(cache), **environment},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == expect, done.stdout + done.stderr
        return done

    return run
