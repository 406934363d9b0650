"""The chapter says what it should, with numbers that are true, whatever options are chosen."""

import re
from collections import Counter

import mpmath as mp
import pytest

from symce import figures, listings
from symce.algebra.latex import latex
from symce.check import check_proof
from symce.derivation.serial import serialise
from symce.documents.blocks import Code, Display, Formula, Note, Picture, Recall, Statement, Table
from symce.documents.markup import pieces
from symce.figures.letters import latex_number
from symce.handout.chapter import SECTIONS, chapter
from symce.handout.material import Material
from symce.handout.options import Options
from symce.handout.selection import HandoutError
from symce.listings import Run


@pytest.fixture(scope="module", autouse=True)
def _without_runs():
    """What listings print is another test's matter."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Material, "runs", {n: Run(x, "") for n, x in listings.catalogue().items()})
        yield


@pytest.fixture(scope="module")
def whole():
    return chapter(Options())


def of(kind, handout):
    return [block for block in handout.blocks if isinstance(block, kind)]


def test_every_section_is_there_and_nothing_has_no_text(whole):
    tops = [s for s in whole.sections if s.level == 1]
    assert len(tops) == len(SECTIONS) == 15
    assert all(s.blocks or s.level == 1 for s in whole.sections)
    assert [s.number for s in tops] == [str(n) for n in range(1, 16)]


def test_statements_steps_and_captions_are_numbered_in_order(whole):
    items = [s.item for s in of(Statement, whole)]
    assert [i.number for i in items] == list(range(1, len(items) + 1))
    lines = [line.number for item in items for line in item.lines]
    assert lines == list(range(1, len(lines) + 1))
    for kind in (Picture, Table, Code):
        assert [b.number for b in of(kind, whole)] == list(range(1, len(of(kind, whole)) + 1))


def test_every_theorem_that_is_shown_holds(whole):
    for item in (s.item for s in of(Statement, whole)):
        if "." not in item.label:  # those of losses are checked by derive, with what they inherit
            report = check_proof(serialise(item.proof), sizes=(2, 3), points=1)
            assert report.ok, report.text()


def test_proofs_cite_what_stands_before_them(whole):
    seen = set()
    for item in (s.item for s in of(Statement, whole)):
        assert {line.cites for line in item.lines if line.cites} <= seen
        seen.add(item.label)


def test_every_figure_and_every_listing_is_shown_once(whole):
    assert Counter(p.figure.name for p in of(Picture, whole)) == Counter([*figures.catalogue()])
    shown = Counter(c.label.removeprefix("lst-") for c in of(Code, whole))
    assert shown == Counter([*listings.catalogue(), "kernel"])


def table(handout, label):
    (found,) = [t for t in of(Table, handout) if t.label == label]
    return found


def test_the_key_points_are_minus_log_p(whole):
    rows = table(whole, "tab-key-points").rows
    assert [r[0] for r in rows] == ["0.01", "0.1", "0.25", "0.5", "0.9", "0.99", "1"]
    for p, nats, bits in rows:
        assert nats == f"{float(-mp.log(mp.mpf(p))):.4f}".replace("-0.0000", "0.0000")
        assert bits == f"{float(-mp.log(mp.mpf(p), 2)):.4f}".replace("-0.0000", "0.0000")


def test_the_magnitudes_are_those_of_p_minus_y(whole):
    rows = table(whole, "tab-magnitude").rows
    assert [r[0] for r in rows] == ["0.99", "0.5", "0.01"]
    for p, largest, total, one_other, nine_others, _ in rows:
        q = 1 - mp.mpf(p)
        assert largest == f"{float(q):.2f}"
        assert total == f"{float(2 * q):.2f}"
        assert one_other == f"{float(mp.sqrt(2) * q):.4f}"
        assert nine_others == f"{float(mp.sqrt(q**2 + 9 * (q / 9) ** 2)):.4f}"


def test_the_bound_holds_for_cross_entropy_and_for_its_variants_it_does_not(whole):
    rows = table(whole, "tab-bound").rows
    assert [r[3] for r in rows] == ["yes", "**no**", "**no**"]
    assert [r[2] for r in rows] == ["1.4142", "4.2426", "1.5966"]

    # the greatest norm of focal loss with gamma = 2 and two classes, by the formula of its gradient
    def norm(p):
        return mp.sqrt(2) * (1 - p) * ((1 - p) - 2 * p * mp.log(p)) * (1 - p)

    best = max(norm(mp.mpf(n) / 20000) for n in range(1, 20000))
    assert abs(best - mp.mpf(rows[2][2])) < mp.mpf("6e-5")


def test_the_textbook_formula_loses_the_digits_that_the_kernel_keeps(whole):
    losses, derivatives = (table(whole, label).rows for label in ("tab-digits", "tab-digits-gradient"))
    assert [r[0] for r in losses] == [r[0] for r in derivatives] == ["$5$", "$10$", "$17$", "$20$", "$40$"]
    for loss, derivative in zip(losses, derivatives, strict=True):
        q = 1 / (1 + mp.exp(mp.mpf(loss[0].strip("$"))))  # what the one other class has
        for (_, exact, formula, kernel), number in ((loss, -mp.log1p(-q)), (derivative, -q)):
            assert exact == kernel == f"${latex_number(float(number))}$"
            assert formula == (exact if q > mp.mpf("1e-5") else "0")


def test_each_style_shows_the_jacobian_in_its_way(whole):
    assert not of(Formula, whole)
    by_cases = chapter(Options(style="cases"))
    assert r"\begin{cases}" in latex(by_cases_result(by_cases))
    matrix = chapter(Options(style="matrix"))
    jacobian, gradient = of(Formula, matrix)
    assert jacobian.rows == (
        r"\operatorname{diag}(\hat{\boldsymbol{\pi}}) - \hat{\boldsymbol{\pi}} \hat{\boldsymbol{\pi}}^T",
    )
    assert gradient.rows[-1] == r"\hat{\boldsymbol{\pi}} - \mathbf{y}"
    assert len(gradient.rows) == 3


def by_cases_result(handout):
    (item,) = [s.item for s in of(Statement, handout) if s.item.label == "jacobian-by-cases"]
    return item.proof.result


def test_the_notation_p_leaves_no_hat(whole):
    plain = chapter(Options(notation="p", style="matrix"))
    printed = [
        latex(e, plain.symbols) for s in of(Statement, plain) for e in (s.item.proof.statement, s.item.proof.result)
    ]
    printed += [row for f in of(Formula, plain) for row in f.rows]
    assert not [text for text in printed if r"\hat" in text]
    assert any("p_k" in text for text in printed)
    assert any(r"\hat{\pi}" in latex(s.item.proof.result, whole.symbols) for s in of(Statement, whole))


def test_chosen_sections_keep_their_numbers_and_name_what_is_elsewhere(whole):
    part = chapter(Options(sections=("gradient", "convexity")))
    assert {s.number.split(".")[0] for s in part.sections} == {"6", "8"}
    there = {s.item.label: s.item.number for s in of(Statement, whole)}
    assert all(there[s.item.label] == s.item.number for s in of(Statement, part))
    for text in part.texts:
        for piece in pieces(text):
            if piece.style == "reference":
                assert part.name_of(piece.text) == whole.name_of(piece.text)
    assert part.elsewhere
    assert not set(part.elsewhere) & set(part.labels)
    assert len(part.rules) < len(whole.rules)


def test_an_unknown_section_is_refused_with_the_known_ones():
    with pytest.raises(HandoutError, match=r"no section 'nowhere'; the sections are: likelihood, information"):
        chapter(Options(sections=("nowhere",)))


def test_title_and_author_are_those_that_were_asked_for():
    handout = chapter(Options(title="Lecture 7", author="A. Teacher"))
    assert (handout.title, handout.author) == ("Lecture 7", "A. Teacher")


def test_running_text_holds_no_hand_written_predicted_probability(whole):
    """\\hat\\pi in a text would not follow the notation."""
    wrong = [
        t
        for t in whole.texts
        for p in pieces(t)
        if p.style == "math" and re.search(r"\\hat\{?\\(boldsymbol\{\\)?pi", p.text)
    ]
    assert wrong == []


def test_what_is_recalled_was_shown(whole):
    shown = {s.item.label for s in of(Statement, whole)}
    assert {r.item.label for r in of(Recall, whole)} <= shown
    assert len(of(Display, whole)) >= 5
    assert len(of(Note, whole)) >= 8
