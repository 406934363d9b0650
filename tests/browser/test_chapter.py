"""The page of the whole chapter, in the browser: no error, no request, no width beyond a phone's, the right numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from browser.conftest import html
from playwright.sync_api import Page

from symce.handout.chapter import chapter
from symce.handout.options import Options

Open = Callable[..., Page]


@pytest.fixture(scope="session")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the chapter in the place of the sample's."""
    path = tmp_path_factory.mktemp("chapter") / "chapter.html"
    path.write_text(html(chapter(Options())), encoding="utf-8")
    return path


@pytest.mark.long
@pytest.mark.parametrize("width", [390, 1280])
def test_it_is_as_wide_as_the_screen(visit: Open, width: int) -> None:
    page = visit(width)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.locator("math").count() > 800
    assert page.locator("details").count() > 70


@pytest.mark.long
def test_every_link_within_the_page_has_its_place(visit: Open) -> None:
    page = visit()
    broken = page.evaluate(
        "[...document.querySelectorAll('a[href^=\"#\"]')].map((a) => a.getAttribute('href').slice(1))"
        ".filter((id) => id && !document.getElementById(id))"
    )
    assert broken == []


@pytest.mark.long
def test_a_slider_moves_the_numbers_to_the_right_values(visit: Open) -> None:
    from symce_kernels.numpy import cross_entropy

    page = visit()
    figure = page.locator("#live-cross-entropy")
    slider = figure.locator("input[type=range]").first
    slider.focus()
    for _ in range(7):
        page.keyboard.press("ArrowRight")
    value = float(slider.input_value())
    assert value != 2.0
    expected = cross_entropy.value(np.array([[value, 1.0, 0.5]]), np.array([0]))
    shown = figure.locator("[data-value]").evaluate_all("(all) => all.map((e) => Number(e.dataset.value))")
    assert any(abs(number - float(expected)) <= 1e-12 * float(expected) for number in shown), (value, expected, shown)


@pytest.mark.long
def test_nothing_serious_is_in_the_way_of_a_reader_with_a_screen_reader(visit: Open) -> None:
    page = visit()
    options = {"resultTypes": ["violations"], "rules": {"color-contrast": {"enabled": False}}}
    found = Axe().run(page, context={"exclude": [["math"], ["svg"]]}, options=options)
    serious = [v["id"] for v in found.response["violations"] if v["impact"] in ("serious", "critical")]
    assert serious == []
