"""The chapters of theorems, which belong to no loss: titles, pages, data."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import Any

from symce.cli.proof_file import chapter_file
from symce.documents.view import Document, of_chapter
from symce.theorems import chapters


def title(name: str) -> str:
    """What a chapter is about: the first line of its module's documentation."""
    words = inspect.getdoc(import_module(f"symce.theorems.{name}")) or name
    return words.splitlines()[0].rstrip(".")


def document(name: str) -> Document:
    """A chapter, ready for any format of document. Raises KeyError for an unknown one."""
    return of_chapter(name, title(name), chapters()[name], f"symce.theorems.{name}")


def chapter_data(name: str) -> dict[str, Any]:
    """The proofs of a chapter as data: what proofs/theorems/NAME.json holds."""
    return chapter_file(name, title(name), chapters()[name])
