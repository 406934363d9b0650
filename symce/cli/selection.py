"""What a command is asked to work on: names of the catalogue and files of the user's own."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from pkgutil import iter_modules

import symce
from symce.cli.errors import CannotRun
from symce.losses import Loss, catalogue
from symce.losses.toml import load_toml


@dataclass(frozen=True)
class Selection:
    """Losses, and names of chapters of theorems. ``whole``: all that there is, because nothing was named."""

    losses: Sequence[Loss]
    theorems: Sequence[str]
    whole: bool = False


def selection(names: Sequence[str]) -> Selection:
    """What NAMEs and FILE.tomls mean, in the order given, each once; everything for no names.

    Raises CannotRun for an unknown name, a file that cannot be read, and two different losses of one name; LossError
    for a file that does not follow the grammar.
    """
    if not names:
        return Selection(list(catalogue().values()), chapter_names(), whole=True)
    found: dict[str, Loss] = {}
    theorems: dict[str, None] = {}
    for name in names:
        if not is_file(name, ".toml") and name not in catalogue() and name in chapter_names():
            theorems[name] = None
            continue
        loss = one(name)
        if found.setdefault(loss.name, loss) != loss:
            raise CannotRun(
                f"two different losses are named {loss.name!r}, the second by {name}", "Give one of them another name."
            )
    return Selection(list(found.values()), list(theorems))


def chapter_names() -> list[str]:
    """The chapters of theorems, without proving them."""
    # found as the chapters themselves are, but without importing SymPy
    place = Path(symce.__file__).parent / "theorems"
    return sorted(m.name for m in iter_modules([str(place)]))


def one(name: str) -> Loss:
    """The loss of a NAME or FILE.toml; raises as ``selection`` does."""
    if is_file(name, ".toml"):
        path = Path(name)
        if not path.is_file():
            what = "is a folder" if path.is_dir() else "there is no such file"
            raise CannotRun(f"{name}: {what}", "A loss of your own is a file NAME.toml; `list` shows those of symce.")
        return load_toml(path)
    known = catalogue()
    if name not in known:
        raise unknown(name, [*known, *chapter_names()])
    return known[name]


def is_file(name: str, suffix: str) -> bool:
    """Whether an argument means a file, which is there or not: it ends as one, or holds a folder."""
    return name.endswith(suffix) or len(Path(name).parts) > 1


def unknown(name: str, known: Iterable[str]) -> CannotRun:
    """The error for a loss that nobody knows, with the nearest names, or all where none is near."""
    known = list(known)
    if Path(f"{name}.toml").is_file():
        return CannotRun(f"no loss of symce is named {name!r}", f"For the file of that name: {name}.toml")
    folded = name.lower().replace("-", "_")
    near = difflib.get_close_matches(folded, known, n=3, cutoff=0.5)
    near += [k for k in known if folded and folded in k and k not in near][:3]
    remedy = f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(known)}."
    return CannotRun(f"no loss is named {name!r}", remedy)


def refuse_borrowed_names(chosen: Iterable[Loss]) -> None:
    """Raise CannotRun if a loss of a file has the name of another one that comes with symce."""
    known = catalogue()
    for loss in chosen:
        if loss.name in known and known[loss.name] != loss:
            raise CannotRun(
                f"{loss.source_file}: a loss named {loss.name!r} comes with symce, and this is another one",
                "Give yours another name, so that its files cannot be taken for those of symce.",
            )
