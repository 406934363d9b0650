"""The library that certificates rest on (theories/), compiled."""

from __future__ import annotations

import re
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import cache
from importlib.resources import files
from pathlib import Path

from symce.check.coq.audit import bare, forbidden
from symce.check.coq.process import Done, Runner
from symce.check.coq.store import Store, digest
from symce.check.coq.toolchain import Coq

#: what a certificate loads
ENTRANCES = ("Rules", "Steps", "Properties")
#: seconds for one file of the library
LIMIT = 300.0
_REQUIRE = re.compile(r"From\s+Symce\s+Require\s+(?:Import|Export)?\s*([\w\s]+?)\.(?=\s)")


class BrokenLibrary(Exception):
    """The library does not compile here: an error of symce's, or a Coq that it does not know."""


@cache
def sources() -> Mapping[str, str]:
    """The files of the library that certificates need, by name; those that a file loads stand before it."""
    place = files("symce.check.coq") / "theories"
    found: dict[str, str] = {}

    def add(name: str, above: tuple[str, ...]) -> None:
        if name in found:
            return
        if name in above:
            raise BrokenLibrary(f"theories/{name}.v loads itself")
        try:
            text = (place / f"{name}.v").read_text(encoding="utf-8")
        except OSError as error:
            raise BrokenLibrary(f"theories/{name}.v cannot be read: {error.strerror}") from None
        for needed in loads(text):
            add(needed, (*above, name))
        found[name] = text

    for name in ENTRANCES:
        add(name, ())
    return found


def loads(text: str) -> list[str]:
    """The files of the library that a text loads."""
    return [name for found in _REQUIRE.finditer(bare(text)) for name in found[1].split()]


def key(coq: Coq) -> str:
    """What is compiled by the same Coq from the same sources has the same key."""
    return digest(coq.fingerprint, *(part for pair in sources().items() for part in pair))[:32]


def prepare(coq: Coq, store: Store, runner: Runner, jobs: int) -> Path:
    """The folder of the compiled library, made if it is not there. Raises BrokenLibrary where it does not compile."""
    if not _whole(store.library):
        with store.locked():
            if not _whole(store.library):  # another run may have made it meanwhile
                with store.workplace() as place:
                    made = compile_library(coq, place / "lib", runner, jobs)
                    store.folder.mkdir(mode=0o700, exist_ok=True)
                    if store.library.exists():
                        store.library.rename(place / "broken")
                    made.rename(store.library)
    store.used()
    return store.library


def compile_library(coq: Coq, folder: Path, runner: Runner, jobs: int) -> Path:
    """Compile the library into a new folder: each file as soon as those that it loads are there."""
    folder.mkdir(parents=True)
    texts = sources()
    for name, text in texts.items():
        wrong = next(forbidden(text, library=True), None)
        if wrong:
            raise BrokenLibrary(f"theories/{name}.v, line {wrong.line}: {wrong.message}")
        (folder / f"{name}.v").write_text(text, encoding="utf-8")
    waiting, there = list(texts), set[str]()
    running: dict[Future[Done], str] = {}
    with ThreadPoolExecutor(max(1, jobs)) as pool:
        try:
            while waiting or running:
                for name in [n for n in waiting if there.issuperset(loads(texts[n]))]:
                    waiting.remove(name)
                    command = coq.command(folder, f"{name}.v")
                    running[pool.submit(runner.run, command, folder, LIMIT, coq.environment())] = name
                for done in wait(running, return_when=FIRST_COMPLETED).done:
                    name, outcome = running.pop(done), done.result()
                    if outcome.status or outcome.ended:
                        said = outcome.ended or " ".join(outcome.err.split())[-400:]
                        raise BrokenLibrary(f"theories/{name}.v does not compile with Coq {coq.version}: {said}")
                    there.add(name)
        except BaseException:
            runner.stop()
            raise
    return folder


def _whole(folder: Path) -> bool:
    """Whether every file of the library is there, compiled."""
    return all((folder / f"{name}.vo").is_file() for name in sources())
