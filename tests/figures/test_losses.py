"""Figures of any one loss: all of the catalogue, those of a user's own, and values against mpmath."""

from __future__ import annotations

import io
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest
from matplotlib.figure import Figure as Canvas
from own_losses.statements import UNSEEN

from symce.documents.markup import pieces
from symce.figures import FigureError, catalogue, of_loss, save, svg
from symce.figures.figure import Figure
from symce.figures.heatmap import matrix
from symce.figures.style import themed
from symce.losses import Loss, Param
from symce.losses import catalogue as losses
from symce.losses.toml import load_toml

OWN = ("clipped", "nested", "centred_logits", "taught", "circle", "leaky_map", "renyi_entropy", "quality_focal", "skew")


def check(figure: Figure) -> Canvas:
    """The drawing of a figure whose numbers are finite, whose words are well-formed, and whose axes are labelled."""
    for name, column in figure.data().columns.items():
        assert np.isfinite(np.array(column, dtype=float)).all(), name
    assert pieces(figure.caption)
    assert figure.caption.endswith(".")
    assert figure.alt.endswith(".")
    assert "nan" not in figure.alt + figure.caption
    with themed("light", salt=figure.name):
        canvas = figure.draw("p")
        canvas.savefig(io.StringIO(), format="svg")
    assert all(axes.get_xlabel() and axes.get_ylabel() for axes in canvas.axes)
    return canvas


@pytest.mark.parametrize("name", list(losses()))
def test_a_loss_of_the_catalogue(name: str) -> None:
    figures = of_loss(losses()[name])
    kinds = [f.name.removeprefix(f"{name.replace('_', '-')}-") for f in figures]
    numbers = [f"by-{p.name}" for p in losses()[name].params if not p.shape][:1]
    hessian = ["hessian"] if name != "nll_loss" else []  # that one is linear
    assert kinds == ["against-logit", *numbers, "gradient", *hessian, "over-two-logits"]
    assert not {f.name for f in figures} & catalogue().keys()
    for figure in figures:
        check(figure)


@pytest.mark.parametrize("name", OWN)
def test_a_loss_of_no_catalogue(name: str) -> None:
    for figure in of_loss(UNSEEN[name]):
        check(figure)


@pytest.mark.parametrize("name", ["multiclass_hinge", "logit_adjusted", "asymmetric"])
def test_a_loss_of_a_file(name: str, checkout: Path) -> None:
    figures = of_loss(load_toml(checkout / "examples" / "losses" / f"{name}.toml"))
    for figure in figures:
        check(figure)
    assert "nan" not in svg(figures[0])


def test_values_are_those_of_the_loss() -> None:
    loss = Loss("own", "A loss", "index", "-log(p[c]) + m*Sum(p[k]**2, k)", (Param("m", default=0.75),))
    figures = {f.name: f.data() for f in of_loss(loss)}

    def value(*z: mp.mpf, m: float = 0.75) -> mp.mpf:
        total = sum(mp.exp(x) for x in z)
        return -z[0] + mp.log(total) + m * sum((mp.exp(x) / total) ** 2 for x in z)

    z = (0.5, 1.2, -0.8)
    with mp.workdps(40):
        table = figures["own-against-logit"]
        for n in (0, 77, 220):
            at = (table.numbers("logit")[n], *z[1:])
            assert table.numbers("loss")[n] == pytest.approx(float(value(*map(mp.mpf, at))), rel=1e-12)
            for k in range(3):
                slope = mp.diff(value, at, tuple(int(i == k) for i in range(3)))
                assert table.numbers(f"gradient_{k + 1}")[n] == pytest.approx(float(slope), rel=1e-10)
        for (j, k), entry in np.ndenumerate(matrix(figures["own-hessian"])):
            orders = tuple((n == j) + (n == k) for n in range(3))
            assert entry == pytest.approx(float(mp.diff(value, z, orders)), rel=1e-8)
        members = figures["own-by-m"]
        assert 0.75 in members.columns["parameter"]
        for m in dict.fromkeys(members.columns["parameter"]):
            row = members.where("parameter", m)
            at = (row.numbers("logit")[30], *z[1:])
            assert row.numbers("loss")[30] == pytest.approx(float(value(*map(mp.mpf, at), m=m)), rel=1e-12)
        surface = figures["own-over-two-logits"]
        at = (surface.numbers("z_1")[123], surface.numbers("z_2")[123], 0.0)
        assert surface.numbers("loss")[123] == pytest.approx(float(value(*map(mp.mpf, at))), rel=1e-12)


def test_a_family_spreads_until_its_curves_differ() -> None:
    family = next(f for f in of_loss(losses()["z_loss"]) if f.name == "z-loss-by-tau").data()
    curves = [family.where("parameter", v).numbers("loss") for v in dict.fromkeys(family.columns["parameter"])]
    together = np.stack(curves)
    assert np.ptp(together, axis=0).max() > 0.1 * np.ptp(together)


def test_a_loss_that_is_finite_in_parts_is_drawn_with_gaps(tmp_path: Path) -> None:
    loss = Loss("partly", "Partly", "none", "log(Sum(z[k], k))")
    for figure in of_loss(loss):
        save(figure, tmp_path / f"{figure.name}.svg")
    assert len(list(tmp_path.iterdir())) == 4


def test_a_loss_that_is_finite_nowhere_is_refused() -> None:
    with pytest.raises(FigureError, match=r"nowhere or a derivative of it is not finite .* look at its statement"):
        of_loss(Loss("nowhere", "Nowhere", "index", "log(-p[c])"))


def test_greek_names_and_symbols_are_letters() -> None:
    loss = Loss(
        "lettered", "Lettered", "index", "-g_0*w[c]*log(p[c])",
        (Param("g_0", "positive", 2.0, symbol="\\gamma_{0}"), Param("w", "positive", None, "K")),
    )  # fmt: skip
    figures = of_loss(loss)
    assert r"$\gamma_{0} = 2$, $\mathbf{w} = [0.5, 0.333, 0.167]$" in figures[0].caption
    for figure in figures:
        check(figure)
