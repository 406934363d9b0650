"""Every number that a listing prints is the right one, by a computation with 50 digits, and every claim holds."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
import torch
from listings.outputs import FLOAT32, FLOAT64, focal, line, loss, mean, numbers, shows, softmax

A, B = [2.0, 1.0, 0.5], [0.5, 2.5, 1.0]
PAIR = mean([loss(A, 0), loss(B, 1)])
#: relative; the chapter prints six digits of two float32 losses, which leaves room for four units in the last place
SIX_DIGITS = 2.4e-7


def same(printed: str, label: str, exact: mp.mpf, error: float = FLOAT32) -> None:
    (text,) = numbers(line(printed, label))
    shows(text, exact, error)


def test_cross_entropy_loss(printed: dict[str, str]) -> None:
    out = printed["cross_entropy_loss"]
    same(out, "CrossEntropyLoss:", PAIR)
    same(out, "One-hot targets:", PAIR)
    same(out, "Fed with probabilities (wrong):", mean([loss(softmax(A), 0), loss(softmax(B), 1)]))


def test_manual(printed: dict[str, str]) -> None:
    same(printed["manual"], "Manual:", PAIR, SIX_DIGITS)
    same(printed["manual"], "PyTorch:", PAIR, SIX_DIGITS)
    assert line(printed["manual"], "Match:").strip() == "True"


def test_decomposed(printed: dict[str, str]) -> None:
    out = printed["decomposed"]
    same(out, "Decomposed:", PAIR, SIX_DIGITS)
    same(out, "Direct CE:", PAIR, SIX_DIGITS)
    same(out, "Far apart, LogSoftmax:", loss([200.0, 0.0, 0.0], 1))
    assert numbers(line(out, "Far apart, Softmax then log:")) == ["inf"]


def test_class_weights(printed: dict[str, str]) -> None:
    out = printed["class_weights"]
    rows = [(A, 0), (B, 1), ([1.0, 0.5, 2.0], 2), ([2.0, 0.5, 1.0], 2)]
    losses, weights = [loss(z, c) for z, c in rows], [1 + c for _, c in rows]
    total = mp.fsum(w * value for w, value in zip(weights, losses, strict=True))
    same(out, "Unweighted:", mean(losses))
    for label in ("PyTorch, class indices:", "  sum(w * nll) / sum(w):"):
        same(out, label, total / sum(weights))
    for label in ("PyTorch, one-hot probabilities:", "  sum(w * nll) / N, as written:"):
        same(out, label, total / 4)
    same(out, "sum(w) / N, their ratio:", mp.mpf(sum(weights)) / 4)


def test_label_smoothing(printed: dict[str, str]) -> None:
    out, eps = printed["label_smoothing"], mp.mpf("0.1")

    def smoothed(at_true: mp.mpf, elsewhere: mp.mpf) -> tuple[list[mp.mpf], mp.mpf]:
        rows = [[at_true if k == c else elsewhere for k in range(3)] for c in (0, 1)]
        return rows[0], mean([loss(A, rows[0]), loss(B, rows[1])])

    written, uniform = smoothed(1 - eps, eps / 2), smoothed(1 - eps + eps / 3, eps / 3)
    for label, (row, value) in {
        "One-hot:": smoothed(mp.mpf(1), mp.mpf(0)),
        "eps/(K-1), as written:": written,
        "(1-eps) y + eps/K:": uniform,
    }.items():
        for text, exact in zip(numbers(line(out, label)), [*row, value], strict=True):
            shows(text, exact)
    same(out, "PyTorch, eps = 0.10:", uniform[1])
    same(out, "PyTorch, eps = 0.15:", written[1])
    assert abs(written[1] - uniform[1]) > 0.04  # the two conventions are far apart


def test_ignore_index(printed: dict[str, str]) -> None:
    out = printed["ignore_index"]
    same(out, "Third row ignored:", PAIR)
    same(out, "First two rows:", PAIR)
    p = softmax(A)
    for text, exact in zip(numbers(line(out, "Gradient of row 1:")), [p[0] - 1, p[1], p[2]], strict=True):
        shows(text, exact / 2)
    assert numbers(line(out, "Gradient of row 3:")) == ["0.0"] * 3
    assert numbers(line(out, "All ignored, mean:")) == ["nan"]
    assert line(out, "  its gradient is 0 everywhere:").strip() == "True"
    assert numbers(line(out, "All ignored, sum:")) == ["0.0"]


def test_focal(printed: dict[str, str]) -> None:
    out, rows = printed["focal"], [(A, 0), (B, 1), ([2.0, 0.5, 1.0], 2)]
    same(out, "Cross-entropy:", mean([loss(z, c) for z, c in rows]))
    for gamma in (0.0, 0.5, 2.0, 5.0):
        same(out, f"Focal, gamma = {gamma}:", mean([focal(z, c, gamma) for z, c in rows]), 3e-6)
    assert line(out, "Focal, gamma = 0.0:").strip() == line(out, "Cross-entropy:").strip()
    losses = [focal(z, c, 2.0) for z, c in rows]
    same(out, "Focal, alpha = 0.25:", mean(losses) / 4)
    same(out, "Focal, alpha_t:", mean([a * v for a, v in zip((0.25, 0.5, 1.0), losses, strict=True)]))


def test_focal_near_one(printed: dict[str, str]) -> None:
    rows = {r[0]: r[1:] for r in map(numbers, printed["focal_near_one"].splitlines()[2:])}
    assert list(rows) == ["2", "10", "15", "20"]
    for margin, (exact, value, slope, kernel_value, kernel_slope) in rows.items():
        z = float(margin)
        truth = focal([z, 0.0], 0, 0.5)
        derivative = mp.diff(lambda x: focal([x, mp.mpf(0)], 0, 0.5), z)
        shows(exact, truth, FLOAT64)
        shows(kernel_value, truth)
        shows(kernel_slope, derivative)
        if z <= 10:
            # the digits that are left of 1 - pt in float32
            lost = 2**-23 / (1 - softmax([z, 0.0])[0])
            assert abs(float(value) / truth - 1) < 2 * lost + 0.005
            assert abs(float(slope) / derivative - 1) < 2 * lost + 0.005
    assert abs(float(rows["15"][1]) / focal([15.0, 0.0], 0, 0.5) - 1) > 0.1  # a quarter too large
    assert rows["20"][1:3] == ["0.00e+00", "nan"]


def test_bce_with_logits(printed: dict[str, str]) -> None:
    out = printed["bce_with_logits"]
    exact = mean([mp.log1p(mp.exp(x)) for x in (-1.5, -0.5, 0.3)])
    for label in ("As written, from p:", "BCEWithLogitsLoss:", "Softmax CE of (0, z):"):
        same(out, label, exact)
    assert numbers(line(out, "z = 200, from p:")) == ["inf"]
    assert numbers(line(out, "z = 200, F.binary_cross_entropy(p):")) == ["100.0"]
    same(out, "z = 200, BCEWithLogitsLoss:", mp.log1p(mp.exp(200)))


def test_verify_gradient(printed: dict[str, str]) -> None:
    lines = printed["verify_gradient"].splitlines()
    assert len(lines) == 4
    assert all(text.endswith(": True") for text in lines)
    assert [text.split(":")[0] for text in lines] == ["torch.float32"] * 2 + ["torch.float64"] * 2


def test_gradient_flow(printed: dict[str, str]) -> None:
    out, p = printed["gradient_flow"], softmax(A)
    assert numbers(line(out, "Logits z:")) == ["2.0000", "1.0000", "0.5000"]
    for label, row in {
        "Probabilities π:": p,
        "∂L/∂z (autograd):": [p[0] - 1, p[1], p[2]],
        "∂L/∂z (analytical):": [p[0] - 1, p[1], p[2]],
    }.items():
        for text, exact in zip(numbers(line(out, label)), row, strict=True):
            shows(text, exact)
    same(out, "Loss:", loss(A, 0))
    assert line(out, "Sum is 0:").strip() == "True"
    assert numbers(line(out, "log(softmax)  far off:")) == ["nan"] * 3
    assert numbers(line(out, "log_softmax   far off:")) == ["-1.0000", "1.0000", "0.0000"]


def test_softmax_regression_numpy(printed: dict[str, str]) -> None:
    """Trained again by PyTorch's optimiser and autograd from the same data; the exact loss, not the clipped one."""
    stream = np.random.RandomState(42)
    y = np.repeat([0, 1, 2], 50)
    X = np.array([[0.0, 2.0], [2.0, -1.0], [-2.0, -1.0]])[y] + stream.randn(150, 2)
    model = torch.nn.Linear(2, 3, dtype=torch.float64)
    with torch.no_grad():
        model.weight.copy_(torch.tensor(stream.randn(3, 2) * 0.01))
        model.bias.zero_()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.5)
    features, targets = torch.tensor(X), torch.tensor(y)
    expected = {}
    for step in range(201):
        value = torch.nn.functional.cross_entropy(model(features), targets)
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        accuracy = (model(features).argmax(1) == targets).double().mean().item()
        expected[str(step)] = value.item(), accuracy
    rows = [numbers(text) for text in printed["softmax_regression_numpy"].splitlines()]
    assert [row[0] for row in rows] == ["0", "1", "10", "50", "200"]
    for step, value, accuracy in rows:
        shows(value, mp.mpf(expected[step][0]), 1e-8)
        assert accuracy == f"{expected[step][1]:.3f}"
    assert float(rows[0][1]) == pytest.approx(float(mp.log(3)), abs=1e-3)
    assert float(rows[-1][2]) > 0.95


