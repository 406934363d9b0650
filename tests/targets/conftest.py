"""The hand-built kernels, printed once into a temporary package and imported from there."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest
from targets.programs import KERNELS

from symce.targets import render_kernels

PACKAGE = "hand_built_kernels"


@pytest.fixture(scope="session")
def printed() -> dict[str, str]:
    """All files of the package, by path."""
    return render_kernels(KERNELS)


@pytest.fixture(scope="session")
def package(printed: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The package of the printed kernels."""
    folder = tmp_path_factory.mktemp("printed")
    for path, text in printed.items():
        file = folder / PACKAGE / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    sys.path.insert(0, str(folder))
    yield importlib.import_module(PACKAGE)
    sys.path.remove(str(folder))
    for name in [n for n in sys.modules if n.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
