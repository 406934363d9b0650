"""A listing: one script of the folder ``seed``, taken apart into title, prose and the code that is shown."""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent / "seed"
_NUMBERED = re.compile(r"\d\d_(?P<name>[a-z]\w*)")


class ListingError(RuntimeError):
    """A listing cannot be read, or failed when it ran. Its text names the listing, the cause and the remedy."""


@dataclass(frozen=True)
class Listing:
    """A script that is shown and run.

    name      the file's name without its number, such as ``focal``
    title     the first line of its docstring
    language  "python"
    code      the file's text without its docstring
    about     the rest of the docstring, each paragraph on one line; marks as in symce.documents.markup
    needs     the packages outside the standard library that it imports, sorted
    file      where it lies
    """

    name: str
    title: str
    language: str
    code: str
    about: str
    needs: tuple[str, ...]
    file: Path = field(repr=False, compare=False)


def catalogue() -> dict[str, Listing]:
    """All listings by name, in the order of the chapter. Raises ListingError for a file that is no listing."""
    found: dict[str, Listing] = {}
    for file in sorted(FOLDER.glob("*.py")):
        if file.name == "__init__.py":
            continue
        listing = read_listing(file)
        if listing.name in found:
            raise ListingError(f"{file.name}: {found[listing.name].file.name} has the same name; rename one of them")
        found[listing.name] = listing
    return found


def read_listing(file: Path) -> Listing:
    """The listing in a file ``NN_name.py``. Raises ListingError if the name, the docstring or the code is missing."""
    match = _NUMBERED.fullmatch(file.stem)
    if match is None:
        raise ListingError(f"{file.name}: a listing's file is named NN_name.py, in lower case; rename it")
    text = file.read_text(encoding="utf-8")
    try:
        tree = ast.parse(text, file.name)
    except SyntaxError as error:
        raise ListingError(f"{file.name}: line {error.lineno}: {error.msg}; correct the script") from error
    title, _, about = (ast.get_docstring(tree) or "").partition("\n\n")
    if not title or "\n" in title or not about or len(tree.body) < 2:
        raise ListingError(
            f"{file.name}: write a docstring of a title line, an empty line and prose, and then the code"
        )
    code = "".join(text.splitlines(keepends=True)[tree.body[0].end_lineno :]).strip("\n") + "\n"
    paragraphs = (" ".join(paragraph.split()) for paragraph in about.split("\n\n"))
    return Listing(match["name"], title, "python", code, "\n\n".join(paragraphs), _imports(tree), file)


def _imports(tree: ast.Module) -> tuple[str, ...]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return tuple(sorted({name.partition(".")[0] for name in names} - sys.stdlib_module_names))
