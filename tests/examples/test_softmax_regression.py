"""The training of examples/softmax_regression.py: every step against autograd, and wrong gradients noticed."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits

from symce_kernels.numpy import cross_entropy, focal, label_smoothing

X, LABELS = load_digits(return_X_y=True)
X = X[:300] / 16
LABELS = LABELS[:300]


def focal_statement(logits, target, gamma, alpha=1.0):
    log_p = F.log_softmax(logits, dim=1).gather(1, target[:, None])[:, 0]
    return (-alpha * (1 - log_p.exp()) ** gamma * log_p).mean()


def smoothing_statement(logits, target, eps):
    K = logits.shape[1]
    q = torch.full_like(logits, eps / (K - 1)).scatter(1, target[:, None], 1 - eps)
    return -(q * F.log_softmax(logits, dim=1)).sum(dim=1).mean()


LOSSES = {
    "cross_entropy": (cross_entropy, {}, F.cross_entropy),
    "cross_entropy-smoothed": (
        cross_entropy,
        {"label_smoothing": 0.2},
        lambda logits, target: F.cross_entropy(logits, target, label_smoothing=0.2),
    ),
    "cross_entropy-weighted": (
        cross_entropy,
        {"weight": np.linspace(0.5, 3, 10)},
        lambda logits, target: F.cross_entropy(logits, target, weight=torch.linspace(0.5, 3, 10, dtype=logits.dtype)),
    ),
    "focal": (focal, {"gamma": 2.0}, lambda logits, target: focal_statement(logits, target, 2.0)),
    "focal-below-1": (
        focal,
        {"gamma": 0.5, "alpha": 0.25},
        lambda logits, target: focal_statement(logits, target, 0.5, 0.25),
    ),
    "label_smoothing": (label_smoothing, {"eps": 0.1}, lambda logits, target: smoothing_statement(logits, target, 0.1)),
}


@pytest.mark.parametrize("l2", [0.0, 0.03])
@pytest.mark.parametrize("name", LOSSES)
def test_every_step_agrees_with_autograd(example, name, l2):
    loss, options, statement = LOSSES[name]
    check = example("autograd_check").AutogradCheck(statement, l2=l2)
    model = example("softmax_regression").SoftmaxRegression(
        loss=loss, loss_options=options, l2=l2, learning_rate=0.3, batch_size=64, epochs=20, random_state=1
    )
    model.fit(X, LABELS, on_step=check)
    assert check.steps == 20 * 5  # 300 samples: four batches of 64 and one of 44
    assert max(check.worst.values()) <= 1e-12
    assert model.history_[-1] < model.history_[0]
    assert model.accuracy(X, LABELS) > 0.9


def wrong(change):
    """Cross-entropy's module with a gradient that ``change`` makes wrong."""

    def value_and_grad(logits, target, **options):
        loss, gradient = cross_entropy.value_and_grad(logits, target, **options)
        return loss, change(gradient, np.eye(logits.shape[1])[target])

    return SimpleNamespace(value=cross_entropy.value, value_and_grad=value_and_grad)


