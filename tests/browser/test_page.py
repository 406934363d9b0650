"""The page in Chromium: it loads nothing, unfolds its proofs, is read without JavaScript, on paper and on a phone."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

Open = Callable[..., Page]
STEPS = ".steps > li"
OVERFULL = "[...document.querySelectorAll('.scroll')].filter((box) => box.scrollWidth > box.clientWidth + 1)"


def test_a_request_that_leaves_the_page_is_refused(chromium: Browser, file: Path) -> None:
    """By the page's own policy: were the page to ask for anything, the browser would not."""
    page = chromium.new_page()
    asked: list[str] = []
    page.on("requestfinished", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    refused = page.evaluate(
        """async () => {
             const refused = [];
             document.addEventListener("securitypolicyviolation", (event) => refused.push(event.effectiveDirective));
             const image = new Image(); image.src = "https://example.org/x.png";
             await fetch("https://example.org/").catch(() => {});
             const script = document.createElement("script"); script.textContent = "window.ran = true";
             document.body.append(script);
             await new Promise((done) => setTimeout(done, 100));
             return [refused.sort(), window.ran ?? false];
           }"""
    )
    page.close()
    assert refused == [["connect-src", "img-src", "script-src-elem"], False]
    assert asked == [file.as_uri()]


def test_steps_unfold_by_button(visit: Open) -> None:
    page = visit()
    proof = page.locator(".walk").first
    steps, count = proof.locator(STEPS), proof.locator(".count")
    total = steps.count()
    assert total > 3
    shown = proof.locator(f"{STEPS}:visible")
    expect(shown).to_have_count(1)
    proof.get_by_role("button", name="Next step").click()
    expect(shown).to_have_count(2)
    expect(count).to_have_text(f"2 of {total}")
    proof.get_by_role("button", name="Back").click()
    expect(shown).to_have_count(1)
    proof.get_by_role("button", name="Show all").click()
    expect(shown).to_have_count(total)
    expect(proof.get_by_role("button", name="Next step")).to_have_attribute("aria-disabled", "true")
    proof.get_by_role("button", name="Step by step").click()
    expect(shown).to_have_count(1)
    page.get_by_role("button", name="Show every step").click()
    assert page.locator(STEPS).count() == page.locator(f"{STEPS}:visible").count()


def test_steps_unfold_by_keyboard(visit: Open) -> None:
    page = visit()
    proof = page.locator(".walk").first
    shown = proof.locator(f"{STEPS}:visible")
    proof.focus()
    for key, number in (("ArrowRight", 2), ("j", 3), ("ArrowLeft", 2), ("k", 1), ("k", 1)):
        page.keyboard.press(key)
        expect(shown).to_have_count(number)
    proof.get_by_role("button", name="Next step").focus()
    for key, number in (("Enter", 2), ("Space", 3), ("ArrowRight", 4)):
        page.keyboard.press(key)
        expect(shown).to_have_count(number)
    page.keyboard.press("Control+ArrowRight")
    expect(shown).to_have_count(4)


def test_a_folded_proof_opens_by_keyboard_and_by_link(visit: Open) -> None:
    page = visit()
    folded = page.locator("details.proof:not([open])").first
    line = folded.locator(f"{STEPS}").nth(2)
    label = line.get_attribute("id")
    folded.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".walk", has=page.locator(f"#{label}")).locator(f"{STEPS}:visible")).to_have_count(1)
    linked = visit(fragment=f"#{label}")
    expect(linked.locator(f"#{label}")).to_be_in_viewport()


def test_the_law_of_a_rule_shows_at_its_name(visit: Open) -> None:
    page = visit()
    rule = page.locator("a.rule:visible").first
    tip = page.locator("#tip")
    expect(tip).to_be_hidden()
    rule.hover()
    expect(tip.locator("math")).to_be_visible()
    assert rule.get_attribute("aria-describedby") == "tip"
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    target = rule.get_attribute("href")
    assert target
    assert page.locator(target).locator("math").count() == 1


