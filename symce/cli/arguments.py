"""Arguments that several commands have, worded once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME|FILE.toml]...", help="Losses of symce, or of your own; without any, all of symce's."),
]
OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="DIR",
        help="The folder of proofs/ and symce_kernels/.  [default: generated in the checkout, or else here]",
    ),
]
TargetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--target",
        metavar="T",
        help="Kernels for this target alone (numpy, torch, javascript, native, jax, triton); may be repeated.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
