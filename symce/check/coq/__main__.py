"""``python -m symce.check.coq FOLDER [FILE.json ...]``: the certificates of proofs, for work on the tactics.

Without files those of the catalogue and the chapters, from generated/proofs.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from symce.check.coq.certificate import certificate


def main(folder: str, *names: str) -> None:
    """Write the certificates into a folder."""
    proofs = Path("generated/proofs")
    paths = [Path(name) for name in names] or sorted(proofs.glob("**/*.json"))
    for path in paths:
        if not path.is_file():
            path = next(proofs.glob(f"**/{path}.json"))
        made = certificate(json.loads(path.read_text(encoding="utf-8")))
        target = Path(folder) / f"{path.stem}.v"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(made.text, encoding="utf-8")
        for step in made.missing:
            print(f"{path.stem}: {step.proof}, step {step.step}: no tactic for {step.rule}")


if __name__ == "__main__":
    main(*sys.argv[1:])