def test_clipped_logarithm(printed: dict[str, str]) -> None:
    out, constant = printed["clipped_logarithm"], mp.mpf("1e-10")
    rows = [numbers(text) for text in out.splitlines()[1:6]]
    assert [row[0] for row in rows] == ["-1000", "-30", "-20", "-2", "2"]
    for margin, clipped, exact, factor in rows:
        p = softmax([float(margin), 0.0])[0]
        shows(clipped, -mp.log(p + constant), FLOAT64)
        shows(exact, loss([float(margin), 0.0], 0), FLOAT64)
        shows(factor, p / (p + constant), FLOAT64)
        z = mp.mpf(margin)
        slope = mp.diff(lambda x: -mp.log(1 / (1 + mp.exp(-x)) + constant), z)  # the clipped loss's own gradient
        assert mp.almosteq(slope, (p - 1) * p / (p + constant), 1e-15, 1e-30)
    assert out.splitlines()[6].endswith("clipped loss below 0: True, exact below 0: False")


def test_quick_reference(printed: dict[str, str]) -> None:
    out, rows = printed["quick_reference"], ([2.0, 1.0], [0.5, 2.5])
    exact, large = mean([loss(z, 0) for z in rows]), mean([loss([1000 * x for x in z], 0) for z in rows])
    for name in (
        "nn.CrossEntropyLoss()",
        "F.cross_entropy()  ",
        "nn.NLLLoss() of log_softmax",
        "F.log_softmax(), gathered",
        "nn.BCEWithLogitsLoss()",
    ):
        ordinary, huge = numbers(line(out, name))
        shows(ordinary, exact)
        shows(huge, large)
    same(out, "nn.NLLLoss() of logits (wrong):", mp.mpf("-1.25"))
    wrong = mean([loss(softmax(z), 0) for z in rows])
    same(out, "F.cross_entropy() of probabilities (wrong):", wrong)
    assert abs(wrong - exact) > 0.1


def test_symce_kernels(printed: dict[str, str]) -> None:
    out, rows = printed["symce_kernels"], [(A, 0), (B, 1), ([2.0, 0.5, 1.0], 2)]
    losses = [loss(z, c) for z, c in rows]
    for label in ("NumPy kernel:", "PyTorch kernel:", "F.cross_entropy:"):
        same(out, label, mean(losses), FLOAT64)
    shown = [numbers(text) for text in out.splitlines() if text.startswith("  gradient row:")]
    for row, (z, c) in zip(shown, rows, strict=True):
        for k, (text, p) in enumerate(zip(row, softmax(z), strict=True)):
            shows(text, (p - (k == c)) / 3, FLOAT64)
    assert line(out, "Gradients within 1e-14:").strip() == "True"
    total = mp.fsum((1 + i) * value for i, value in enumerate(losses))
    same(out, "Weighted, by sum(w):", total / 6, FLOAT64)
    same(out, "Weighted, by N:", total / 3, FLOAT64)
    same(out, "Margin 50, kernel:", loss([50.0, 0.0], 0), FLOAT64)
    assert numbers(line(out, "Margin 50, F.cross_entropy:")) == ["0.000e+00"]
