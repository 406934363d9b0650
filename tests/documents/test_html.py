"""The HTML page without a browser: what it says of a handout, the MathML of every formula, the same every time."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from base64 import b64encode
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest
from browser.sample import LIVE, built, derivation, sample

from symce.documents import mathml
from symce.documents.blocks import Handout, Live, Paragraph, Section, Statement
from symce.documents.html import render_html
from symce.documents.html_blocks import COLUMN, Writer
from symce.documents.html_live import scale
from symce.documents.letters import DocumentError
from symce.documents.tex.formulas import Formulas
from symce.documents.view import Numbering, foundations, rules_of
from symce.kernel.kernel import KernelParam
from symce.losses import catalogue
from symce.targets.javascript import script
from symce.theorems import chapters

_VOID = {"meta", "link", "input", "br", "img", "hr", "wbr"}
#: what MathML Core has; a browser ignores the rest
_CORE = {"math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "mfrac", "msqrt", "mroot", "mstyle", "mpadded", "msub"}
_CORE |= {"msup", "msubsup", "munder", "mover"}
_CORE |= {"munderover", "mtable", "mtr", "mtd", "mphantom"}


class Balanced(HTMLParser):
    """Reads a page and keeps what does not close."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.seen: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen[tag] += 1
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"{tag} at {self.getpos()}")


def page(handout: Handout) -> str:
    kernels = {k.name: k for block in handout.blocks if isinstance(block, Live) for k in block.kernels}
    return render_html(handout, script(tuple(kernels.values())))


def with_text(text: str) -> Handout:
    return replace(sample(), sections=(Section("1", "only", "Only", 1, (Paragraph(text),)),), abstract=())


def test_the_page_is_well_formed_and_loads_nothing() -> None:
    text = page(sample())
    reader = Balanced()
    reader.feed(text)
    assert reader.wrong == []
    assert reader.open == []
    assert reader.seen["h1"] == reader.seen["main"] == reader.seen["nav"] == 1
    for reference in re.findall(r"""(?:src|href|xlink:href)\s*=\s*["']([^"']*)""", text):
        assert reference.startswith(("#", "data:,", "https://arxiv.org/")), reference
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)
    assert 'lang="en"' in text
    assert "<title>The gradient of one loss &amp; &lt;all&gt; its steps</title>" in text


def test_the_policy_names_the_scripts_that_are_there() -> None:
    text = page(sample())
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert policy
    assert len(scripts) == 2
    assert "default-src 'none'" in policy[1]
    hashes = [b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts]
    assert re.findall(r"'sha256-([^']*)'", policy[1]) == hashes


def test_every_statement_step_rule_and_number_is_there() -> None:
    handout = sample()
    text = page(handout)
    for block in handout.blocks:
        if isinstance(block, Statement):
            assert f'<div class="statement {block.item.kind}" id="{block.item.label}">' in text
            for line in block.item.lines:
                assert f'<li id="eq-{line.number}">' in text
                assert f">({line.number})</a>" in text
                assert not line.rule or f'href="#rule-{line.rule}"' in text
    for rule in handout.rules:
        assert f'<div id="rule-{rule.name}">' in text
    assert "Section 9" in text
    assert "#far" not in text


def test_inequalities_are_printed_as_such() -> None:
    proofs = [p for chapter in chapters().values() for p in chapter]
    for relation, sign in (("<=", "≤"), (">=", "≥")):
        proof = next(p for p in proofs if p.relation == relation)
        numbering = Numbering()
        for before in foundations((proof,)):
            numbering.item(before)
        item = numbering.item(proof)
        labels = {label: name for label, name in numbering.known.items() if label != item.label}
        handout = replace(sample(), sections=(), abstract=(Statement(item),), elsewhere=labels)
        values = Writer(handout).item(item)
        assert sign in str(values["statement"])
        assert any(sign in str(step["formula"]) for step in values["steps"])  # type: ignore[attr-defined]
        assert rules_of((item,))


@pytest.mark.parametrize("name", catalogue())
def test_every_formula_of_a_loss_becomes_mathml(name: str) -> None:
    derived = derivation(name)
    proofs = (*foundations(derived.proofs), *derived.proofs)
    formulas = Formulas({p.name: p.symbol for p in derived.loss.params if p.symbol}, COLUMN)
    latex = {formulas.result(p, COLUMN) for p in proofs} | {formulas.matrix(p) for p in proofs} - {""}
    latex |= {line for p in proofs for s in p.steps for line in formulas.lines(s.expr, COLUMN)}
    for formula in sorted(latex):
        for text in (mathml.display(formula), *mathml.inline(formula).split("<wbr>")):
            root = fromstring(text)
            assert {e.tag for e in root.iter()} <= _CORE, formula
            leaves = [e.text or "" for e in root.iter() if e.tag in ("mi", "mo", "mn")]
            assert all(leaf and "\\" not in leaf and "&" not in leaf and "{" not in leaf for leaf in leaves), formula
        written = mathml.display(formula)
        for macro, glyph in (
            (r"\sum", "∑"),
            (r"\partial", "∂"),
            (r"\log", "log"),
            (r"\hat{\pi}", "π"),
            (r"\tanh", "tanh"),
        ):
            assert formula.count(macro) == len(re.findall(rf">{glyph}<", written)), (formula, macro)


