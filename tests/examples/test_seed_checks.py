"""The two print-outs beside their recorded text; rounding errors differ between processors and are bounded instead."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

RECORDED = Path(__file__).parent / "recorded"
ERROR = re.compile(r" *\d\.\d\de[-+]\d\d")


def printed(capsys, script):
    script.main()
    return capsys.readouterr().out


def compare(name, out, pytestconfig):
    path = RECORDED / f"{name}.txt"
    if pytestconfig.getoption("update_golden"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(out, encoding="utf-8")
    assert out == path.read_text(encoding="utf-8")


def test_verify_gradient_derivation(example, capsys, pytestconfig):
    out = printed(capsys, example("verify_gradient_derivation"))
    compare("verify_gradient_derivation", ERROR.sub(" #", out), pytestconfig)
    single = [float(e) for line in out.splitlines() if "float64" not in line for e in ERROR.findall(line)]
    double = [float(e) for line in out.splitlines() if "float64" in line for e in ERROR.findall(line)]
    assert (len(single), len(double)) == (2 + 6, 6)
    assert max(single) < 1e-6
    assert max(double) < 1e-15


def test_verify_gradient_derivation_draws_what_the_global_generator_draws(example):
    """The numbers are those of torch.manual_seed(42), without touching the global generator."""
    X, y, W, b = example("verify_gradient_derivation").sample(torch.float32)
    with torch.random.fork_rng():
        torch.manual_seed(42)
        assert torch.equal(X, torch.randn(4, 5))
        assert torch.equal(y, torch.randint(0, 3, (4,)))
        assert torch.equal(W.detach(), torch.randn(3, 5))
        assert torch.equal(b.detach(), torch.randn(3))


@pytest.mark.parametrize("kernel", ["torch_kernel", "numpy_kernel"])
def test_verify_gradient_derivation_shows_a_wrong_kernel(example, capsys, monkeypatch, kernel):
    script = example("verify_gradient_derivation")
    right = getattr(script, kernel)

    class Doubled:
        def __call__(self, logits, target):
            return 2 * right(logits, target)

        def grad(self, logits, target, **options):
            return 2 * right.grad(logits, target, **options)

    monkeypatch.setattr(script, kernel, Doubled())
    out = printed(capsys, script)
    assert sum(float(e) > 0.01 for e in ERROR.findall(out)) == 4  # dW and db, in two dtypes


def test_gradient_flow(example, capsys, pytestconfig):
    out = printed(capsys, example("gradient_flow"))
    compare("gradient_flow", out, pytestconfig)
    # e^2, e^1, e^0.5 over their sum, worked out by hand
    assert "Probabilities π: [0.6285 0.2312 0.1402]\n" in out
    assert out.count("[-0.3715  0.2312  0.1402]") == 4  # autograd, closed form, both kernels
