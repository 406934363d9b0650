"""Train a small transformer on Python's own source, byte by byte: with PyTorch's loss, and with the generated kernels.

    python examples/language_model.py [--steps 300] [--write]

From one seed, in float64, each loss trains a model of its own, and every step's loss must agree with that of PyTorch's
run. Rounding errors differ, and a step carries them into the next, so there is one more run in PyTorch's operations, in
which the same loss is written out: it shows how far apart rounding alone takes two runs.

``--write`` puts the table and the plot into docs/training.md.
"""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
import torch.nn.functional as F
import typer
from torch import Tensor, nn

from symce_kernels.torch import functional as symce
from symce_kernels.torch.linear import linear_cross_entropy

#: a loss of features (N, D), the weights of the last layer (K, D) and class indices (N,)
Loss = Callable[[Tensor, Tensor, Tensor], Tensor]

BATCH, CONTEXT = 16, 64
#: how far from PyTorch's run a loss may be, as a part of it
TOLERANCE = 1e-10


def pytorch(x: Tensor, W: Tensor, target: Tensor) -> Tensor:
    return F.cross_entropy(F.linear(x, W), target)


def written_out(x: Tensor, W: Tensor, target: Tensor) -> Tensor:
    """The same loss in other operations of PyTorch, which round elsewhere."""
    z = F.linear(x, W)
    return (z.logsumexp(dim=1) - z.gather(1, target[:, None])[:, 0]).mean()


def drop_in(x: Tensor, W: Tensor, target: Tensor) -> Tensor:
    return symce.cross_entropy(F.linear(x, W), target)


def with_layer(x: Tensor, W: Tensor, target: Tensor) -> Tensor:
    """The last layer and its loss in one: the logits are never whole."""
    return linear_cross_entropy(x, W, None, target)


REFERENCE, CONTROL = "F.cross_entropy", "logsumexp(z) - z_c in PyTorch"
LOSSES: dict[str, Loss] = {
    REFERENCE: pytorch,
    CONTROL: written_out,
    "symce cross_entropy": drop_in,
    "symce linear_cross_entropy": with_layer,
}


class LossMismatch(AssertionError):
    """Two trainings that are the same mathematics went apart by more than rounding."""


@cache
def text(size: int = 2_000_000) -> bytes:
    """The modules of Python's standard library, one after the other: ``size`` bytes at most.

    Raises RuntimeError for a Python whose library is not there as source.
    """
    files = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    content = b"".join(file.read_bytes() for file in files)[:size]
    if len(content) < 100_000:
        raise RuntimeError("this Python's standard library is not there as .py files: take a Python that has them")
    return content


class Block(nn.Module):
    """Attention to what came before, then two layers, each added to what it was given."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before_attention, self.before_layers = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.layers = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        B, T, D = x.shape
        three = self.attention(self.before_attention(x)).view(B, T, 3, self.heads, D // self.heads)
        q, k, v = three.permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(attended.transpose(1, 2).reshape(B, T, D))
        return x + self.layers(self.before_layers(x))


class LanguageModel(nn.Module):
    """Tokens (B, T) to features (B T, D), which ``head.weight`` (K, D) makes logits of."""

    def __init__(self, vocabulary: int, *, width: int = 64, layers: int = 2, heads: int = 4) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(vocabulary, width), nn.Embedding(CONTEXT, width)
        for embedding in (self.tokens, self.places):
            nn.init.normal_(embedding.weight, std=0.1)
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(layers)), nn.LayerNorm(width))
        self.head = nn.Linear(width, vocabulary, bias=False)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.tokens(tokens) + self.places.weight[: tokens.shape[1]]
        return self.blocks(x).flatten(0, 1)


def make(vocabulary: int, dtype: torch.dtype, seed: int, **shape: int) -> LanguageModel:
    """The same model for the same seed; the global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return LanguageModel(vocabulary, **shape).to(dtype)


def batch(data: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Tokens (B, T) from places at random, and the token that follows each (B T,)."""
    starts = torch.randint(len(data) - CONTEXT, (BATCH, 1), generator=generator)
    pieces = data[starts + torch.arange(CONTEXT + 1)]
    return pieces[:, :-1], pieces[:, 1:].flatten()


def optimiser(model: LanguageModel) -> torch.optim.Optimizer:
    return torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=0.01)


def train(loss: Loss, data: Tensor, steps: int, *, seed: int = 0) -> list[float]:
    """The loss of each step of a new model on bytes, in float64."""
    model, generator = make(256, torch.float64, seed), torch.Generator().manual_seed(seed)
    steering, history = optimiser(model), []
    for _ in range(steps):
        tokens, target = batch(data, generator)
        value = loss(model(tokens), model.head.weight, target)
        steering.zero_grad()
        value.backward()
        steering.step()
        history.append(value.item())
    return history


@dataclass(frozen=True)
class Comparison:
    """The loss of every step, by the name of the loss that was trained with."""

    histories: dict[str, list[float]]

    def apart(self, name: str) -> list[float]:
        """How far each step's loss is from PyTorch's run, as a part of it."""
        return [abs(a - b) / b for a, b in zip(self.histories[name], self.histories[REFERENCE], strict=True)]

    def check(self, tolerance: float = TOLERANCE) -> None:
        """Raise LossMismatch, naming the first step, where a run is further from PyTorch's; NaN is far."""
        for name in self.histories:
            for step, difference in enumerate(self.apart(name)):
                if not difference <= tolerance:
                    raise LossMismatch(
                        f"{name}: step {step} has the loss {self.histories[name][step]:.17g}, {REFERENCE} "
                        f"{self.histories[REFERENCE][step]:.17g}: {difference:.1e} of it apart, allowed: "
                        f"{tolerance:.0e} (is it the same loss, with the same reduction?)"
                    )


def compare(steps: int, losses: dict[str, Loss] = LOSSES, *, seed: int = 0) -> Comparison:
    """Train with each loss in float64 from the same seed. Nothing is checked yet."""
    data = torch.tensor(list(text()))
    histories = {}
    for name, loss in losses.items():
        histories[name] = train(loss, data, steps, seed=seed)
        print(f"{name}: {steps} steps, loss {histories[name][-1]:.4f}", file=sys.stderr, flush=True)
    return Comparison(histories)


def main(steps: int = 300, write: bool = False) -> None:
    """Train, compare every step, print the table; exit status 1 if a run goes its own way."""
    torch.set_num_threads(1)  # so that a rerun gives the same bits
    result = compare(steps)
    result.check()
    from language_model_page import describe, plot

    print(describe(result))
    if write:
        from training_page import image
        from training_page import write as put

        figure = plot(result)
        put("language model", f"{describe(result)}\n\n{image(figure)}", figure)


if __name__ == "__main__":
    typer.run(main)
