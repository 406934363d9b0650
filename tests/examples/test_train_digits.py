"""examples/train_digits.py: 1,797 real images, beside scikit-learn."""

from __future__ import annotations

import re

import pytest


@pytest.fixture(scope="module")
def report(example):
    return example("train_digits").train()


def test_it_trains_on_all_images(report):
    digits = report.digits
    assert len(digits.X_train) + len(digits.X_test) == 1797
    assert len(digits.X_test) == 450
    assert len(report.ours.classes_) == 10


def test_every_gradient_agrees_with_autograd(report):
    assert report.check.steps == 100 * 11  # 1,347 training images in batches of 128
    assert report.check.worst["dW"] <= 1e-12
    assert report.check.worst["db"] <= 1e-12


def test_accuracy_is_within_a_point_of_logistic_regression(report):
    digits = report.digits
    for X, y in ((digits.X_train, digits.y_train), (digits.X_test, digits.y_test)):
        assert abs(report.ours.accuracy(X, y) - report.theirs.score(X, y)) <= 0.01
    assert report.ours.accuracy(digits.X_test, digits.y_test) >= 0.96


def test_both_minimise_the_same_objective(example, report):
    theirs = example("train_digits").objective_of(report.theirs, report.ours, report.digits)
    ours = report.ours.history_[-1]
    # Theirs is the minimum, up to its tolerance; the last steps of stochastic descent stay a little above it.
    assert theirs - 1e-6 <= ours <= theirs + 0.005


def test_logistic_regression_is_at_a_zero_of_our_gradient(example, report):
    """The objectives are the same function only if its minimum is where our gradient vanishes."""
    digits, theirs = report.digits, report.theirs
    model = example("softmax_regression").SoftmaxRegression(l2=report.ours.l2, epochs=0)
    model.fit(digits.X_train, digits.y_train)
    model.W_, model.b_ = theirs.coef_, theirs.intercept_
    _, dW, db = model.gradients(digits.X_train, digits.y_train)
    assert max(abs(dW).max(), abs(db).max()) < 1e-6


def test_what_it_prints(example, report, monkeypatch, capsys):
    train_digits = example("train_digits")
    monkeypatch.setattr(train_digits, "train", lambda: report)
    train_digits.main()
    out = capsys.readouterr().out
    assert re.search(r"symce's kernels +0\.22\d+ +98\.\d\d% +9[67]\.\d\d%", out)
    assert re.search(r"LogisticRegression +0\.22\d+ +98\.\d\d% +9[67]\.\d\d%", out)
    assert re.search(r"all 1100 steps:\n  dW \d\.\de-\d\d   db \d\.\de-\d\d   \(allowed 1e-12\)", out)