def test_every_link_within_the_page_has_its_place(visit: Open) -> None:
    page = visit()
    lost = page.evaluate(
        """() => [...document.querySelectorAll("a[href^='#']")]
             .filter((a) => !document.getElementById(decodeURIComponent(a.hash.slice(1)))).map((a) => a.hash)"""
    )
    assert lost == []
    twice = page.evaluate(
        """() => { const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
                   return ids.filter((id, n) => ids.indexOf(id) !== n); }"""
    )
    assert twice == []


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessibility_and_width(visit: Open, width: int, scheme: str) -> None:
    page = visit(width, color_scheme=scheme)
    page.get_by_role("button", name="Show every step").click()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.wait_for_function(f"{OVERFULL}.every((box) => box.tabIndex === 0)")
    # what stands within formulas and figures has the colours of the page, or of a figure of its own
    context = {"exclude": [["math"], [".picture svg"]]}
    found = Axe().run(page, context=context, options={"resultTypes": ["violations"]}).response["violations"]
    grave = [(v["id"], v["nodes"][0]["html"][:200]) for v in found if v["impact"] in ("serious", "critical")]
    assert grave == []
    # what scrolls can be reached by the keyboard; on a phone some formula does scroll
    named = page.locator(".scrolls[tabindex='0'][role='region'][aria-label]").count()
    assert named == page.evaluate(f"{OVERFULL}.length")
    assert width > 390 or named > 1


def test_headings_are_in_order(visit: Open) -> None:
    levels = visit().evaluate("[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map((h) => Number(h.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_theme(visit: Open) -> None:
    page = visit(color_scheme="light")
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    figure = page.locator(".picture").first
    expect(figure.locator(".on-light")).to_be_visible()
    expect(figure.locator(".on-dark")).to_be_hidden()
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate(paper) != light
    expect(figure.locator(".on-dark")).to_be_visible()
    expect(figure.locator(".on-light")).to_be_hidden()
    page.reload()
    assert page.evaluate(paper) != light
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate(paper) == light


def test_contents_fold_on_a_phone(visit: Open) -> None:
    contents = visit(390).locator(".contents")
    expect(contents.locator("a").first).to_be_hidden()
    contents.locator("summary").click()
    expect(contents.locator("a").first).to_be_visible()
    expect(visit(1280).locator(".contents a").first).to_be_visible()


def test_print_shows_every_step(visit: Open) -> None:
    page = visit()
    page.emulate_media(media="print")
    expect(page.locator("details.proof:not([open])")).to_have_count(0)
    assert page.locator(STEPS).count() == page.locator(f"{STEPS}:visible").count()
    for hidden in (".controls", ".tools", "nav", ".copy", ".live"):
        assert page.locator(f"{hidden}:visible").count() == 0, hidden
    assert page.pdf(format="A4")[:4] == b"%PDF"
    page.emulate_media(media="screen")
    expect(page.locator("details.proof:not([open])")).not_to_have_count(0)


@pytest.mark.parametrize("width", [390, 1280])
def test_without_javascript_all_is_there(visit: Open, width: int) -> None:
    page = visit(width, java_script_enabled=False)
    opened = page.locator("details.proof[open]")
    assert opened.locator(STEPS).count() == opened.locator(f"{STEPS}:visible").count() > 3
    page.locator("details.proof:not([open]) summary").first.click()
    expect(page.locator("details.proof").last.locator("summary")).to_be_visible()
    assert page.locator(".controls:visible, .tools:visible, .stage:visible, .copy:visible").count() == 0
    assert page.locator(".live noscript").first.evaluate("e => e.parentElement.innerText") != ""
    expect(page.locator(".contents a").first).to_be_visible()


def test_copy(visit: Open) -> None:
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    page.locator(".copy").first.click()
    expect(page.locator(".copy").first).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()").startswith("def entropy(p):")
