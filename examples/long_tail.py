"""Digits of which some are rare in training: what losses do for them, over many seeds.

    python examples/long_tail.py [--seeds 20] [--write]

scikit-learn's digits, a quarter kept for the test, where each digit is as frequent as the others. Of the rest a seed
draws a long-tailed training set: 120 images of one digit, 3 of another, the numbers between them in even ratios; which
digit is how rare is drawn too. The same small network trains on it with each loss, from the same first weights, and
is tested after 100, 300 and 1000 steps. Nothing was tuned: options are those of the papers, or 1 / frequency.

``--write`` puts the table and the plot into docs/training.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn

from symce_kernels.torch import cross_entropy, focal, weighted_cross_entropy

#: a loss of logits (N, K), class indices (N,) and the number of images of each class (K,)
Loss = Callable[[Tensor, Tensor, Tensor], Tensor]

MOST, FEWEST = 120, 3
#: the numbers of steps after which the network is tested
STEPS = (100, 300, 1000)


def inverse(count: Tensor) -> Tensor:
    """Weights of 1 / frequency, of mean 1 over the images."""
    return count.sum() / (len(count) * count)


LOSSES: dict[str, Loss] = {
    "cross-entropy": lambda z, y, count: cross_entropy(z, y),
    "weighted, 1 / frequency": lambda z, y, count: weighted_cross_entropy(z, y, w=inverse(count)),
    "focal, γ = 2": lambda z, y, count: focal(z, y, gamma=2.0),
    "focal, γ = 2, α = 1 / frequency": lambda z, y, count: focal(z, y, gamma=2.0, alpha=inverse(count)),
    # examples/losses/logit_adjusted.toml with tau = 1: what is learnt are logits without the prior
    "logit-adjusted": lambda z, y, count: cross_entropy(z + (count / count.sum()).log(), y),
}
BASE = "cross-entropy"


@dataclass(frozen=True)
class Data:
    """Images (N, 64) and digits (N,); ``count`` says how many images of each digit are there to train on."""

    X: Tensor
    y: Tensor
    X_test: Tensor
    y_test: Tensor
    count: Tensor


def counts(K: int = 10) -> NDArray[np.intp]:
    """Images for training, from the most frequent class to the rarest."""
    return np.round(np.geomspace(MOST, FEWEST, K)).astype(np.intp)


def load(seed: int) -> tuple[Data, NDArray[np.intp]]:
    """The data of a seed, and the digits from the most frequent to the rarest."""
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X / 16, y, test_size=0.25, stratify=y, random_state=seed)
    draw = np.random.default_rng(seed)
    digits = draw.permutation(10)
    kept = np.concatenate([np.flatnonzero(y_train == k)[:n] for k, n in zip(digits, counts(), strict=True)])
    X_train, y_train = X_train[kept], y_train[kept]
    X_train, y_train, X_test, y_test = (torch.from_numpy(a) for a in (X_train, y_train, X_test, y_test))
    return Data(X_train, y_train, X_test, y_test, torch.bincount(y_train, minlength=10).double()), digits


def train(loss: Loss, data: Data, *, seed: int, steps: tuple[int, ...] = STEPS) -> Iterator[NDArray[np.float64]]:
    """The recalls of a network of one hidden layer, after each of the numbers of steps; a step is on all images."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10)).double()
    steering = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
    for step in range(1, 1 + max(steps)):
        steering.zero_grad()
        loss(model(data.X), data.y, data.count).backward()
        steering.step()
        if step in steps:
            yield recalls(model, data)


def recalls(model: nn.Module, data: Data) -> NDArray[np.float64]:
    """Of the test's images of each digit, the part that is found."""
    with torch.no_grad():
        found = model(data.X_test).argmax(dim=1) == data.y_test
    return np.array([found[data.y_test == k].double().mean() for k in range(10)])


@dataclass(frozen=True)
class Study:
    """By loss: recall (seeds, K), the classes of each seed from the most frequent to the rarest."""

    recall: dict[str, NDArray[np.float64]]

    def mean(self, name: str, ranks: slice = slice(None)) -> NDArray[np.float64]:
        """The recall of each seed, the mean of some of the ranks; of all of them it is the balanced accuracy."""
        return self.recall[name][:, ranks].mean(axis=1)

    def gain(self, name: str, ranks: slice = slice(None)) -> tuple[float, float]:
        """What a loss gains over cross-entropy, seed by seed: the mean and twice its standard error."""
        difference = self.mean(name, ranks) - self.mean(BASE, ranks)
        spread = difference.std(ddof=1) / len(difference) ** 0.5 if len(difference) > 1 else np.nan
        return float(difference.mean()), float(2 * spread)


def study(seeds: int, *, steps: tuple[int, ...] = STEPS, losses: dict[str, Loss] = LOSSES) -> dict[int, Study]:
    """Train every loss on the data of every seed: what there is after each of the numbers of steps, which ascend."""
    recall = {step: {name: np.empty((seeds, 10)) for name in losses} for step in steps}
    for seed in range(seeds):
        data, digits = load(seed)
        for name, loss in losses.items():
            for step, found in zip(steps, train(loss, data, seed=seed, steps=steps), strict=True):
                recall[step][name][seed] = found[digits]
        print(f"seed {seed + 1} of {seeds}", file=sys.stderr, flush=True)
    return {step: Study(recall[step]) for step in steps}


def main(seeds: int = 20, write: bool = False) -> None:
    """Train, and print the table."""
    torch.set_num_threads(1)  # the network is small, and a rerun gives the same bits
    result = study(seeds)
    from long_tail_page import describe, plot

    print(describe(result))
    if write:
        from training_page import image
        from training_page import write as put

        figure = plot(result)
        put("long tail", f"{describe(result)}\n\n{image(figure)}", figure)


if __name__ == "__main__":
    typer.run(main)
