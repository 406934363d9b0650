"""The numbers of the chapter's figures against closed forms, in mpmath or written down anew; and their words."""

from __future__ import annotations

import re

import mpmath as mp
import numpy as np
import pytest

from symce.documents.markup import pieces
from symce.figures import catalogue
from symce.figures.figure import Table
from symce.figures.heatmap import matrix

NAMES = (
    "neg-log", "gradient-magnitude", "sqrt-two", "gradient-flow", "softmax-jacobian", "hessian", "loss-surface",
    "smoothed-targets", "focal-family", "clamped-log",
)  # fmt: skip


def data(name: str) -> Table:
    return catalogue()[name].data()


def softmax(logits: tuple[float, ...]) -> np.ndarray:
    e = np.exp(np.array(logits))
    return e / e.sum()


def test_the_catalogue_is_in_the_order_of_the_chapter() -> None:
    assert tuple(catalogue()) == NAMES
    assert all(figure.name == name for name, figure in catalogue().items())


@pytest.mark.parametrize("name", NAMES)
def test_captions_are_well_formed_and_leave_the_probability_to_the_notation(name: str) -> None:
    figure = catalogue()[name]
    formulas = [piece.text for piece in pieces(figure.caption) if piece.style == "math"]
    assert formulas
    assert not [f for f in formulas if re.search(r"\\hat|\\pi(?![a-z])|\bp_", f)]
    assert figure.caption.endswith(".")
    assert figure.alt.endswith(".")
    assert not re.search(r"[$\\_]", figure.alt), "read aloud as it stands"
    assert re.search(r"\d", figure.alt)


def test_neg_log() -> None:
    table = data("neg-log")
    for p, loss in zip(table.numbers("p_c"), table.numbers("loss"), strict=True):
        assert loss == pytest.approx(float(-mp.log(mp.mpf(p))), rel=1e-12, abs=1e-15)
    marked = table.where("mark", 1.0)
    assert marked.columns["p_c"] == (0.01, 0.5, 0.9, 1.0)
    assert [round(x, 2) for x in marked.numbers("loss")] == [4.61, 0.69, 0.11, 0.0]


def test_gradient_magnitude() -> None:
    table = data("gradient-magnitude")
    rest = 1 - table.numbers("p_c")
    for name, slope in {
        "sum_norm": 2.0,
        "maximum_norm": 1.0,
        "euclidean_single": np.sqrt(2),
        "euclidean_even": np.sqrt(1 + 1 / 9),
    }.items():
        np.testing.assert_allclose(table.numbers(name), slope * rest, rtol=1e-13, atol=1e-15)
    marked = table.where("mark", 1.0)
    assert [round(x, 2) for x in marked.numbers("maximum_norm")] == [0.99, 0.5, 0.01]


def focal_gradient(p: float, gamma: float) -> mp.mpf:
    """|dL/dz_c| of focal loss, by numerical differentiation in 40 digits."""
    with mp.workdps(40):

        def loss(z: mp.mpf) -> mp.mpf:
            at = 1 / (1 + mp.exp(-z))
            return -((1 - at) ** gamma) * mp.log(at)

        return abs(mp.diff(loss, mp.log(mp.mpf(p) / (1 - mp.mpf(p)))))


