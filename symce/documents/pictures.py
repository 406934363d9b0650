"""The figures of a handout as files beside it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from symce.documents.blocks import Handout, Picture
from symce.figures import save
from symce.figures.figure import Figure, Notation

Form = Literal["pdf", "png", "svg"]


def pictures(handout: Handout, form: Form) -> Mapping[str, bytes]:
    """Every figure by its path, ``figures/NAME.FORM``. Raises FigureError without Matplotlib."""
    shown = [block.figure for block in handout.blocks if isinstance(block, Picture)]
    return {f"figures/{figure.name}.{form}": _drawn(figure, form, handout.notation) for figure in shown}


@lru_cache(maxsize=200)
def _drawn(figure: Figure, form: Form, notation: Notation) -> bytes:
    # several formats of one handout show the same figure, and drawing it takes longer than all the rest
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{figure.name}.{form}"
        save(figure, path, notation=notation)
        return path.read_bytes()
