"""Live figures: what a slider moves has the values that the NumPy kernels give, for every kind of target."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

Open = Callable[..., Page]
Z = [2.0, 1.0, 0.5]


def number(cell: Locator) -> float:
    """The number of an output, in full precision."""
    return float((cell.get_attribute("data-value") or "nothing").replace("Infinity", "inf"))


def column(figure: Locator, name: str) -> list[float]:
    return [number(cell) for cell in figure.locator(f".row .{name} output").all()]


def slide(figure: Locator, label: str, value: float) -> None:
    figure.get_by_role("slider", name=label, exact=True).fill(str(value))


def compare(figure: Locator, loss: str, z: list[float], *target: object, **options: object) -> None:
    kernel = import_module(f"symce_kernels.numpy.{loss}")
    value, gradient = kernel.value_and_grad(np.array(z), *target, reduction="sum", **options)
    assert number(figure.locator("[data-part=loss-value]")) == pytest.approx(value, rel=1e-12, abs=1e-14)
    np.testing.assert_allclose(column(figure, "g"), gradient, rtol=1e-12, atol=1e-14)
    assert number(figure.locator("[data-part=gradient-sum]")) == pytest.approx(float(np.sum(gradient)), abs=1e-12)
    shifted = np.exp(np.array(z) - max(z))
    sigmoid = [1 / (1 + np.exp(-x)) for x in z]
    p = sigmoid if loss == "sigmoid_focal" else shifted / shifted.sum()
    np.testing.assert_allclose(column(figure, "p"), p, rtol=1e-12)
    expect(figure.locator("[data-part=problem]")).to_have_text("")


def choose(page: Page, loss: str) -> Locator:
    figure = page.locator("#live-all")
    figure.get_by_role("combobox").select_option(loss)
    return figure


def test_class_indices_and_parameters(visit: Open) -> None:
    figure = choose(visit(), "focal")
    compare(figure, "focal", Z, 0)
    slide(figure, "logit of class 2", 3.5)
    slide(figure, "gamma", 0.5)
    compare(figure, "focal", [2.0, 3.5, 0.5], 0, gamma=0.5)
    assert column(figure, "y") == [1, 0, 0]
    figure.get_by_role("radio", name="class 3").check()
    slide(figure, "alpha of class 3", 0.25)
    compare(figure, "focal", [2.0, 3.5, 0.5], 2, gamma=0.5, alpha=np.array([1, 1, 0.25]))
    figure.get_by_role("button", name="Reset").click()
    compare(figure, "focal", Z, 0)


def test_more_and_fewer_classes(visit: Open) -> None:
    figure = visit(390).locator("#live-ce")
    more, fewer = (figure.get_by_role("button", name=f"One class {n}") for n in ("more", "fewer"))
    for _ in range(5):  # no more than six
        more.click(force=True)
    expect(figure.locator(".row")).to_have_count(6)
    compare(figure, "cross_entropy", [*Z, 0.0, 0.0, 0.0], 0)
    figure.get_by_role("radio", name="class 6").check()
    for _ in range(5):  # no fewer than two; the true class is then the last
        fewer.click(force=True)
    expect(figure.locator(".row")).to_have_count(2)
    compare(figure, "cross_entropy", Z[:2], 1)


def test_a_target_between_classes(visit: Open) -> None:
    figure = choose(visit(), "poly1")
    slide(figure, "how far the target is moved towards the uniform distribution", 0.3)
    slide(figure, "eps", -2)
    y = np.array([0.7 + 0.1, 0.1, 0.1])
    compare(figure, "poly1", Z, y, eps=-2.0)
    np.testing.assert_allclose(column(figure, "y"), y, rtol=1e-15)
    np.testing.assert_allclose(column(figure, "d"), np.array(column(figure, "p")) - y, rtol=1e-12)


def test_weights_labels_and_no_target(visit: Open) -> None:
    page = visit()
    figure = choose(page, "weighted_cross_entropy")
    slide(figure, "target of class 2", 2.5)
    slide(figure, "w of class 1", 3)
    compare(figure, "weighted_cross_entropy", Z, np.array([1, 2.5, 0]), w=np.array([3.0, 1, 1]))
    figure = choose(page, "sigmoid_focal")
    slide(figure, "target of class 3", 0.35)
    compare(figure, "sigmoid_focal", Z, np.array([1, 0, 0.35]))
    figure = choose(page, "distillation")
    slide(figure, "t of class 2", 1.5)
    slide(figure, "T", 2)
    compare(figure, "distillation", Z, t=np.array([0, 1.5, 0]), T=2.0)
    assert figure.locator(".row .y:visible, .row .d:visible, [type=radio]").count() == 0


def test_sliders_by_keyboard_bars_and_what_is_said(visit: Open) -> None:
    page = visit()
    figure = page.locator("#live-ce")
    logit = figure.get_by_role("slider", name="logit of class 1", exact=True)
    logit.focus()
    page.keyboard.press("ArrowRight")
    compare(figure, "cross_entropy", [2.1, 1.0, 0.5], 0)
    expect(logit.locator("xpath=following-sibling::output")).to_have_text("2.1")
    page.keyboard.press("Home")
    compare(figure, "cross_entropy", [-6.0, 1.0, 0.5], 0)
    widths = [float(bar.get_attribute("width") or 0) for bar in figure.locator(".p .fill").all()]
    np.testing.assert_allclose(widths, 100 * np.array(column(figure, "p")), rtol=1e-12)
    bars = figure.locator(".g .fill").all()
    lengths = [float(b.get_attribute("width") or 0) * (1 if b.get_attribute("x") == "0" else -1) for b in bars]
    np.testing.assert_allclose(lengths, 100 * np.array(column(figure, "g")), rtol=1e-12)
    expect(figure.locator("[role=status]")).to_contain_text("Loss 7.4")
    assert figure.locator("output:not([aria-live=off])").count() == 0  # an output speaks at every change unless told
