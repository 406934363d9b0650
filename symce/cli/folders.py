"""Where generated files lie."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import symce
from symce.cli.errors import CannotRun

KERNELS = "symce_kernels"
PROOFS = "proofs"


def checkout() -> Path | None:
    """The top folder of the checkout that symce runs from; None for an installed symce."""
    top = Path(symce.__file__).resolve().parent.parent
    return top if (top / "templates").is_dir() and (top / "pyproject.toml").is_file() else None


def output_folder(out: Path | None) -> Path:
    """The folder that holds proofs/ and symce_kernels/: as asked, else the checkout's ``generated``, else that of the
    current directory.

    Raises CannotRun where it is a file.
    """
    top = checkout()
    folder = out if out is not None else (top or Path.cwd()) / "generated"
    if folder.exists() and not folder.is_dir():
        raise CannotRun(f"{folder} is a file, not a folder", "Name a folder with --out, or move the file away.")
    return folder


def kernels_folder(out: Path | None) -> Path:
    """The folder symce_kernels to verify: in ``output_folder(out)``, else that of the installed package.

    Raises CannotRun where there is none.
    """
    folder = output_folder(out) / KERNELS
    if folder.is_dir():
        return folder
    if out is None:
        spec = importlib.util.find_spec(KERNELS)
        for place in (spec.submodule_search_locations or []) if spec else []:
            return Path(place)
    raise CannotRun(f"there are no kernels in {folder}", "Derive them first: python -m symce derive")


def shown(path: Path) -> str:
    """A path as a message names it: relative to the current directory where it lies below it."""
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(path)
