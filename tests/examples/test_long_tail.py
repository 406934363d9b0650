"""examples/long_tail.py in short: the data are long-tailed, the losses are what they are called, the sums are right."""

from __future__ import annotations

import re
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def script(example):
    return example("long_tail")


@pytest.fixture(scope="module")
def results(script):
    return script.study(4, steps=(20, 60))


@pytest.mark.parametrize("seed", range(3))
def test_the_training_set_is_long_tailed_and_the_test_is_not(script, seed):
    data, digits = script.load(seed)
    counts = script.counts()
    assert counts[0] == script.MOST
    assert counts[-1] == script.FEWEST
    assert all(a > b for a, b in pairwise(counts))
    assert sorted(digits) == list(range(10))
    assert [int((data.y == int(k)).sum()) for k in digits] == counts.tolist()
    assert data.count.tolist() == torch.bincount(data.y).tolist()
    tested = torch.bincount(data.y_test)
    assert tested.min() >= 43
    assert tested.max() <= 46
    trained = {row.numpy().tobytes() for row in data.X}
    assert not any(row.numpy().tobytes() in trained for row in data.X_test)


def test_seeds_differ_in_which_digit_is_rare(script):
    assert len({tuple(script.load(seed)[1]) for seed in range(4)}) == 4


def statement(name, z, y, count):
    """Each loss written down in PyTorch alone."""
    log_p = F.log_softmax(z, dim=1)
    taken = log_p.gather(1, y[:, None])[:, 0]
    share = (count.sum() / (10 * count))[y]
    match name:
        case "cross-entropy":
            return -taken.mean()
        case "weighted, 1 / frequency":
            return -(share * taken).mean()
        case "focal, γ = 2":
            return -((1 - taken.exp()) ** 2 * taken).mean()
        case "focal, γ = 2, α = 1 / frequency":
            return -(share * (1 - taken.exp()) ** 2 * taken).mean()
        case "logit-adjusted":
            return -F.log_softmax(z + (count / count.sum()).log(), dim=1).gather(1, y[:, None]).mean()
    raise AssertionError(name)


def test_the_losses_are_what_they_are_called(script):
    generator = torch.Generator().manual_seed(0)
    data, _ = script.load(0)
    z = 3 * torch.randn(len(data.y), 10, generator=generator, dtype=torch.float64)
    v = torch.randn((), generator=generator, dtype=torch.float64)
    for name, loss in script.LOSSES.items():
        sides = []
        for value in (loss, partial(statement, name)):
            x = z.clone().requires_grad_()
            y = value(x, data.y, data.count)
            sides.append((y.detach(), torch.autograd.grad(y, x, v)[0]))
        for ours, theirs in zip(*sides, strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-15, msg=lambda m, name=name: f"{name}: {m}")


def test_one_seed_gives_the_same_bits(script, results):
    again = script.study(1, steps=(20,), losses={"focal, γ = 2": script.LOSSES["focal, γ = 2"]})
    np.testing.assert_array_equal(again[20].recall["focal, γ = 2"][0], results[20].recall["focal, γ = 2"][0])


def test_the_losses_for_rare_classes_find_more_of_them(script, results):
    """What 4 seeds are enough to see, after 60 steps: the rarest three, with the frequencies and without."""
    rarest = slice(7, 10)
    early = results[60]
    for name in ("weighted, 1 / frequency", "logit-adjusted"):
        gain, error = early.gain(name, rarest)
        assert gain > error > 0, name
        assert early.gain(name)[0] > 0, name
    assert early.mean(script.BASE).mean() > results[20].mean(script.BASE).mean()


def test_gains_are_of_pairs(script):
    ours = np.array([[0.5, 0.7], [0.7, 0.9]])
    made = script.Study({script.BASE: ours - np.array([[0.1], [0.3]]), "mine": ours})
    gain, error = made.gain("mine")
    assert gain == pytest.approx(0.2)
    assert error == pytest.approx(2 * np.std([0.1, 0.3], ddof=1) / 2**0.5)
    assert made.gain("mine", slice(1, 2))[0] == pytest.approx(0.2)


def test_recall_is_by_class(script):
    data, _ = script.load(0)

    class Says(torch.nn.Module):
        def forward(self, X):
            return torch.eye(10)[3].expand(len(X), 10)

    np.testing.assert_array_equal(script.recalls(Says(), data), np.eye(10)[3])


def test_the_page(example, script, results, tmp_path):
    parts, page = example("long_tail_page"), example("training_page")
    file = tmp_path / "page.md"
    file.write_text("<!-- long tail: begin -->\n<!-- long tail: end -->\n", encoding="utf-8")
    figure = parts.plot(results)
    page.write("long tail", parts.describe(results), figure, page=file)
    plot = (tmp_path / "plots/long_tail.svg").read_bytes()
    page.write("long tail", parts.describe(results), parts.plot(results), page=file)
    assert (tmp_path / "plots/long_tail.svg").read_bytes() == plot
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if " steps, " in line]
    assert len(lines) == 2 * len(script.LOSSES)
    worst = 100 * results[60].mean("logit-adjusted", slice(7, 10)).mean()
    assert lines[-1].startswith("| 60 steps, logit-adjusted | ")
    assert f"| {worst:.1f} |" in lines[-1]


def test_the_page_in_docs_has_every_loss(checkout, script):
    page = (checkout / "docs/training.md").read_text(encoding="utf-8")
    part = page.partition("<!-- long tail: begin -->")[2].partition("<!-- long tail: end -->")[0]
    for step in script.STEPS:
        for name in script.LOSSES:
            assert re.search(rf"^\| {step} steps, {re.escape(name)} \|", part, re.M), (step, name)
