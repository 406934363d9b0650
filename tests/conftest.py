"""What every test shares: threads, Hypothesis profiles, the folder of the checkout."""

from __future__ import annotations

import os
from pathlib import Path

# Workers of pytest-xdist already fill the cores; a pool of threads in each only makes them wait for one another.
# Set before NumPy or torch is imported, since they read it once.
if "PYTEST_XDIST_WORKER" in os.environ:
    for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(_variable, "1")

import pytest
from hypothesis import HealthCheck, settings

# A shared machine is slow at odd moments: a deadline would report the moment, not the code.
settings.register_profile("dev", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# CI draws the same examples every time, so that what it says depends on the commit alone.
settings.register_profile("ci", parent=settings.get_profile("dev"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the files under tests/golden/ anew")


@pytest.fixture(scope="session", autouse=True)
def compiled_kernels(tmp_path_factory: pytest.TempPathFactory) -> None:
    """One cache of compiled kernels for all workers: what one has compiled the others load."""
    place = tmp_path_factory.getbasetemp()
    place = (place.parent if "PYTEST_XDIST_WORKER" in os.environ else place) / "compiled"
    place.mkdir(mode=0o700, exist_ok=True)
    os.environ.setdefault("SYMCE_CACHE", str(place))


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The top folder of the checkout, where pyproject.toml, templates/ and generated/ lie."""
    return Path(__file__).resolve().parent.parent