@pytest.mark.parametrize(
    ("latex", "parts"),
    [
        (r"\boxed{a = b}", ['<mrow class="boxed">']),
        (
            r"\begin{aligned} a &= b \\ &\quad + c \end{aligned}",
            ['<mtd class="r"><mi>a</mi></mtd><mtd class="l"><mo>=</mo>'],
        ),
        (r"\mathcal{L}_{\mathrm{batch}}", ["<mi>batch</mi>"]),
        (r"\hat{\boldsymbol{\pi}}^\top \mathbf{1}", ["<mi>𝝅</mi>", "<mn>𝟏</mn>"]),
        (r"y_k \log p", ['</msub><mspace width="0.1667em"></mspace><mi>log</mi><mspace width="0.1667em"></mspace>']),
        (r"\log\left(p\right)", ["<mi>log</mi><mrow><mo stretchy"]),
        (r"a = -b", ['<mo form="prefix">−</mo>']),
        (r"\|\mathbf{g}\|_2 \not= 1", ["‖", "≠"]),
        (r"X \sim p", ["<mo>∼</mo>"]),
    ],
)
def test_what_a_browser_lacks_is_written_otherwise(latex: str, parts: list[str]) -> None:
    for part in parts:
        assert part in mathml.display(latex)


def test_a_long_formula_in_running_text_may_break_after_a_relation() -> None:
    parts = mathml.inline(r"\mathcal{L} = \left(a = b\right) + \sum_{k = 1}^{K} x_k \le -\log p_c").split("<wbr>")
    assert [re.sub("<[^>]*>", "", part) for part in parts] == ["ℒ=", "(a=b)+∑k=1Kxk≤", "−logpc"]
    assert "<wbr>" not in mathml.inline(r"p_k = 1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (r"$\nosuchmacro{x}$", "does not know "),
        (r"$\frac$", "cannot read the formula"),
        (r"$\frac{a$", "misses an argument of <mfrac>"),
        ("see [#nowhere]", "has the label 'nowhere'"),
    ],
)
def test_what_cannot_be_shown_is_an_error(text: str, message: str) -> None:
    with pytest.raises(DocumentError, match=re.escape(message)):
        render_html(with_text(text))


def test_live_figures_need_their_script() -> None:
    with pytest.raises(DocumentError, match="no script was given"):
        render_html(sample())
    with pytest.raises(DocumentError, match="ends it in a page"):
        render_html(sample(), "const s = '</script>';")
    plain = render_html(with_text("nothing moves"))
    assert plain.count("<script>") == 1
    assert "data-live" not in plain


def test_text_of_a_user_stays_text() -> None:
    text = render_html(replace(with_text("<b>&amp;</b>"), title="<script>alert(1)</script>", author='"><img src=x>'))
    assert "<b>" not in text
    assert "<script>alert" not in text
    assert "<img" not in text


@pytest.mark.parametrize(
    ("domain", "default", "expected"),
    [
        ("unit", 0.1, (0.0, 1.0, 0.01)),
        ("nonnegative", 2.0, (0.0, 5.0, 0.05)),
        ("nonnegative", 0.0001, (0.0, 0.0002, 0.000002)),
        ("positive", 30.0, (1.0, 100.0, 1.0)),
        ("positive", 0.7, (0.05, 5.0, 0.05)),
        ("real", None, (-5.0, 5.0, 0.1)),
        ("real", -7.0, (-20.0, 20.0, 0.008)),
        ("nonnegative", 1 / 3, (0.0, 1.0, "any")),
    ],
)
def test_sliders_stay_in_the_domain(domain: str, default: float | None, expected: tuple[float, ...]) -> None:
    assert scale(KernelParam("x", domain, default, "", "")) == expected  # type: ignore[arg-type]


def test_every_parameter_starts_on_its_slider() -> None:
    for name in LIVE:
        for param in built(name).params:
            low, high, step = scale(param)
            if param.default is not None:
                assert low <= param.default <= high
                assert step == "any" or (param.default / float(step)) == pytest.approx(
                    round(param.default / float(step))
                )


def test_the_same_bytes_always() -> None:
    code = (
        "import hashlib, sys; sys.path.insert(0, 'tests'); from browser.sample import sample;"
        "from symce.documents.html import render_html; from symce.documents.blocks import Live;"
        "from symce.targets.javascript import script; h = sample();"
        "k = {k.name: k for b in h.blocks if isinstance(b, Live) for k in b.kernels};"
        "print(hashlib.sha256(render_html(h, script(tuple(k.values()))).encode()).hexdigest())"
    )
    top = Path(__file__).resolve().parents[2]
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=top,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert found == {hashlib.sha256(page(sample()).encode()).hexdigest() + "\n"}
