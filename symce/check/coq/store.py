"""What is kept between runs, in the user's cache folder: the compiled library, and which certificates hold.

A file that says that a certificate holds is believed, so a folder that another user can write to is refused. Files and
folders appear under their names only when they are whole; a lock keeps two runs from doing the same work.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # no POSIX system: the same work may be done twice
    fcntl = None  # type: ignore[assignment]

#: a compiled library that was not used for so many seconds is removed when another one is made
OLD = 30 * 24 * 3600.0


class UnsafeStore(Exception):
    """The cache folder cannot be used; the message says why and what to do."""


def location() -> Path:
    """$SYMCE_CACHE, else symce in the user's cache folder (where compiled kernels lie, too), and coq below it."""
    given = os.environ.get("SYMCE_CACHE")
    if given:
        return Path(given).expanduser().absolute() / "coq"
    caches = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not caches.is_absolute():  # the standard says to ignore a relative one
        caches = Path("~").expanduser() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    if not caches.is_absolute():
        raise UnsafeStore("this user has no home folder; set SYMCE_CACHE to a folder of your own, or use --no-cache")
    return caches / "symce" / "coq"


@dataclass(frozen=True)
class Store:
    """The folder of one library: ``lib`` holds it compiled, ``checked`` what is known of certificates."""

    top: Path
    key: str

    @property
    def folder(self) -> Path:
        return self.top / self.key

    @property
    def library(self) -> Path:
        return self.folder / "lib"

    def recall(self, digest: str) -> Mapping[str, Any] | None:
        """What was noted of a certificate that holds."""
        try:
            found = json.loads((self.folder / "checked" / f"{digest}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def note(self, digest: str, value: Mapping[str, Any]) -> None:
        """Note that a certificate holds. A cache that is full costs nothing but the time of the next run."""
        place = self.folder / "checked"
        with suppress(OSError):
            place.mkdir(mode=0o700, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=place, suffix=".tmp", delete=False) as file:
                json.dump(value, file)
            Path(file.name).replace(place / f"{digest}.json")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else makes the library meanwhile."""
        with open(self.top / f"{self.key}.lock", "a+b") as file:
            if fcntl is not None:
                with suppress(OSError):  # some network file systems have no locks
                    fcntl.flock(file, fcntl.LOCK_EX)
            yield

    @contextmanager
    def workplace(self) -> Iterator[Path]:
        """A folder of one's own on the same disk, removed afterwards if it is still there."""
        place = Path(tempfile.mkdtemp(prefix="making-", dir=self.top))
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def used(self) -> None:
        """Keep this library, and remove those that nobody has used for long, and what interrupted runs left."""
        with suppress(OSError):
            os.utime(self.folder)
        for other in self.top.iterdir():
            with suppress(OSError):
                if other != self.folder and other.is_dir() and time.time() - other.stat().st_mtime > OLD:
                    shutil.rmtree(other, ignore_errors=True)
                    (self.top / f"{other.name}.lock").unlink(missing_ok=True)


def open_store(top: Path, key: str) -> Store:
    """The store of a library. Raises UnsafeStore where it cannot be made or another user could write to it."""
    try:
        top.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_writable(top)
        if (top / key).is_dir():
            _refuse_writable(top / key)
    except OSError as error:
        raise UnsafeStore(
            f"{top}: {error.strerror}; set SYMCE_CACHE to a folder of your own, or use --no-cache"
        ) from None
    return Store(top, key)


def _refuse_writable(path: Path) -> None:
    found = path.stat()
    other = hasattr(os, "geteuid") and found.st_uid != os.geteuid()
    if other or (os.name == "posix" and found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)):
        why = (
            "it belongs to another user" if other else f"others can write to it (mode {stat.S_IMODE(found.st_mode):o})"
        )
        raise UnsafeStore(f"{path}: {why}; remove it, set SYMCE_CACHE to a folder of your own, or use --no-cache")


def digest(*parts: str) -> str:
    """A hash of the parts, which no other list of parts has."""
    whole = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        whole.update(b"%d:" % len(data) + data)
    return whole.hexdigest()
