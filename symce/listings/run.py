"""Run listings as a reader would, and keep what they print.

All of them share one fresh process, since importing torch takes longer than any of them. It is isolated (``python -I``:
no PYTHON* variable, no user folder) and computes on one thread, so that sums are added in the same order everywhere.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from symce.listings.listing import Listing, ListingError, catalogue

_WORKER = Path(__file__).parent / "worker.py"
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
_INSTALL = {"torch": "pip install 'symce[torch]'"}
#: seconds; all listings take about three where nothing else runs
PATIENCE = 300.0


@dataclass(frozen=True)
class Run:
    """A listing and what it printed to standard output."""

    listing: Listing
    output: str


def run(names: Iterable[str]) -> dict[str, Run]:
    """Run listings of the catalogue; the results in the order of ``names``.

    A process of Python runs each selection once and remembers it: a chapter in five formats runs its listings once.
    Raises ListingError for a name that is not in the catalogue, a package that is missing, or a listing that fails.
    """
    return dict(_run_once(tuple(dict.fromkeys(names))))


@cache
def _run_once(names: tuple[str, ...]) -> dict[str, Run]:
    known = catalogue()
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ListingError(f"no listing is named {', '.join(unknown)}; there are: {', '.join(known)}")
    return execute([known[name] for name in names])


def execute(listings: Iterable[Listing], *, patience: float = PATIENCE) -> dict[str, Run]:
    """Run listings, of the catalogue or not, in one fresh process that may take ``patience`` seconds; by name.

    Raises ListingError as ``run`` does.
    """
    chosen = {listing.name: listing for listing in listings}
    if not chosen:
        return {}
    for listing in chosen.values():
        _check_packages(listing)
    request = {
        "path": [folder for folder in sys.path if folder],
        "files": [[name, str(listing.file)] for name, listing in chosen.items()],
    }
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-X", "utf8", str(_WORKER)],
            input=json.dumps(request),
            env={**os.environ, **_ONE_THREAD},
            capture_output=True,
            encoding="utf-8",
            timeout=patience,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ListingError(
            f"the listings {', '.join(chosen)} were not done after {patience:g} s; run them one by one:"
            f" python {next(iter(chosen.values())).file}"
        ) from error
    if done.returncode != 0:
        raise ListingError(
            f"the process that ran {', '.join(chosen)} ended with status {done.returncode}; its last words:\n"
            f"{done.stderr.strip()}\nRun them one by one: python {next(iter(chosen.values())).file}"
        )
    answer = json.loads(done.stdout.rstrip("\n").rpartition("\n")[2])
    if answer["failed"] is not None:
        listing = chosen[answer["failed"]]
        raise ListingError(
            f"the listing {listing.name} failed:\n{answer['traceback'].rstrip()}\n"
            f"Run it alone to look into it: python {listing.file}"
        )
    return {name: Run(listing, answer["outputs"][name]) for name, listing in chosen.items()}


def _check_packages(listing: Listing) -> None:
    for package in listing.needs:
        if importlib.util.find_spec(package) is None:
            remedy = _INSTALL.get(package, "pip install symce")
            raise ListingError(f"the listing {listing.name} needs {package}, which is not installed: {remedy}")
