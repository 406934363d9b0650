"""The hand-built kernels, printed once into a temporary package and imported from there."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from targets.node import Node, write_package
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


@pytest.fixture(scope="session")
def node() -> Iterator[Node]:
    process = Node()
    yield process
    process.close()


@pytest.fixture(scope="session")
def generated(checkout: Path) -> Path:
    return checkout / "generated" / "symce_kernels" / "javascript"


@pytest.fixture(scope="session")
def javascript(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The JavaScript files of the hand-built kernels."""
    place = tmp_path_factory.mktemp("printed_javascript")
    write_package(place, KERNELS)
    return place
