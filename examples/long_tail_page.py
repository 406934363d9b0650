"""What docs/training.md shows of the rare digits: a table and a plot."""

from __future__ import annotations

from typing import Any

import numpy as np
from long_tail import BASE, Study, counts
from training_page import table

from symce.figures import Figure, Table
from symce.figures.style import canvas, series

GROUPS = {"3 most frequent": slice(0, 3), "4 between": slice(3, 7), "3 rarest": slice(7, 10), "all": slice(0, 10)}


def describe(results: dict[int, Study]) -> str:
    """Recall by group after each number of steps, and what each loss gains over cross-entropy, in points."""
    rows = []
    for step, result in results.items():
        for name in result.recall:
            means = [f"{100 * result.mean(name, ranks).mean():.1f}" for ranks in GROUPS.values()]
            gain = "" if name == BASE else _points(*result.gain(name))
            rows.append([f"{step} steps, {name}", *means, gain])
    seeds = len(result.recall[BASE])
    return (
        f"{table(['recall, %', *GROUPS, 'gain, all'], rows)}\n\nMeans of {seeds} seeds. Gains over cross-entropy are "
        "in points, seed by seed: the mean ± twice its standard error.\n"
        f"Images to train on: {', '.join(map(str, counts()))}."
    )


def _points(mean: float, error: float) -> str:
    return f"{100 * mean:+.1f} ± {100 * error:.1f}".replace("-", "−")


def plot(results: dict[int, Study]) -> Figure:
    """Recall against the number of images at the end, and the gains on the way there."""
    images, steps = counts(), list(results)
    end = results[steps[-1]]
    names = list(end.recall)

    def draw(_: object) -> Any:
        figure, (left, right) = canvas(2, height_cm=7.2)
        for n, name in enumerate(names):
            left.plot(images, 100 * end.recall[name].mean(axis=0), marker="o", markersize=3, label=name, **series(n))
        left.set(xscale="log", xlabel="images to train on", title=f"Recall after {steps[-1]} steps, %")
        left.set_xticks(images[::3], [str(n) for n in images[::3]])
        left.minorticks_off()
        left.invert_xaxis()
        right.axhline(0, color="C0", linewidth=1.5)
        for n, name in enumerate(names[1:], start=1):
            gains = 100 * np.array([result.gain(name) for result in results.values()])
            places = np.array(steps) * 1.04 ** (n - len(names) / 2)  # side by side, so that the bars are seen
            right.errorbar(places, gains[:, 0], gains[:, 1], marker="o", markersize=3, capsize=2, **series(n))
        right.set(xscale="log", xlabel="steps", title="Gain over cross-entropy, points")
        right.set_xticks(steps, [str(step) for step in steps])
        right.minorticks_off()
        figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=2)
        return figure

    def data() -> Table:
        return Table.of(images=images, **{name: end.recall[name].mean(axis=0) for name in names})

    return Figure(
        name="long_tail",
        title="Recall of frequent and rare digits",
        caption="",
        alt="Recall falls from the frequent digits to the rare ones with every loss, least with the logit-adjusted "
        "one; what each loss gains over cross-entropy after more and more steps.",
        draw=draw,
        data=data,
    )
