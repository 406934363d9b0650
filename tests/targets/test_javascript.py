"""Generated JavaScript against generated NumPy, over all losses and options, in one process of Node.js."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from targets.node import Node, agree

from symce.losses import catalogue
from symce.losses.loss import Loss

LOSSES = catalogue()
FUNCTIONS = {"value": "value", "grad": "grad", "valueAndGrad": "value_and_grad", "hvp": "hvp"}
PYTHON = {"ignoreIndex": "ignore_index", "labelSmoothing": "label_smoothing"}
CASES = 60
#: closed forms whose terms, of size 1, cancel: what is left is rounding, in NumPy too
CANCELLED = dict.fromkeys(("kl_softmax_target", "poly1", "soft_capped_cross_entropy", "softmax_entropy"), 1e-14)


class Case:
    """A random call of a loss: the arrays, the options by their JavaScript names, and whether it is one row alone."""

    def __init__(self, loss: Loss, options: set[str], forms: list[str], seed: int) -> None:
        rng = self.rng = np.random.default_rng([seed, *loss.name.encode()])
        self.alone = seed % 3 == 0
        n = 1 if self.alone else int(rng.integers(1, 5))
        k = int(rng.integers(2 if loss.name == "label_smoothing" else 1, 8))
        self.n, self.k, self.entries = n, k, loss.target == "multilabel"
        scale = rng.choice([0.0, 1.0, 10.0, 1000.0])
        z = rng.choice([-1000.0, 0.0, 1.0, 1000.0], (n, k)) if scale == 1000 else rng.normal(0, scale, (n, k))
        form = forms[seed % len(forms)]
        classes = rng.integers(0, k, n)
        self.target: Any = None
        if form == "index":
            self.target = classes
        elif form == "dense":
            y = rng.random((n, k)) * (rng.random((n, k)) < 0.8)
            self.target = y if loss.target in ("multilabel", "weights") else (y + 1e-3) / (y + 1e-3).sum(1)[:, None]
        if seed % 5 == 0 and loss.target != "multilabel":  # one masked class that is not the true one
            masked = (classes + 1) % k
            z[np.arange(n), masked] = np.where(masked == classes, z[np.arange(n), masked], -np.inf)
            if form == "dense":
                self.target[np.isneginf(z)] = 0
        self.z, self.v = z, rng.normal(size=(n, k))
        self.options = self._options(loss, options)

    def _options(self, loss: Loss, options: set[str]) -> dict[str, Any]:
        rng, n, k = self.rng, self.n, self.k
        ranges = {"real": (-2, 2), "unit": (0, 1), "positive": (0.3, 3), "nonnegative": (0, 3)}
        found: dict[str, Any] = {"reduction": str(rng.choice(["mean", "sum", "none"]))}
        for p in loss.params:
            sizes = [()] if p.shape == "" else [(), (k,)] if p.shape == "K" else [(n, k)]
            if p.default is None or rng.random() < 0.7:
                value = rng.uniform(*ranges[p.domain], sizes[rng.integers(len(sizes))])
                found[p.name] = value[0] if self.alone and p.shape == "NxK" else value
        if "weight" in options and rng.random() < 0.5:
            found["weight"] = rng.uniform(0.2, 3, k) * (rng.random(k) < 0.9)
        if "label_smoothing" in options and rng.random() < 0.5:
            found["labelSmoothing"] = float(rng.choice([0.0, 0.1, 1.0]))
        if isinstance(self.target, np.ndarray) and self.target.ndim == 1 and rng.random() < 0.4:
            found["ignoreIndex"] = int(self.target[rng.integers(n)])
        if rng.random() < 0.2:
            found["normalizer"] = 3.5
        if found["reduction"] == "none" and rng.random() < 0.8:
            found["cotangent"] = self.shaped(rng.normal(size=(n, k) if self.entries else n))
        return found

    def shaped(self, a: Any) -> Any:
        """An array of N rows as the call takes it."""
        return None if a is None else a[0] if self.alone else a

    def run(self, call: Any, name: str) -> Any:
        args = [self.shaped(a) for a in (self.z, self.target, *([self.v] if name == "hvp" else [])) if a is not None]
        return call(args, {o: x for o, x in self.options.items() if (name, o) != ("value", "cotangent")})


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_every_loss_agrees_with_numpy(node: Node, generated: Path, name: str) -> None:
    module, path = importlib.import_module(f"symce_kernels.numpy.{name}"), generated / f"{name}.js"
    options = set(module.value.__kwdefaults__)
    takes_index = "ignore_index" in options
    forms = ["none"] if LOSSES[name].target == "none" else ["index"] * takes_index + ["dense"]
    if takes_index and "or one float a class" not in module.__doc__:
        forms = ["index"]
    assert set(node(path)["names"]) == {*FUNCTIONS, "parameters", "target"}
    for seed in range(CASES):
        case = Case(LOSSES[name], options, forms, seed)
        for function, python in FUNCTIONS.items():
            expected = case.run(
                lambda args, o, f=python: getattr(module, f)(*args, **{PYTHON.get(n, n): x for n, x in o.items()}),
                function,
            )
            got = case.run(lambda args, o, f=function, s=seed: node(path, f, *args, o, float64=s % 2 == 0), function)
            pairs = [(got, expected)]
            if function == "valueAndGrad":
                pairs = [(got["value"], expected[0]), (got["grad"], expected[1])]
            for mine, theirs in pairs:
                assert agree(mine, theirs, CANCELLED.get(name, 0)), (seed, function, vars(case), mine, theirs)


def test_all_kinds_of_calls_are_among_the_cases() -> None:
    """The cases are random: the options, extreme logits, masks and numbers of classes are all met, for every loss."""
    for loss in LOSSES.values():
        cases = [Case(loss, {"weight", "label_smoothing"}, ["index", "dense"], seed) for seed in range(CASES)]
        met = {option for case in cases for option in case.options}
        assert {"weight", "labelSmoothing", "ignoreIndex", "normalizer", "cotangent"} <= met
        assert {p.name for p in loss.params} <= met
        assert {case.options["reduction"] for case in cases} == {"mean", "sum", "none"}
        assert {case.k for case in cases} >= set(range(2, 8))
        assert {case.alone for case in cases} == {True, False}
        assert any(np.abs(case.z).max() == 1000 for case in cases)
        assert any(np.isneginf(case.z).any() for case in cases) == (loss.target != "multilabel")


def test_sums_of_many_terms_keep_their_digits(node: Node, generated: Path) -> None:
    z = np.full(20_001, 0.1)
    module = importlib.import_module("symce_kernels.numpy.cross_entropy")
    got, expected = node(generated / "cross_entropy.js", "value", z, 0), module.value(z, 0)
    assert abs(got - expected) <= 4 * np.spacing(expected)
