"""What docs/training.md shows of the language model: a table and two plots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from language_model import BATCH, CONTEXT, CONTROL, REFERENCE, TOLERANCE, Comparison
from training_page import table

from symce.figures import Figure, Table
from symce.figures.style import canvas, note, series

if TYPE_CHECKING:
    from language_model_times import Times

#: below what a difference of float64 can be, so that a run that is the same has its place on a logarithmic axis
NOTHING = 3e-17


def describe(result: Comparison) -> str:
    """Where each run ended, and how far from PyTorch's it has been."""
    steps = len(result.histories[REFERENCE])
    rows = [
        [f"`{name}`", f"{history[-1]:.15f}", "" if name == REFERENCE else f"{max(result.apart(name)):.1e}"]
        for name, history in result.histories.items()
    ]
    head = ["trained with", f"loss of step {steps}", "largest difference of a step, relative"]
    return (
        f"{table(head, rows)}\n\n{steps} steps of {BATCH * CONTEXT:,} bytes in float64, one thread; "
        f"allowed: {TOLERANCE:.0e}."
    )


def plot(result: Comparison) -> Figure:
    """The losses, which lie on one line, and how far they are apart."""
    steps = np.arange(1, 1 + len(result.histories[REFERENCE]))
    shown = [name for name in result.histories if name != REFERENCE]

    def draw(_: object) -> Any:
        figure, (left, right) = canvas(2, height_cm=6.2)
        for n, (name, history) in enumerate(result.histories.items()):
            left.plot(steps, history, label=name, linewidth=2.4 - 0.6 * n, **series(n))
        left.set(xlabel="step", ylabel="loss, nats a byte", title="The loss of each step")
        for name in shown:
            largest = np.maximum.accumulate(np.maximum(result.apart(name), NOTHING))
            right.plot(steps, largest, **series(list(result.histories).index(name)))
        right.axhline(np.finfo(np.float64).eps, color="grey", linewidth=0.7)
        note(right, "1 ulp of 1", (steps[-1], np.finfo(np.float64).eps), (0, -10), ha="right", fontsize=8)
        right.set(
            yscale="log", ylim=(NOTHING / 2, TOLERANCE), xlabel="step", title="Largest relative difference so far"
        )
        figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=2)
        return figure

    def data() -> Table:
        columns = {name: result.histories[name] for name in result.histories}
        return Table.of(step=steps, **columns)

    return Figure(
        name="language_model",
        title="Training a language model with four forms of one loss",
        caption="",
        alt="Loss over the steps of training: the curves of PyTorch's loss and of the generated ones lie on one "
        f"another; they differ by rounding, as the same loss written out in PyTorch does ({CONTROL}).",
        draw=draw,
        data=data,
    )


def plot_times(times: Times) -> Figure:
    """How long a step takes: the last layer with its loss, and all the rest."""
    names = list(times.runs)
    head = np.array([times.milliseconds("head", name) for name in names])
    rest = np.array([times.milliseconds("step", name) for name in names]) - head

    def draw(_: object) -> Any:
        figure, (axes,) = canvas(height_cm=1.6 + 0.8 * len(names))
        places = np.arange(len(names))[::-1]
        axes.barh(places, head, 0.6, color="C0", label="last layer and loss")
        axes.barh(
            places, rest, 0.6, left=head, color="C1", hatch="////", label="the rest of the model, and the optimiser"
        )
        axes.set_yticks(places, names)
        axes.grid(False, axis="y")
        axes.set(xlabel="milliseconds a step")
        figure.legend(loc="outside lower center", ncols=2)
        return figure

    return Figure(
        name="language_model_times",
        title="Time of a step of training",
        caption="",
        alt=f"A step's time with {times.vocabulary:,} classes, for each loss: last layer and loss, and the rest.",
        draw=draw,
        data=lambda: Table.of(loss=names, head=head, rest=rest),
    )
