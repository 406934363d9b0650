"""The listings themselves: their form, that each runs alone, and that they print the same everywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from symce.documents.markup import pieces
from symce.listings import Listing, ListingError, catalogue, execute, read_listing, run

LISTINGS = catalogue()
GOLDEN = Path(__file__).parent / "golden"
#: what is not ASCII in the chapter's own code; a format that sets code has to know these
BEYOND_ASCII = set("π∂→")


@pytest.fixture(params=LISTINGS)
def listing(request: pytest.FixtureRequest) -> Listing:
    return LISTINGS[request.param]


def test_code_fits_a_column(listing: Listing) -> None:
    lines = listing.code.splitlines()
    assert len(lines) <= 45
    assert max(map(len, lines)) <= 88
    assert {ch for ch in listing.code if not ch.isascii()} <= BEYOND_ASCII


def test_parts_of_a_listing(listing: Listing) -> None:
    assert listing.code.startswith("import ")
    assert listing.code.endswith("\n")
    assert listing.about not in listing.code
    assert listing.language == "python"
    assert listing.needs
    assert set(listing.needs) <= {"numpy", "symce_kernels", "torch"}
    assert pieces(listing.title)
    assert pieces(listing.about)  # every mark has its partner
    assert "\n" not in listing.about.replace("\n\n", "")


def test_golden_output(listing: Listing, printed: dict[str, str], request: pytest.FixtureRequest) -> None:
    golden = GOLDEN / f"{listing.name}.txt"
    if request.config.getoption("--update-golden"):
        GOLDEN.mkdir(exist_ok=True)
        golden.write_text(printed[listing.name], encoding="utf-8")
    assert printed[listing.name] == golden.read_text(encoding="utf-8"), (
        "run pytest --update-golden if this is what you want"
    )


def test_no_golden_file_is_left_over() -> None:
    assert sorted(path.stem for path in GOLDEN.iterdir()) == sorted(LISTINGS)


def test_order_and_hash_seed_change_nothing(printed: dict[str, str]) -> None:
    """An isolated process draws a hash seed of its own; backwards, none can lean on one that ran before it."""
    again = execute(reversed(LISTINGS.values()))
    assert {name: one.output for name, one in again.items()} == printed


@pytest.mark.long
def test_runs_alone_as_a_copied_file(listing: Listing, printed: dict[str, str], tmp_path: Path) -> None:
    """As a reader's own script, with PyTorch's own number of threads; a warning would be an error."""
    script = tmp_path / "copied.py"
    script.write_text(listing.code, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-X", "utf8", script],
        env={**os.environ, "PYTHONHASHSEED": "7"},
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == printed[listing.name]


# --- what goes wrong is said -----------------------------------------------------------------------------------------


def _script(folder: Path, code: str, name: str = "01_broken.py") -> Path:
    file = folder / name
    file.write_text(f'"""A title\n\nProse.\n"""\n\n{code}\n', encoding="utf-8")
    return file


def test_results_come_in_the_order_asked_for() -> None:
    assert list(run(["clipped_logarithm", "softmax_regression_numpy"])) == [
        "clipped_logarithm",
        "softmax_regression_numpy",
    ]
    assert execute([]) == {}


def test_unknown_name() -> None:
    with pytest.raises(ListingError, match=r"no listing is named fokal; there are: cross_entropy_loss, manual"):
        run(["manual", "fokal"])


def test_a_listing_that_fails(tmp_path: Path) -> None:
    good = read_listing(_script(tmp_path, "print('fine')", "01_good.py"))
    bad = read_listing(_script(tmp_path, "def f():\n    return 1 / 0\n\n\nf()", "02_bad.py"))
    assert execute([good])["good"].output == "fine\n"
    with pytest.raises(ListingError) as caught:
        execute([good, bad])
    text = str(caught.value)
    assert text.startswith("the listing bad failed:\nTraceback")
    assert "in f\n" in text
    assert "ZeroDivisionError" in text
    assert "runpy" not in text
    assert text.endswith(f"Run it alone to look into it: python {bad.file}")


@pytest.mark.parametrize(("code", "said"), [("raise SystemExit(3)", "SystemExit: 3"), ("assert 1 > 2", "Assertion")])
def test_a_listing_that_leaves(tmp_path: Path, code: str, said: str) -> None:
    with pytest.raises(ListingError, match=said):
        execute([read_listing(_script(tmp_path, code))])


def test_a_process_that_dies(tmp_path: Path) -> None:
    with pytest.raises(ListingError, match=r"the process that ran broken ended with status 9"):
        execute([read_listing(_script(tmp_path, "import os\n\nos._exit(9)"))])


def test_a_listing_that_does_not_end(tmp_path: Path) -> None:
    listing = read_listing(_script(tmp_path, "import time\n\ntime.sleep(60)"))
    with pytest.raises(ListingError, match=r"the listings broken were not done after 0\.5 s"):
        execute([listing], patience=0.5)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("focal.py", '"""T\n\nA.\n"""\nprint()\n', "named NN_name.py"),
        ("01_focal.py", "print()\n", "write a docstring"),
        ("01_focal.py", '"""Title alone"""\nprint()\n', "write a docstring"),
        ("01_focal.py", '"""T\n\nA.\n"""\n', "and then the code"),
        ("01_focal.py", '"""T\n\nA.\n"""\nprint(\n', "line 5"),
    ],
)
def test_a_file_that_is_no_listing(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(ListingError, match=said):
        read_listing(tmp_path / name)


@pytest.mark.parametrize("package", ["torch", "numpy"])
def test_a_missing_package(checkout: Path, package: str) -> None:
    """Without site-packages neither is there."""
    listing, remedy = {
        "torch": ("manual", "pip install 'symce[torch]'"),
        "numpy": ("clipped_logarithm", "pip install symce"),
    }[package]
    script = f"import sys\nsys.path.insert(0, {str(checkout)!r})\nfrom symce.listings import run\nrun([{listing!r}])"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    said = f"ListingError: the listing {listing} needs {package}, which is not installed: {remedy}"
    assert done.stderr.strip().endswith(said)
