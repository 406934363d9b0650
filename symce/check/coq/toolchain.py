"""Coq on this machine: where it is, which version, and what to install where it is not."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

#: the oldest version: before it, 1/0 was an unknown number, and 0 log 0 with it
OLDEST = (8, 16)
REMEDY = (
    "Debian, Ubuntu: apt install coq libcoq-coquelicot; opam: opam install coq-coquelicot "
    "(with opam's repository coq-released); conda: conda install -c conda-forge coq coq-coquelicot"
)
#: a program that does not even say its version within this time does not work
PATIENCE = 20.0


class NoCoq(Exception):
    """Coq cannot be used; the message says why, ``remedy`` what to do."""

    def __init__(self, message: str, remedy: str = REMEDY) -> None:
        self.remedy = remedy
        super().__init__(message)


@dataclass(frozen=True)
class Coq:
    """A compiler of Coq, and what tells one installation from another."""

    path: str
    version: str
    libraries: Path
    fingerprint: str

    def command(self, folder: Path, file: str) -> list[str]:
        """Compile a file beside which nothing of the user's is read; the library lies in ``folder``."""
        quiet = ["-q", "-noglob", "-w", "none", "-native-compiler", "no"]
        return [self.path, *quiet, "-Q", str(folder), "Symce", file]

    def environment(self) -> Mapping[str, str]:
        """The environment that it runs in."""
        return {**os.environ, "LC_ALL": "C.UTF-8"}


def find() -> Coq:
    """The compiler that ``COQC`` names, or else the one on the path. Raises NoCoq where it or Coquelicot is missing."""
    given = os.environ.get("COQC", "")
    path = shutil.which(given or "coqc")
    if path is None:
        raise NoCoq(f"COQC names {given}, which is no program" if given else "there is no coqc on this machine")
    version = _ask([path, "--print-version"]).split()[0]
    number = re.match(r"(\d+)\.(\d+)", version)
    if number is None or (int(number[1]), int(number[2])) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise NoCoq(f"{path} is version {version}; the certificates need Coq {oldest} or newer")
    libraries = Path(_ask([path, "-where"]).strip())
    places = [libraries / "user-contrib", *map(Path, filter(None, os.environ.get("COQPATH", "").split(os.pathsep)))]
    candidates = [place / "Coquelicot" / "Coquelicot.vo" for place in places]
    coquelicot = next((file for file in candidates if file.is_file()), None)
    if coquelicot is None:
        raise NoCoq(f"{path} is there (version {version}), and Coquelicot is not")
    marks = [_mark(file) for file in (coquelicot, libraries / "theories" / "Reals" / "Reals.vo", Path(path))]
    return Coq(path, version, libraries, "\n".join([path, version, *marks]))


def _mark(file: Path) -> str:
    """What changes when a file is installed anew."""
    try:
        found = file.stat()
    except OSError:
        return f"{file} -"
    return f"{file} {found.st_size} {found.st_mtime_ns}"


def _ask(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoCoq(f"{command[0]} does not run: {error}") from error
    if done.returncode or not done.stdout.strip():
        said = (done.stderr.strip() or f"exit status {done.returncode}").splitlines()[0]
        raise NoCoq(f"{' '.join(command)} does not answer: {said}")
    return done.stdout
