"""A loss of a user's own, from a TOML file that says exactly what a declaration in Python would.

    [loss]
    name = "poly1"
    title = "Poly-1 loss"
    target = "distribution"
    value = "-Sum(y[k]*log(p[k]), k) + eps*(1 - Sum(y[k]*p[k], k))"
    logits = "z[k]"                                  # optional, as are reference, doc and expected
    [params]
    eps = { default = 1.0, domain = "real" }         # also shape, doc and symbol

Nothing of the file is run. Every error says where in the file it stands.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

from symce.language.errors import LossError, Source
from symce.losses.loss import Loss, Param
from symce.losses.places import places

#: The largest file that is read, in bytes: far above any loss, far below what takes time.
SIZE = 100_000
_REQUIRED = ("name", "title", "target", "value")
_LOSS = (*_REQUIRED, "logits", "reference", "doc", "expected")
_PARAM = tuple(f.name for f in fields(Param) if f.name != "name")
_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def load_toml(path: str | os.PathLike[str]) -> Loss:
    """The loss that a TOML file declares.

    Raises LossError, which names file, line and column, where the file is no TOML or the loss does not follow the
    grammar; OSError where the file cannot be read.
    """
    with open(path, "rb") as file:
        content = file.read(SIZE + 1)
    name = str(Path(path))
    if len(content) > SIZE:
        raise LossError(f"the file is larger than {SIZE} bytes", Source(name, "", ""), remedy="A loss is a few lines.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"the byte {content[error.start]:#04x} at offset {error.start} is not UTF-8"
        raise LossError(message, Source(name, "", ""), remedy="Save the file as UTF-8.") from None
    return loads_toml(text, name)


def loads_toml(text: str, file: str = "<string>") -> Loss:
    """The loss that a TOML text declares; ``file`` is how errors name it. Raises LossError."""
    text = text.replace("\r\n", "\n")
    document = _Document(text, file)
    loss, params = document.table("loss"), document.table("params")
    document.only((), ("loss", "params"))
    document.only(("loss",), _LOSS)
    missing = [key for key in _REQUIRED if key not in loss]
    if missing:
        document.fail(("loss",), f"{missing[0]} is missing", f'Add a line {missing[0]} = "..." under [loss].')
    try:
        return Loss(
            **{key: loss[key] for key in _LOSS if key in loss},
            params=tuple(document.param(name, value) for name, value in params.items()),
            source_file=file,
            places=document.positions(),
        )
    except LossError as error:
        raise error.within(text) from None


class _Document:
    """A TOML text that has been read, and where its values stand."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        try:
            self.values = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            found = _POSITION.search(str(error))
            offset = len(text)
            if found is not None and found[1] is not None:
                offset = sum(len(line) + 1 for line in text.split("\n")[: int(found[1]) - 1]) + int(found[2]) - 1
            message = _POSITION.sub("", str(error))
            raise LossError(f"is no TOML: {message}", Source(file, "", text), min(offset, len(text))) from None
        except (RecursionError, ValueError):  # ValueError: an integer of more digits than Python converts
            raise LossError("is nested too deep or holds too long a number", Source(file, "", text), 0) from None
        self.places = places(text)

    def fail(self, path: tuple[str, ...], message: str, remedy: str = "") -> NoReturn:
        """Raise the error of a key."""
        offset = self.places.keys.get(path, 0)
        raise LossError(message, Source(self.file, ".".join(path)[:80], self.text), offset, remedy)

    def table(self, key: str) -> dict[str, Any]:
        """The table of this name; empty if there is none."""
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            self.fail((key,), f"must be a table, not {_kind(value)}", f"Write [{key}] on a line, its values below.")
        return dict(value)

    def only(self, path: tuple[str, ...], known: Iterable[str]) -> None:
        """Refuse a key of the table at ``path`` that is not ``known``, and name the nearest that is."""
        table = self.values
        for key in path:
            table = table.get(key, {})
        known = tuple(known)
        for key in table:
            if key not in known:
                near = get_close_matches(key, known, n=1)
                hint = f"Did you mean {near[0]}? " if near else ""
                self.fail((*path, key), f"unknown key {key[:40]!r}", f"{hint}Allowed here: {', '.join(known)}.")

    def param(self, name: str, value: Any) -> Param:
        path = ("params", name)
        if not isinstance(value, dict):
            remedy = f'Write {name[:40]} = {{ default = 1.0, domain = "real" }}.'
            self.fail(path, f"must be a table, not {_kind(value)}", remedy)
        self.only(path, _PARAM)
        default = value.get("default")
        if type(default) is int and abs(default) < 2**53:
            value = {**value, "default": float(default)}
        return Param(name, **value)

    def positions(self) -> dict[str, tuple[int, int]]:
        """Line and column of the fields of the loss, and of each parameter as ``params.NAME``."""
        return {
            (path[1] if path[0] == "loss" else ".".join(path)): self._position(offset)
            for path, offset in self.places.values.items()
            if len(path) == 2
        }

    def _position(self, offset: int) -> tuple[int, int]:
        before = self.text[:offset]
        return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def _kind(value: object) -> str:
    """What TOML calls the type of a value."""
    names = {str: "a string", bool: "a boolean", int: "an integer", float: "a float", list: "an array", dict: "a table"}
    return names.get(type(value), "a date or time")
