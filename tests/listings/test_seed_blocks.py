"""The chapter's own code, verbatim, runs from top to bottom and gives the numbers that our listings print."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from listings.outputs import line, numbers, shows

BLOCKS = sorted((Path(__file__).parent / "seed_blocks").glob("*.py"))


@dataclass(frozen=True)
class Chapter:
    """What the blocks define together, as in a notebook, and what each of them prints."""

    names: dict[str, Any]
    printed: dict[str, str]


@pytest.fixture(scope="module")
def chapter() -> Chapter:
    names: dict[str, Any] = {}
    printed = {}
    for path in BLOCKS:
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            exec(compile(path.read_text(encoding="utf-8"), path.name, "exec"), names)
        printed[path.stem[3:]] = output.getvalue()
    return Chapter(names, printed)


def test_all_blocks_are_there(chapter: Chapter) -> None:
    assert list(chapter.printed) == [
        "cross_entropy_loss",
        "manual",
        "decomposed",
        "variants",
        "verify_gradient",
        "gradient_flow",
        "softmax_regression_numpy",
    ]


def test_equivalences(chapter: Chapter, printed: dict[str, str]) -> None:
    assert printed["cross_entropy_loss"].startswith(chapter.printed["cross_entropy_loss"])
    assert printed["manual"] == chapter.printed["manual"]
    assert printed["decomposed"].startswith(chapter.printed["decomposed"])


def test_variants(chapter: Chapter, printed: dict[str, str]) -> None:
    """They are defined and not called in the chapter; called on our listings' data they give our numbers."""
    names = chapter.names
    torch = names["torch"]
    logits = torch.tensor([[2.0, 1.0, 0.5], [0.5, 2.5, 1.0], [1.0, 0.5, 2.0], [2.0, 0.5, 1.0]])
    weighted = names["weighted_ce"](logits, torch.tensor([0, 1, 2, 2])).item()
    shows(*numbers(line(printed["class_weights"], "PyTorch, class indices:")), mp.mpf(weighted))
    pair, targets = names["logits"], names["targets"]
    smooth = names["smooth_ce"](pair, targets).item()
    shows(*numbers(line(printed["label_smoothing"], "PyTorch, eps = 0.10:")), mp.mpf(smooth))
    three = torch.tensor([[2.0, 1.0, 0.5], [0.5, 2.5, 1.0], [3.0, 0.0, 1.0]])
    ignored = names["ignore_ce"](three, torch.tensor([0, 1, -100])).item()
    shows(*numbers(line(printed["ignore_index"], "Third row ignored:")), mp.mpf(ignored))


def test_focal(chapter: Chapter, printed: dict[str, str]) -> None:
    torch, focal_loss = chapter.names["torch"], chapter.names["focal_loss"]
    logits, targets = torch.tensor([[2.0, 1.0, 0.5], [0.5, 2.5, 1.0], [2.0, 0.5, 1.0]]), torch.tensor([0, 1, 2])
    for gamma in (0.0, 0.5, 2.0, 5.0):
        value = focal_loss(logits, targets, gamma=gamma).item()
        shows(*numbers(line(printed["focal"], f"Focal, gamma = {gamma}:")), mp.mpf(value))
    value = focal_loss(logits, targets, alpha=0.25).item()
    shows(*numbers(line(printed["focal"], "Focal, alpha = 0.25:")), mp.mpf(value))
    far = torch.tensor([[20.0, 0.0]], requires_grad=True)
    loss = focal_loss(far, torch.tensor([0]), gamma=0.5)
    (gradient,) = torch.autograd.grad(loss, far)
    assert loss.item() == 0
    assert torch.isnan(gradient).all()


def test_verify_gradient(chapter: Chapter) -> None:
    out = chapter.printed["verify_gradient"]
    for label in ("dW max error:", "db max error:"):
        assert float(line(out, label)) < 1e-6
    assert line(out, "Gradients match:").strip() == "True"


def test_gradient_flow(chapter: Chapter, printed: dict[str, str]) -> None:
    theirs, ours = chapter.printed["gradient_flow"], printed["gradient_flow"]
    for label in ("Logits z:", "Probabilities π:", "Loss:", "∂L/∂z (autograd):", "∂L/∂z (analytical):"):
        found, expected = ([float(x) for x in numbers(line(text, label))] for text in (theirs, ours))
        assert found == expected


def test_softmax_regression(chapter: Chapter, printed: dict[str, str]) -> None:
    """The chapter's class, trained as our listing trains its shorter one."""
    stream = np.random.RandomState(42)
    y = np.repeat([0, 1, 2], 50)
    X = np.array([[0.0, 2.0], [2.0, -1.0], [-2.0, -1.0]])[y] + stream.randn(150, 2)
    model = chapter.names["SoftmaxRegressionNumPy"](input_dim=2, num_classes=3)
    model.W = stream.randn(3, 2) * 0.01
    found = []
    for step in range(201):
        loss = model.train_step(X, y, lr=0.5)
        if step in (0, 1, 10, 50, 200):
            found.append(f"step {step:3d}   loss {loss:.4f}   accuracy {model.accuracy(X, y):.3f}")
    assert found == printed["softmax_regression_numpy"].splitlines()
    highest = model.compute_loss(np.array([[0.0, 1.0]]), np.array([0]))
    assert numbers(line(printed["clipped_logarithm"], "by   -1000"))[0] == f"{highest:.6f}"
    assert model.compute_loss(np.array([[1.0, 0.0]]), np.array([0])) < 0
