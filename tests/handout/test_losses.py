"""A handout on chosen losses: of the catalogue, and of a user's own file, whatever it holds."""

import pytest

from symce.documents.blocks import Code, Live, Picture, Statement
from symce.documents.markup import pieces
from symce.handout.losses import of_losses
from symce.handout.options import Options
from symce.losses import catalogue
from symce.losses.toml import loads_toml

OWN = """
[loss]
name = "own"
title = "A loss with $ and * and [brackets] in `its` title"
doc = "Costs $5 * 2 [#nothing] and \\\\ more."
reference = "Nobody 2026, *Journal* [1]"
target = "index"
value = "-log(p[c]) + eps*(1 - p[c])**2"
[params]
eps = { default = 0.5, domain = "nonnegative" }
"""


def of(kind, handout):
    return [block for block in handout.blocks if isinstance(block, kind)]


@pytest.mark.parametrize(
    "name", ["focal", "bce_with_logits", "softmax_entropy", "distillation", "weighted_cross_entropy"]
)
def test_a_loss_has_its_proofs_figures_live_figure_and_kernel(name):
    handout = of_losses([catalogue()[name]], Options())
    assert handout.name == name
    assert {f"{name}.gradient"} <= {s.item.label for s in of(Statement, handout)}
    assert len(of(Picture, handout)) >= 2
    assert len(of(Live, handout)) == len(of(Code, handout)) == 1
    assert "def " in of(Code, handout)[0].code


def test_several_losses_share_foundations_and_keep_labels_apart():
    handout = of_losses([catalogue()["cross_entropy"], catalogue()["focal"]], Options())
    labels = [s.item.label for s in of(Statement, handout)]
    assert len(labels) == len(set(labels))
    assert labels.count("softmax-jacobian") == 1
    assert {"cross_entropy.gradient", "focal.gradient"} <= set(labels)
    assert handout.title.startswith("Losses: ")


def test_what_a_user_writes_is_text_and_no_mark():
    handout = of_losses([loads_toml(OWN)], Options())
    styles = {p.style for t in handout.references for p in pieces(t)}
    assert styles == {"text"}
    shown = "".join(p.text for t in handout.texts for p in pieces(t) if p.style == "text")
    assert "Costs $5 * 2 [#nothing]" in shown
