"""Coq with a library: a small one that is compiled in a second, or symce's own, compiled once a run of the tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from symce.check.coq import library
from symce.check.coq.certificate import Certificate, certificate
from symce.check.coq.checking import Bench, bench
from symce.check.coq.places import Places
from symce.check.coq.toolchain import Coq, find
from symce.check.coq.verdict import Verdict

#: what the tactics of certificates are called, for numbers that Coq computes with; no real numbers, so it is fast
SMALL = {
    "Rules": """
Ltac rule_compute := reflexivity.
Ltac rule_forever := let rec go n := go (S n) in go 0.
Fixpoint tower (n : nat) : nat := match n with 0 => 1 | S m => Nat.pow 2 (tower m) end.
Ltac rule_memory := vm_compute; reflexivity.
""",
    "Steps": """
From Symce Require Export Rules.
Ltac certify := intros.
Tactic Notation "step" integer(n) constr(e) "by" tactic3(tac) :=
  transitivity e; [ first [ solve [ tac ] | fail 1 "step" n "is not proven" ] | ].
Tactic Notation "result" integer(n) "by" tactic3(tac) := first [ solve [ tac ] | fail 1 "step" n "is not proven" ].
""",
}
HEAD = "From Symce Require Import Rules Steps.\n"


def theorem(name: str, *steps: str, claim: str = "1 + 1 + 1 = 3") -> str:
    """A theorem about numbers with these lines as its proof."""
    return "\n".join(
        [f"\nTheorem {name} :", f"  {claim}.", "Proof.", "  certify.", *(f"  {s}" for s in steps), "Qed.\n"]
    )


GOOD = ("step 1 (2 + 1) by rule_compute.", "result 2 by rule_compute.")


@pytest.fixture(scope="session")
def installed() -> Coq:
    """Coq; a machine that runs the tests has it, as it has LaTeX and a browser (see .ci/run)."""
    return find()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The small library in the place of symce's, and a cache of one's own."""
    monkeypatch.setattr(library, "sources", lambda: SMALL)
    monkeypatch.setenv("SYMCE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "coq"


@pytest.fixture
def judge(small: Path, installed: Coq) -> Callable[..., Verdict]:
    """What Coq with the small library says of a text."""

    def said(text: str, keep: bool = True) -> Verdict:
        with bench(installed, 1, keep=keep) as place:
            return place.judge(Certificate(HEAD + text, ()), Places(HEAD + text, {}))

    return said


@pytest.fixture(scope="session")
def real_bench(installed: Coq) -> Iterator[Bench]:
    """Coq with symce's library, from the user's cache, since it is the same whoever compiled it.

    What is found of certificates is not kept.
    """
    with bench(installed, 2) as place:
        yield Bench(place.coq, place.library, None, place.runner)


@pytest.fixture(scope="session")
def prove(real_bench: Bench) -> Callable[[Mapping[str, Any]], Verdict]:
    """What Coq says of the certificate of a document."""

    def said(data: Mapping[str, Any]) -> Verdict:
        made = certificate(data)
        return real_bench.judge(made, Places.of(made.text, data))

    return said


@pytest.fixture(scope="session")
def document(checkout: Path) -> Callable[..., dict[str, Any]]:
    """The file of a loss or chapter as data, with these proofs alone, or all."""

    def read(name: str, *proofs: str) -> dict[str, Any]:
        [path] = (checkout / "generated" / "proofs").glob(f"**/{name}.json")
        data = json.loads(path.read_text(encoding="utf-8"))
        chosen = [p for p in data["proofs"] if not proofs or p["name"] in proofs]
        assert len(chosen) >= len(proofs)
        return {**data, "proofs": chosen}

    return read


@pytest.fixture(scope="session")
def coq(real_bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """What Coq prints when it reads a text; the text loads what it needs of ``Symce``. Fails where Coq stops."""

    def printed(text: str) -> str:
        folder = tmp_path_factory.mktemp("coq")
        (folder / "text.v").write_text(text, encoding="utf-8")
        command = real_bench.coq.command(real_bench.library, "text.v")
        done = real_bench.runner.run(command, folder, 300.0, real_bench.coq.environment())
        assert (done.status, done.ended) == (0, ""), done.err
        return done.out

    return printed