WRONG = {
    "pi - 2y": lambda gradient, onehot: gradient - onehot / len(onehot),
    "a sum, not a mean": lambda gradient, onehot: gradient * len(onehot),
    "the sign": lambda gradient, onehot: -gradient,
    "one entry, by 1e-11": lambda gradient, onehot: (
        gradient + 1e-11 * (np.arange(onehot.size) == 0).reshape(onehot.shape)
    ),
    "NaN": lambda gradient, onehot: gradient * np.nan,
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_gradient_is_noticed_at_the_first_step(example, name):
    autograd_check = example("autograd_check")
    check = autograd_check.AutogradCheck()
    model = example("softmax_regression").SoftmaxRegression(loss=wrong(WRONG[name]), epochs=1, random_state=0)
    with pytest.raises(autograd_check.GradientMismatch, match=r"step 0: d[Wb]\[.*autograd gives"):
        model.fit(X, LABELS, on_step=check)


def test_a_forgotten_penalty_is_noticed(example):
    autograd_check = example("autograd_check")
    model = example("softmax_regression").SoftmaxRegression(l2=0.0, epochs=1, random_state=0)
    with pytest.raises(autograd_check.GradientMismatch, match="step 0: dW"):
        model.fit(X, LABELS, on_step=autograd_check.AutogradCheck(l2=0.1))


def test_the_penalty_adds_lambda_W_and_spares_the_bias(example):
    SoftmaxRegression = example("softmax_regression").SoftmaxRegression
    plain = SoftmaxRegression(epochs=3, random_state=0).fit(X, LABELS)
    penalised = SoftmaxRegression(l2=0.7, epochs=0).fit(X, LABELS)
    penalised.W_, penalised.b_ = plain.W_, plain.b_
    loss, dW, db = plain.gradients(X, LABELS)
    loss_l2, dW_l2, db_l2 = penalised.gradients(X, LABELS)
    assert loss_l2 - loss == pytest.approx(0.35 * np.linalg.norm(plain.W_) ** 2, rel=1e-12)
    np.testing.assert_allclose(dW_l2 - dW, 0.7 * plain.W_, rtol=0, atol=1e-15)
    np.testing.assert_array_equal(db_l2, db)


def test_inputs_are_not_written_to(example):
    features, labels = X.copy(), LABELS.copy()
    features.setflags(write=False)
    labels.setflags(write=False)
    weight = np.linspace(0.5, 3, 10)
    options = {"weight": weight}
    example("softmax_regression").SoftmaxRegression(loss_options=options, epochs=2, random_state=0).fit(
        features, labels
    )
    np.testing.assert_array_equal(features, X)
    np.testing.assert_array_equal(labels, LABELS)
    np.testing.assert_array_equal(weight, np.linspace(0.5, 3, 10))
    assert list(options) == ["weight"]


def test_a_step_is_a_snapshot(example):
    steps = []
    example("softmax_regression").SoftmaxRegression(epochs=2, random_state=0).fit(X, LABELS, on_step=steps.append)
    assert [s.number for s in steps] == list(range(6))
    assert not np.array_equal(steps[0].W, steps[1].W)
    np.testing.assert_array_equal(steps[0].b, 0)


def test_the_update_is_momentum_with_a_decaying_step(example):
    steps = []
    model = example("softmax_regression").SoftmaxRegression(
        learning_rate=0.2, decay=0.5, momentum=0.6, batch_size=None, epochs=3, random_state=0
    )
    model.fit(X, LABELS, on_step=steps.append)
    W, velocity = steps[0].W, 0
    for epoch, step in enumerate(steps):
        np.testing.assert_allclose(step.W, W, rtol=0, atol=1e-15)
        velocity = 0.6 * velocity - 0.2 / (1 + 0.5 * epoch) * step.dW
        W = W + velocity
    np.testing.assert_allclose(model.W_, W, rtol=0, atol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_of_the_features_is_kept(example, dtype):
    model = example("softmax_regression").SoftmaxRegression(epochs=2, random_state=0).fit(X.astype(dtype), LABELS)
    assert (model.W_.dtype, model.b_.dtype) == (dtype, dtype)
    probabilities = model.predict_proba(X.astype(dtype))
    assert probabilities.dtype == dtype
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=4 * np.finfo(dtype).eps)


def test_one_seed_gives_one_model(example):
    SoftmaxRegression = example("softmax_regression").SoftmaxRegression
    first, second, other = (SoftmaxRegression(epochs=2, random_state=seed).fit(X, LABELS) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.W_, second.W_)
    assert not np.array_equal(first.W_, other.W_)


def test_labels_may_be_anything_sortable(example):
    names = np.array([f"digit {n}" for n in LABELS])
    model = example("softmax_regression").SoftmaxRegression(epochs=30, random_state=0).fit(X, names)
    assert set(model.predict(X)) <= set(names)
    assert model.accuracy(X, names) > 0.9
    assert model.objective(X, names) == pytest.approx(model.history_[-1], rel=1e-12)
    with pytest.raises(ValueError, match="y: label digit x was not seen by fit; allowed:"):
        model.objective(X[:1], np.array(["digit x"]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"l2": -1.0}, "l2: -1.0; allowed: a finite number >= 0"),
        ({"learning_rate": 0.0}, "learning_rate: 0.0; allowed: a finite number > 0"),
        ({"decay": float("nan")}, "decay: nan; allowed: a finite number >= 0"),
        ({"momentum": 1.0}, r"momentum: 1.0; allowed: a number in \[0, 1\)"),
        ({"batch_size": 0}, "batch_size: 0; allowed: None or an integer >= 1"),
        ({"epochs": -1}, "epochs: -1; allowed: an integer >= 0"),
        ({"loss_options": {"reduction": "sum"}}, "leave it out"),
    ],
)
def test_bad_hyperparameters_are_refused(example, options, message):
    with pytest.raises(ValueError, match=message):
        example("softmax_regression").SoftmaxRegression(**options)


@pytest.mark.parametrize(
    ("features", "labels", "message"),
    [
        (X[0], LABELS[:1], r"X: shape \(64,\); allowed: \(N, D\)"),
        (X, LABELS[:-1], r"y: shape \(299,\); allowed: one label a row"),
        (X[:0], LABELS[:0], "at least one"),
        (np.where(X < 1, X, np.nan), LABELS, "X: holds NaN or infinity"),
    ],
)
def test_bad_data_is_refused(example, features, labels, message):
    with pytest.raises(ValueError, match=message):
        example("softmax_regression").SoftmaxRegression(epochs=1).fit(features, labels)


def test_divergence_is_said(example):
    model = example("softmax_regression").SoftmaxRegression(l2=1.0, learning_rate=1e3, epochs=200, random_state=0)
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError, match="lower learning_rate"):
        model.fit(X, LABELS)
