"""Time the steps of a language model with a vocabulary of byte pairs: PyTorch's losses and the generated ones.

    python examples/language_model_times.py [--vocabulary 16384] [--rounds 25] [--threads 1] [--write]

In float32. Each loss trains a model of its own from the same seed. In every round each takes one step, on the same
batch, and who goes first moves on; a ratio is the median of the ratios within rounds, so that what else the machine
does in a round hits all alike. Timed are the step, and within it the last layer with its loss, forward and backward.

``--write`` puts the table and the plot into docs/training.md.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from statistics import median

import torch
import torch.nn.functional as F
import typer
from byte_pairs import BytePairs
from language_model import BATCH, CONTEXT, REFERENCE, Loss, batch, drop_in, make, optimiser, pytorch, text, with_layer
from torch import Tensor

#: of the model
WIDTH, LAYERS = 128, 2
WARM = 3


def pytorch_with_layer(**options: int) -> Loss:
    """PyTorch's own layer and loss in one, in chunks of rows."""
    given = torch.nn.LinearCrossEntropyOptions(**options)
    return lambda x, W, target: F.linear_cross_entropy(x, W, target, options=given)


def contestants() -> dict[str, Loss]:
    """The losses to time, PyTorch's first; a PyTorch before 2.13 has no F.linear_cross_entropy."""
    losses: dict[str, Loss] = {REFERENCE: pytorch}
    if hasattr(F, "linear_cross_entropy"):
        losses["F.linear_cross_entropy, in chunks"] = pytorch_with_layer()
        losses["F.linear_cross_entropy, 256 rows a chunk"] = pytorch_with_layer(batch_chunk_size=256)
    return losses | {"symce cross_entropy": drop_in, "symce linear_cross_entropy": with_layer}


@dataclass
class Run:
    """A model in training, and the seconds and the loss of each of its steps."""

    loss: Loss
    vocabulary: int
    step: list[float] = field(default_factory=list)
    head: list[float] = field(default_factory=list)
    history: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.model = make(self.vocabulary, torch.float32, 0, width=WIDTH, layers=LAYERS)
        self.steering = optimiser(self.model)

    def take(self, tokens: Tensor, target: Tensor) -> None:
        """One step of training. The backward pass stops at the features, to read the clock, and goes on from there."""
        self.steering.zero_grad()
        start = time.perf_counter()
        features = self.model(tokens)
        middle = time.perf_counter()
        x = features.detach().requires_grad_()
        value = self.loss(x, self.model.head.weight, target)
        value.backward()
        end = time.perf_counter()
        features.backward(x.grad)
        self.steering.step()
        self.step.append(time.perf_counter() - start)
        self.head.append(end - middle)
        self.history.append(value.item())


@dataclass(frozen=True)
class Times:
    """Runs that took their steps in turn, by name, the reference first."""

    runs: dict[str, Run]
    vocabulary: int

    def milliseconds(self, part: str, name: str) -> float:
        """The median of the rounds, those to warm up left out; ``part`` is ``step`` or ``head``."""
        return 1e3 * median(getattr(self.runs[name], part)[WARM:])

    def ratio(self, part: str, name: str) -> float:
        """How many times as long as the reference, the median of the rounds."""
        ours, theirs = (getattr(self.runs[n], part)[WARM:] for n in (name, REFERENCE))
        return median(a / b for a, b in zip(ours, theirs, strict=True))

    def apart(self, name: str) -> float:
        """The largest difference of a step's loss from the reference's, as a part of it."""
        pairs = zip(self.runs[name].history, self.runs[REFERENCE].history, strict=True)
        return max(abs(a - b) / b for a, b in pairs)


def measure(content: bytes, vocabulary: int, rounds: int) -> Times:
    """Train with every contestant in turn, ``rounds`` counted steps each."""
    pieces = BytePairs(content, vocabulary)
    data, size = torch.tensor(pieces.encode(content)), len(pieces)
    print(f"{size} pieces, {len(data)} tokens", file=sys.stderr, flush=True)
    runs = {name: Run(loss, size) for name, loss in contestants().items()}
    order, generator = list(runs), torch.Generator().manual_seed(0)
    for _ in range(WARM + rounds):
        tokens, target = batch(data, generator)
        for name in order:
            runs[name].take(tokens, target)
        order = [*order[1:], order[0]]
    return Times(runs, size)


def describe(times: Times, rounds: int) -> str:
    """The table, and what it was measured on."""
    from training_page import machine, table

    head = ["", "step, ms", "beside PyTorch's", "last layer and loss, ms", "beside PyTorch's", "largest difference"]
    rows = [
        [
            f"`{name}`",
            f"{times.milliseconds('step', name):.0f}",
            f"{times.ratio('step', name):.2f}",
            f"{times.milliseconds('head', name):.0f}",
            f"{times.ratio('head', name):.2f}",
            "" if name == REFERENCE else f"{times.apart(name):.0e}",
        ]
        for name in times.runs
    ]
    return (
        f"{table(head, rows)}\n\n{BATCH * CONTEXT:,} tokens a step, {times.vocabulary:,} classes, width {WIDTH}, "
        f"{LAYERS} layers, float32; medians of {rounds} rounds.\n{machine()}."
    )


def main(vocabulary: int = 16_384, rounds: int = 25, threads: int = 1, write: bool = False) -> None:
    """Measure, and print the table."""
    torch.set_num_threads(threads)
    times = measure(text(), vocabulary, rounds)
    print(describe(times, rounds))
    if write:
        from language_model_page import plot_times
        from training_page import image
        from training_page import write as put

        figure = plot_times(times)
        put("language model times", f"{describe(times, rounds)}\n\n{image(figure)}", figure)


if __name__ == "__main__":
    typer.run(main)
