"""What holds is not proven twice; what changed is; and nobody else's word is taken for it."""

from __future__ import annotations

import json
import os

import pytest
from check.coq.conftest import GOOD, SMALL, theorem

from symce.check.coq import checking, library
from symce.check.coq.store import UnsafeStore, digest, location

ONE = theorem("one", *GOOD)


def test_what_holds_is_known(judge):
    first, second = judge(ONE), judge(ONE)
    assert (first.known, second.known) == (False, True)
    assert (first.theorems, first.axioms) == (second.theorems, second.axioms)


def test_without_the_cache_it_is_proven_again_and_nothing_kept(judge, small):
    assert not judge(ONE, keep=False).known
    assert not small.exists()
    assert not judge(ONE).known
    assert not judge(ONE, keep=False).known


def test_a_changed_text_is_proven_again(judge):
    judge(ONE)
    assert not judge(theorem("other", *GOOD)).known


def test_another_library_proves_again(judge, monkeypatch):
    judge(ONE)
    monkeypatch.setattr(library, "sources", lambda: {**SMALL, "Rules": SMALL["Rules"] + "\nLtac rule_new := idtac.\n"})
    assert not judge(ONE).known


def test_another_way_to_look_proves_again(judge, monkeypatch):
    judge(ONE)
    monkeypatch.setattr(checking, "PROTOCOL", "2")
    assert not judge(ONE).known


def test_what_fails_is_not_kept(judge):
    false = theorem("one", "result 1 by rule_compute.", claim="1 = 2")
    assert not judge(false).ok
    again = judge(false)
    assert (again.ok, again.known) == (False, False)


def test_a_note_that_does_not_fit_is_not_believed(judge, small):
    judge(ONE)
    [note] = small.glob("*/checked/*.json")
    for text in ("", "[]", json.dumps({"theorems": ["other"]})):
        note.write_text(text)
        assert not judge(ONE).known
    assert judge(ONE).known


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_a_cache_that_others_can_write_to_is_refused(judge, small):
    judge(ONE)
    small.chmod(0o777)
    with pytest.raises(UnsafeStore, match="others can write to it"):
        judge(ONE)


def test_a_cache_that_is_a_file_is_refused(judge, small):
    small.parent.mkdir(parents=True)
    small.write_text("")
    with pytest.raises(UnsafeStore, match="SYMCE_CACHE"):
        judge(ONE)


def test_where_it_lies(monkeypatch, tmp_path):
    monkeypatch.setenv("SYMCE_CACHE", str(tmp_path))
    assert location() == tmp_path / "coq"
    monkeypatch.delenv("SYMCE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert location() == tmp_path / "x" / "symce" / "coq"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert (tmp_path / "home") in location().parents


def test_parts_are_not_confused():
    assert digest("ab", "c") != digest("a", "bc")
