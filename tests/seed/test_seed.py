"""docs/seed.md accounts for every element of the seed, in its order, and everything that it names exists."""

import re
from pathlib import Path

import pytest
from seed.elements import elements

from symce import figures, listings
from symce.handout.chapter import chapter
from symce.handout.material import Material
from symce.handout.options import Options
from symce.listings import Run
from symce.losses import catalogue

PAGE = Path(__file__).parents[2] / "docs" / "seed.md"
ROW = re.compile(r"\| (?P<line>\d+) \| (?P<kind>\w+) \| (?P<says>.*) \| (?P<carried>(`[^`]+` ?)+) \|")


@pytest.fixture(scope="module")
def rows():
    return [m for line in PAGE.read_text(encoding="utf-8").splitlines() if (m := ROW.fullmatch(line))]


@pytest.fixture(scope="module")
def handout():
    """The chapter; what its listings print is another test's matter."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Material, "runs", {n: Run(x, "") for n, x in listings.catalogue().items()})
        return chapter(Options(style="cases"))


@pytest.fixture(scope="module")
def known(handout):
    """Every name that a row may give, with what is shown of it in the handout."""
    labels = set(handout.labels)
    return {
        "theorem": {n for n in labels if handout.labels[n].split()[0] in ("Theorem", "Lemma", "Corollary")},
        "section": {s.label for s in handout.sections},
        "table": {n for n in labels if n.startswith("tab-")},
        "figure": {n.removeprefix("fig-") for n in labels if n.startswith("fig-")},
        "listing": {n.removeprefix("lst-") for n in labels if n.startswith("lst-")},
        "kernel": set(catalogue()),
        "reference": {name for text in handout.references for name in re.findall(r"[A-Z]\w+", text)},
    }


def test_no_element_is_missing_and_none_is_made_up(rows):
    assert [(int(r["line"]), r["kind"]) for r in rows] == [(e.line, e.kind) for e in elements()]
    assert len(rows) > 150


def test_everything_that_is_named_exists_and_stands_in_the_handout(rows, known):
    named = [name for r in rows for name in re.findall(r"`([^`]+)`", r["carried"])]
    missing = {n for n in named if n.split(":")[1] not in known[n.split(":")[0]]}
    assert missing == set()


def test_every_equation_is_carried_by_more_than_a_heading(rows):
    bare = [r["line"] for r in rows if r["kind"] in ("equation", "table", "code") and not _computed(r["carried"])]
    assert bare == []


def _computed(carried):
    return re.search(r"`(theorem|figure|table|listing|kernel):", carried)


def test_where_the_seed_is_loose_what_is_named_exists(known):
    page = PAGE.read_text(encoding="utf-8").split("## Where the seed is loose")[1]
    named = re.findall(r"`(\w+):([^`]+)`", page)
    assert len(named) > 10
    assert {f"{kind}:{name}" for kind, name in named if name not in known[kind]} == set()


def test_every_figure_and_listing_of_the_chapter_is_shown(known):
    assert known["figure"] == set(figures.catalogue())
    assert set(listings.catalogue()) <= known["listing"]
