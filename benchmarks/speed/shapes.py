"""What is measured: a cell is one loss at one shape and dtype, and all who take part are timed in turn in it."""

from __future__ import annotations

from dataclasses import dataclass

SECTIONS = {
    "times": "loss and gradient of large batches",
    "overhead": "what one call costs: tiny batches",
    "growth": "time as N and as K grow",
    "linear": "a linear layer and cross-entropy",
    "memory": "peak extra memory, in fresh processes",
    "start": "compiling a kernel, and the first call",
}
LOSSES = {
    "cross_entropy": "cross-entropy",
    "weighted_smoothed": "cross-entropy, class weights and label smoothing 0.1",
    "soft_targets": "cross-entropy of soft targets",
    "focal": "focal loss, gamma 2",
    "sigmoid_focal": "sigmoid focal loss, gamma 2, alpha 0.25",
    "linear_cross_entropy": "linear layer and cross-entropy",
}
#: rows and classes: digits, images, a small vocabulary, a large one
SHAPES = ((65_536, 10), (8_192, 1_000), (1_024, 32_000), (256, 128_256))
DETECTION = (262_144, 80)  # anchors and classes of a detector
DTYPES = ("float32", "float64", "bfloat16")
TINY = ((1, 10), (8, 10), (32, 10))
MEMORY_SHAPE = (1_024, 32_000)
#: 1e5 to 1e8 elements: rows of 1,000 classes, more and more of them; and 100 rows, wider and wider
GROWTH_IN_N = tuple((n, 1_000) for n in (100, 316, 1_000, 3_162, 10_000, 31_623, 100_000))
GROWTH_IN_K = tuple((100, k) for k in (1_000, 3_162, 10_000, 31_623, 100_000, 316_228, 1_000_000))


@dataclass(frozen=True)
class Cell:
    """One loss at one shape; ``features`` are those of the linear layer, 0 where there is none."""

    section: str
    loss: str
    rows: int
    classes: int
    dtype: str = "float32"
    features: int = 0

    @property
    def key(self) -> str:
        """How it is called in the results; unique among the cells."""
        return f"{self.section}: {self.loss} {self.rows}x{self.classes} {self.dtype}"

    @property
    def shape(self) -> str:
        return f"{self.rows:,} x {self.classes:,}"


def cells(quick: bool) -> list[Cell]:
    """Every cell that is timed, in order; ``quick`` has two shapes, and of growth two decades less."""
    shapes = SHAPES[:2] if quick else SHAPES
    found = [Cell("times", "cross_entropy", *shape, dtype) for dtype in DTYPES for shape in shapes]
    for loss in ("weighted_smoothed", "soft_targets", "focal"):
        found += [Cell("times", loss, *shape) for shape in shapes]
    found.append(Cell("times", "sigmoid_focal", *(DETECTION if not quick else (DETECTION[0] // 8, DETECTION[1]))))
    found += [Cell("overhead", "cross_entropy", *shape) for shape in TINY]
    for family in (GROWTH_IN_N, GROWTH_IN_K):
        found += [Cell("growth", "cross_entropy", *shape) for shape in (family[:-2] if quick else family)]
    found.append(Cell("linear", "linear_cross_entropy", *((256, 4_000) if quick else (2_048, 32_000)), features=1_024))
    return list(dict.fromkeys(found))
