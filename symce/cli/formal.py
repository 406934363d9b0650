"""``check --formal``: certificates of proofs, made from their data and given to Coq."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from symce.check import DocumentError
from symce.check.coq.certificate import Certificate, certificate
from symce.check.coq.checking import bench, judging
from symce.check.coq.library import BrokenLibrary
from symce.check.coq.places import Places
from symce.check.coq.store import UnsafeStore
from symce.check.coq.toolchain import Coq, NoCoq, find
from symce.check.coq.verdict import Failure, Verdict
from symce.check.reading import read
from symce.cli.errors import CannotRun
from symce.cli.folders import shown
from symce.cli.output import Steps, say, say_json, steps, table
from symce.cli.proof_checks import cores
from symce.cli.proof_file import is_file


@dataclass(frozen=True)
class Formal:
    """What Coq said of each file of proofs."""

    coq: Coq
    verdicts: Mapping[str, Verdict]
    outdated: Mapping[str, Path]

    @property
    def ok(self) -> bool:
        """Whether Coq accepts every certificate, and something is proven."""
        return all(v.ok for v in self.verdicts.values()) and any(v.theorems for v in self.verdicts.values())

    @property
    def complete(self) -> bool:
        """Whether no step was left out for want of a tactic."""
        return not any(v.missing for v in self.verdicts.values())


def check_formally(
    documents: Mapping[str, Callable[[], Any]],
    origins: Mapping[str, str],
    beside: Mapping[str, Path],
    jobs: int | None,
    keep: bool,
    as_json: bool,
) -> int:
    """Prove all proofs with Coq, say what came out, and return the exit status. ``documents`` gives their data.

    The certificates are made of these data anew; where a file that should hold one (``beside``) says something else,
    that is told. Raises CannotRun where there is no Coq, or it cannot be used.
    """
    try:
        coq = find()
    except NoCoq as error:
        raise CannotRun(f"check --formal needs Coq and its library Coquelicot: {error}", f"{error.remedy}.") from error
    with steps(quiet=as_json) as progress:
        data = {n: documents[n]() for n in progress.over("reading", list(documents), documents)}
        try:
            result = _prove(coq, data, beside, jobs or cores(), keep, progress)
        except UnsafeStore as error:
            raise CannotRun(f"the cache cannot be used: {error}") from error
        except BrokenLibrary as error:
            raise CannotRun(
                str(error), "An error of symce, or a Coq that it does not know; please report it."
            ) from error
    if as_json:
        say_json({"command": "check", "formal": True, **outcome(result, origins)})
    else:
        print_formal(result, origins)
    return 0 if result.ok else 1


def _prove(
    coq: Coq, data: Mapping[str, Any], beside: Mapping[str, Path], jobs: int, keep: bool, progress: Steps
) -> Formal:
    certificates: dict[str, tuple[Certificate, Places]] = {}
    refused: dict[str, Verdict] = {}
    for name in progress.over("writing certificates", list(data), data):
        try:
            if not is_file(data[name]):
                read(data[name])  # raises where it is no proof either
            made = certificate(data[name])
        except DocumentError as error:
            refused[name] = Verdict((), [Failure(f"it cannot be read: {error}")])
        else:
            certificates[name] = made, Places.of(made.text, data[name])
    progress.stage("compiling the library")
    with bench(coq, jobs, keep=keep) as place, judging(place, certificates, jobs) as waiting:
        found = {name: waiting[name].result() for name in progress.over("proving", list(certificates), certificates)}
    outdated = {n: beside[n] for n, (made, _) in certificates.items() if n in beside and _differs(beside[n], made.text)}
    return Formal(coq, {name: found[name] if name in found else refused[name] for name in data}, outdated)


def _differs(path: Path, text: str) -> bool:
    """Whether there is a file that holds another text."""
    try:
        return path.read_text(encoding="utf-8") != text
    except FileNotFoundError:
        return False
    except (OSError, UnicodeDecodeError):
        return True


def outcome(result: Formal, origins: Mapping[str, str]) -> dict[str, Any]:
    """The verdicts as JSON data."""
    return {
        "ok": result.ok,
        "complete": result.complete,
        "coq": result.coq.version,
        "certificates": [
            {
                "of": name,
                "origin": origins.get(name, "derived"),
                "ok": verdict.ok,
                "outdated": name in result.outdated,
                **asdict(verdict),
            }
            for name, verdict in result.verdicts.items()
        ],
    }


def print_formal(result: Formal, origins: Mapping[str, str]) -> None:
    """A table with one line a file, then every failure, then what is not certified, and what holds from K = 2 on."""
    rows = []
    for name, verdict in result.verdicts.items():
        time = "known" if verdict.known else f"{verdict.seconds:.1f} s"
        state = "FAILED" if not verdict.ok else "incomplete" if verdict.missing else "ok"
        rows.append((name, f"{len(verdict.theorems)}", time, origins.get(name, "derived"), state))
    table(("proofs of", "theorems", "time", "from", ""), rows, right=("theorems", "time"))
    for name, verdict in result.verdicts.items():
        for failure in verdict.failures:
            say(f"FAILED {name}, {failure.text()}", "bold red")
        if verdict.unseen:
            say(f"note: {name}: Coq stopped there; {_theorems(verdict.unseen)} after it not looked at", "yellow")
        for step in verdict.missing:
            said = f"step {step.step} is not certified: no tactic proves {step.rule}"
            say(f"note: {name}, {step.proof}: {said}", "yellow")
        if verdict.from_two:
            say(f"note: {name}: {_theorems(verdict.from_two)} proven for K >= 2 only", "yellow")
    for name, path in result.outdated.items():
        say(f"note: {name}: {shown(path)} is not what its data give: python -m symce derive", "yellow")
    proven = _theorems([name for verdict in result.verdicts.values() for name in verdict.theorems])
    say(
        f"{'ok' if result.ok else 'FAILED'}: {proven} proven by Coq {result.coq.version} for all K, from the "
        "axioms of the real numbers, extensionality of functions and the excluded middle",
        "green" if result.ok else "bold red",
    )


def _theorems(names: Sequence[str]) -> str:
    """How many theorems, in words."""
    return f"{len(names)} theorem{'' if len(names) == 1 else 's'}"
