"""Certificates given to Coq: is each accepted, and on which axioms do its theorems rest?"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from symce.check.coq import audit
from symce.check.coq.certificate import Certificate
from symce.check.coq.library import compile_library, key, prepare
from symce.check.coq.places import Places
from symce.check.coq.process import Done, Runner
from symce.check.coq.store import Store, digest, location, open_store
from symce.check.coq.toolchain import Coq
from symce.check.coq.verdict import Failure, Verdict

#: what is noted in the cache is believed only as long as certificates are looked at in the same way
PROTOCOL = "1 " + " ".join(audit.ALLOWED)
#: seconds for one certificate: a start, and so many for each of its steps
START, STEP = 60.0, 3.0
_STEP = re.compile(r"^\s*(?:step|result)(?:_le|_ge)? \d", re.MULTILINE)
_FILE = "certificate.v"


@dataclass(frozen=True)
class Bench:
    """Coq with the library compiled, ready to look at certificates. ``store`` is None where nothing is kept."""

    coq: Coq
    library: Path
    store: Store | None
    runner: Runner

    def judge(self, certificate: Certificate, places: Places) -> Verdict:
        """Look at one certificate, or remember what was found."""
        text = certificate.text
        names = audit.theorems(text)
        wrong = audit.unsound(text)
        if wrong:
            return Verdict((), [places.failure(w.line, w.message) for w in wrong[:3]], missing=certificate.missing)
        if not names:
            return Verdict((), (), missing=certificate.missing)
        mark = digest(PROTOCOL, text)
        noted = self.store.recall(mark) if self.store else None
        if noted is not None and noted.get("theorems") == names:
            return self._accepted(certificate, names, noted, known=True)
        with tempfile.TemporaryDirectory(prefix="symce-coq-") as folder:
            # no name in the file is longer than a line, so what is asked below it keeps the numbers of the lines
            (Path(folder) / _FILE).write_text(text + audit.question(names), encoding="utf-8")
            limit = START + STEP * len(_STEP.findall(text))
            done = self.runner.run(self.coq.command(self.library, _FILE), Path(folder), limit, self.coq.environment())
        if done.status or done.ended:
            return _rejected(certificate, names, done, places)
        found = audit.axioms(done.out)
        strange = [axiom for axiom in found if axiom not in audit.ALLOWED]
        if strange:
            said = f"a theorem rests on {', '.join(strange)}, which is no axiom of the real numbers"
            return Verdict((), [Failure(said)], found, certificate.missing, seconds=done.seconds)
        value = {"theorems": names, "axioms": found, "seconds": round(done.seconds, 1)}
        if self.store:
            self.store.note(mark, value)
        return self._accepted(certificate, names, value, known=False)

    @staticmethod
    def _accepted(certificate: Certificate, names: list[str], noted: Mapping[str, Any], known: bool) -> Verdict:
        from_two = [name for name, said in _statements(certificate.text) if "(2 <= K)%nat ->" in said]
        return Verdict(
            names, (), noted.get("axioms", ()), certificate.missing, from_two, noted.get("seconds", 0.0), known
        )


@contextmanager
def bench(coq: Coq, jobs: int, *, keep: bool = True) -> Iterator[Bench]:
    """The library compiled: from the cache folder, or for ``keep=False`` anew, in a folder that goes afterwards.

    Raises BrokenLibrary, and UnsafeStore where the cache folder cannot be used.
    """
    runner = Runner()
    try:
        if keep:
            store = open_store(location(), key(coq))
            yield Bench(coq, prepare(coq, store, runner, jobs), store, runner)
        else:
            with tempfile.TemporaryDirectory(prefix="symce-coq-") as folder:
                yield Bench(coq, compile_library(coq, Path(folder) / "lib", runner, jobs), None, runner)
    finally:
        runner.stop()


@contextmanager
def judging(
    on: Bench, certificates: Mapping[str, tuple[Certificate, Places]], jobs: int
) -> Iterator[Mapping[str, Future[Verdict]]]:
    """Begin to look at certificates, ``jobs`` at a time, the longest first; all that runs is ended with this block."""
    longest = sorted(certificates, key=lambda name: -len(certificates[name][0].text))
    with ThreadPoolExecutor(max(1, jobs)) as pool:
        try:
            waiting = {name: pool.submit(on.judge, *certificates[name]) for name in longest}
            yield {name: waiting[name] for name in certificates}
        except BaseException:
            on.runner.stop()
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _rejected(certificate: Certificate, names: list[str], done: Done, places: Places) -> Verdict:
    """Where Coq stopped, in words of the proof."""
    error = re.search(r'^File "[^"]*", line (\d+), characters [\d-]+:\n((?:Error|.*\n)[\s\S]*)', done.err, re.MULTILINE)
    line = int(error[1]) if error else None
    if done.ended:
        failure = Failure(done.ended)
    elif line is None:
        failure = Failure(short(done.err) or f"coqc ended with exit status {done.status}")
    else:
        failure = places.failure(line, short(error[2] if error else ""))
    before = audit.theorems("\n".join(certificate.text.splitlines()[: line or 0]))
    unseen = names[len(before) :] if line else []
    return Verdict(before[:-1], [failure], (), certificate.missing, (), done.seconds, False, unseen)


def short(message: str, limit: int = 300) -> str:
    """Coq's message on one line, and not too long."""
    text = " ".join(message.split()).removeprefix("Error: ")
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _statements(text: str) -> Iterator[tuple[str, str]]:
    """Each theorem's name and what it says."""
    for _, sentence in audit.sentences(text):
        found = re.match(r"(?:Lemma|Theorem|Corollary) ([\w']+)(.*)", sentence)
        if found:
            yield found[1], found[2]
