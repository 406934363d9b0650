"""The scripts of examples/ as modules, under the names by which they import one another when they are run."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture(scope="session")
def example():
    """``example(name)`` imports the script examples/NAME.py."""
    sys.path.insert(0, str(EXAMPLES))

    def load(name: str) -> ModuleType:
        module = importlib.import_module(name)
        assert Path(module.__file__).parent == EXAMPLES
        return module

    yield load
    sys.path.remove(str(EXAMPLES))
