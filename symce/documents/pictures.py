"""The figures of a handout as files beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from symce.documents.blocks import Handout, Picture
from symce.figures import save


def pictures(handout: Handout, form: Literal["pdf", "png", "svg"]) -> Mapping[str, bytes]:
    """Every figure by its path, ``figures/NAME.FORM``. Raises FigureError without Matplotlib."""
    found: dict[str, bytes] = {}
    with TemporaryDirectory() as folder:
        for block in handout.blocks:
            if isinstance(block, Picture):
                path = Path(folder) / f"{block.figure.name}.{form}"
                save(block.figure, path, notation=handout.notation)
                found[f"figures/{path.name}"] = path.read_bytes()
    return found
