"""The listings, run once for all tests of this folder."""

from __future__ import annotations

import pytest

from symce.listings import catalogue, run


@pytest.fixture(scope="session")
def printed() -> dict[str, str]:
    """What each listing prints, by its name."""
    return {name: one.output for name, one in run(catalogue()).items()}
