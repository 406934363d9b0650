"""examples/language_model.py and language_model_times.py in a few steps: one loss, however it is computed."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from symce_kernels.torch import focal


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """The models are tiny: threads would wait for one another, and change the last bits."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def script(example):
    return example("language_model")


@pytest.fixture(scope="module")
def data(script):
    return torch.tensor(list(script.text(100_000)))


@pytest.fixture(scope="module")
def comparison(script):
    return script.compare(8)


def test_every_step_is_pytorchs_within_rounding(script, comparison):
    comparison.check(1e-14)
    history = comparison.histories[script.REFERENCE]
    assert len(history) == 8
    assert history[0] == pytest.approx(np.log(256), abs=0.5)  # nothing is known yet
    assert history[-1] < history[0] - 1


def test_one_seed_gives_the_same_bits(script, data):
    first, second, other = (script.train(script.drop_in, data, 3, seed=seed) for seed in (1, 1, 2))
    assert first == second
    assert first != other


def test_the_global_generator_is_left_alone(script, data):
    before = torch.get_rng_state()
    script.train(script.drop_in, data, 1)
    assert torch.equal(torch.get_rng_state(), before)


def a_sum(x, W, target):
    return F.cross_entropy(F.linear(x, W), target, reduction="sum")


def nearly_the_same(x, W, target):
    return focal(F.linear(x, W), target, gamma=1e-9)


def a_wrong_gradient(x, W, target):
    """The value is right; the gradient of one class is not, by a billionth."""
    z = F.linear(x, W)
    z.register_hook(lambda g: g + 1e-9 * F.one_hot(torch.tensor(7), 256))
    return F.cross_entropy(z, target)


@pytest.mark.parametrize(("loss", "step"), [(a_sum, 0), (nearly_the_same, 0), (a_wrong_gradient, 1)])
def test_another_loss_is_noticed(script, loss, step):
    result = script.compare(2, {script.REFERENCE: script.pytorch, "mine": loss})
    with pytest.raises(script.LossMismatch, match=f"mine: step {step} has the loss .* apart, allowed: 1e-12"):
        result.check(1e-12)


def test_nan_is_noticed(script):
    broken = script.Comparison({script.REFERENCE: [3.0, 2.0], "mine": [3.0, float("nan")]})
    with pytest.raises(script.LossMismatch, match="mine: step 1 has the loss nan"):
        broken.check()


def test_what_came_later_is_not_seen(script):
    """The features at a place depend on the tokens up to it, and on all of them."""
    model = script.make(256, torch.float64, 0)
    tokens = torch.randint(256, (1, 20), generator=torch.Generator().manual_seed(0))
    for place in (0, 7, 19):
        changed = tokens.clone()
        changed[0, place] = (changed[0, place] + 1) % 256
        moved = (model(tokens) != model(changed)).any(dim=1)
        assert moved.tolist() == [n >= place for n in range(20)]


def test_the_target_is_the_next_token(script):
    tokens, target = script.batch(torch.arange(1000), torch.Generator().manual_seed(0))
    assert torch.equal(target.view_as(tokens), tokens + 1)
    assert tokens.shape == (script.BATCH, script.CONTEXT)


def test_a_python_without_its_source_is_named(script, monkeypatch, tmp_path):
    monkeypatch.setattr(script.sysconfig, "get_path", lambda name: str(tmp_path))
    with pytest.raises(RuntimeError, match="standard library is not there"):
        script.text.__wrapped__(1000)


@pytest.fixture(scope="module")
def times(example, script):
    return example("language_model_times").measure(script.text(100_000), 300, 2)


def test_every_contestant_is_timed_and_trains_alike(script, times):
    assert next(iter(times.runs)) == script.REFERENCE
    assert {"symce cross_entropy", "symce linear_cross_entropy"} <= set(times.runs)
    assert times.vocabulary == 300
    for name, run in times.runs.items():
        assert len(run.step) == len(run.head) == len(run.history) == 5  # three to warm up
        assert all(0 < head < step for head, step in zip(run.head, run.step, strict=True))
        assert times.apart(name) < 1e-5  # float32
        assert times.milliseconds("head", name) < times.milliseconds("step", name)


def test_the_timed_step_is_a_step_of_training(example, script):
    """Stopping at the features to read the clock gives the gradients that one backward pass gives."""
    module = example("language_model_times")
    tokens, target = script.batch(torch.arange(300), torch.Generator().manual_seed(0))
    run = module.Run(script.pytorch, 300)
    weights = {name: p.detach().clone() for name, p in run.model.named_parameters()}
    run.take(tokens, target)
    model = script.make(300, torch.float32, 0, width=module.WIDTH, layers=module.LAYERS)
    assert all(torch.equal(p, weights[name]) for name, p in model.named_parameters())
    script.pytorch(model(tokens), model.head.weight, target).backward()
    for ours, theirs in zip(run.model.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-5, atol=1e-8)


def test_a_ratio_is_the_median_of_rounds(example, script):
    module = example("language_model_times")
    reference, mine = (object.__new__(module.Run) for _ in range(2))
    warm = [9.0] * module.WARM
    reference.step, mine.step = [*warm, 1.0, 10.0, 1.0], [*warm, 0.5, 5.0, 3.0]
    assert module.Times({script.REFERENCE: reference, "mine": mine}, 256).ratio("step", "mine") == 0.5


def test_the_page_is_made_of_what_was_measured(example, comparison, times, tmp_path):
    page, parts = example("training_page"), example("language_model_page")
    file = tmp_path / "page.md"
    file.write_text("before\n<!-- a: begin -->\nold\n<!-- a: end -->\nafter\n", encoding="utf-8")
    figures = parts.plot(comparison), parts.plot_times(times)
    content = parts.describe(comparison) + example("language_model_times").describe(times, 2)
    page.write("a", content, *figures, page=file)
    first = {path.name: path.read_bytes() for path in (tmp_path / "plots").iterdir()}
    assert set(first) == {"language_model.svg", "language_model_times.svg"}
    page.write("a", content, *figures, page=file)
    assert {path.name: path.read_bytes() for path in (tmp_path / "plots").iterdir()} == first
    written = file.read_text(encoding="utf-8")
    assert re.fullmatch(r"before\n<!-- a: begin -->\n.*\n<!-- a: end -->\nafter\n", written, re.DOTALL)
    assert "old" not in written
    assert f"{comparison.histories['symce cross_entropy'][-1]:.15f}" in written
    assert "logical processors shared" in written


def test_a_page_without_its_markers_is_refused_and_left(example, tmp_path):
    file = tmp_path / "page.md"
    file.write_text("no markers", encoding="utf-8")
    with pytest.raises(ValueError, match=r"page.md: no <!-- a: begin --> and <!-- a: end -->"):
        example("training_page").write("a", "text", page=file)
    assert file.read_text(encoding="utf-8") == "no markers"


def test_the_page_in_docs_shows_a_run_that_agreed(checkout, script):
    page = (checkout / "docs/training.md").read_text(encoding="utf-8")
    part = page.partition("<!-- language model: begin -->")[2].partition("<!-- language model: end -->")[0]
    apart = [float(x) for x in re.findall(r"\| (\d\.\de-\d+) \|$", part, re.M)]
    assert len(apart) == 3
    assert max(apart) < script.TOLERANCE
    for name in re.findall(r"\]\((plots/[^)]+)\)", page):
        assert (checkout / "docs" / name).exists()