def test_sqrt_two() -> None:
    table = data("sqrt-two")
    p = table.numbers("p_c")
    np.testing.assert_allclose(table.numbers("cross_entropy"), np.sqrt(2) * (1 - p), rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(table.numbers("weighted"), 3 * np.sqrt(2) * (1 - p), rtol=1e-13, atol=1e-15)
    for n in (1, 20, 100, 200, 399):
        assert table.numbers("focal")[n] == pytest.approx(float(mp.sqrt(2) * focal_gradient(p[n], 2)), rel=1e-12)
    assert table.numbers("focal")[0] == pytest.approx(np.sqrt(2))
    with mp.workdps(20):
        highest = mp.findroot(lambda x: mp.diff(lambda q: focal_gradient(q, 2), x), 0.05)
        peak = mp.sqrt(2) * focal_gradient(highest, 2)
    assert f"{float(peak):.3f}" == "1.597"
    assert f"reaches ${float(peak):.3f}$ at $\\ph_c = {float(highest):.3f}$" in catalogue()["sqrt-two"].caption


def test_gradient_flow() -> None:
    table = data("gradient-flow")
    p = softmax((2.0, 1.0, 0.5))
    assert table.columns["class"] == (1, 2, 3)
    np.testing.assert_allclose(table.numbers("probability"), p, rtol=1e-14)
    np.testing.assert_allclose(table.numbers("gradient"), p - [1, 0, 0], rtol=1e-14)
    assert f"The loss is ${-np.log(p[0]):.4f}$" in catalogue()["gradient-flow"].caption


def test_softmax_jacobian() -> None:
    p = softmax((2.0, 1.0, 0.5))
    np.testing.assert_allclose(matrix(data("softmax-jacobian")), np.diag(p) - np.outer(p, p), rtol=1e-13)


def test_hessian() -> None:
    table, z = data("hessian"), (2.0, 1.0, -1.5)
    p = softmax(z)
    np.testing.assert_allclose(matrix(table.where("loss", "cross_entropy")), np.diag(p) - np.outer(p, p), rtol=1e-12)

    def focal(*z: mp.mpf) -> mp.mpf:
        at = mp.exp(z[2]) / sum(mp.exp(x) for x in z)
        return -((1 - at) ** 2) * mp.log(at)

    with mp.workdps(40):
        for (j, k), entry in np.ndenumerate(matrix(table.where("loss", "focal"))):
            orders = tuple((n == j) + (n == k) for n in range(3))
            assert entry == pytest.approx(float(mp.diff(focal, z, orders)), rel=1e-9)
    least = np.linalg.eigvalsh(matrix(table.where("loss", "focal")))[0]
    assert least < -0.05
    assert f"${least:.3f}$" in catalogue()["hessian"].caption


def test_loss_surface() -> None:
    table = data("loss-surface")
    z_1, z_2 = table.numbers("z_1"), table.numbers("z_2")
    total = np.exp(z_1) + np.exp(z_2) + 1
    np.testing.assert_allclose(table.numbers("loss"), np.log(total) - z_1, rtol=1e-12)
    np.testing.assert_allclose(table.numbers("gradient_1"), np.exp(z_1) / total - 1, rtol=1e-12)
    np.testing.assert_allclose(table.numbers("gradient_2"), np.exp(z_2) / total, rtol=1e-12)


def test_smoothed_targets() -> None:
    table = data("smoothed-targets")
    np.testing.assert_allclose(table.numbers("others"), [0.9, 0.025, 0.025, 0.025, 0.025], rtol=1e-13)
    np.testing.assert_allclose(table.numbers("all"), [0.92, 0.02, 0.02, 0.02, 0.02], rtol=1e-13)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0, 5.0])
def test_focal_family(gamma: float) -> None:
    table = data("focal-family").where("gamma", gamma)
    p = table.numbers("p_c")
    np.testing.assert_allclose(table.numbers("loss"), -((1 - p) ** gamma) * np.log(p), rtol=1e-12, atol=1e-15)
    for n in (0, 70, 150, 200):
        assert table.numbers("gradient")[n] == pytest.approx(float(focal_gradient(p[n], gamma)), rel=1e-11)


def test_clamped_log() -> None:
    table = data("clamped-log")
    margin, exact, clamped = (table.numbers(n) for n in ("margin", "exact", "clamped"))
    for m, loss in zip(margin, exact, strict=True):
        assert loss == pytest.approx(float(mp.log1p(mp.exp(-mp.mpf(m)))), rel=1e-13)
    assert clamped.max() == pytest.approx(-np.log(1e-10), rel=1e-7)
    assert f"{clamped.max():.2f}" == "23.03"
    assert clamped[-1] == pytest.approx(-1e-10, rel=1e-6)
    assert exact[-1] > 0
