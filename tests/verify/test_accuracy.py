"""The kernels keep what is promised of them, in ulps of the exact results; and a kernel that does not is caught.

A subset runs in a minute; the rest of it is marked long.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from own_losses.kernels import printed
from own_losses.statements import UNSEEN
from verify.mutants import Mutant

from symce.losses import catalogue
from symce.verify.accuracy import SIZES, Plan, accuracy, measure
from symce.verify.accuracy_report import AccuracyReport
from symce.verify.judge import DTYPES
from symce.verify.promises import CANCELLED, table

SUBSET = (
    "bce_with_logits",
    "cross_entropy",
    "distillation",
    "focal",
    "kl_target_softmax",
    "label_smoothing",
    "sigmoid_focal",
    "softmax_entropy",
)

#: without the native kernels, of which each has to be compiled for each dtype
UNCOMPILED = ("numpy", "torch")


def failures(report: AccuracyReport) -> str:
    """The broken promises, one a line."""
    return "\n".join(f"{f.key}: {f.broken}" for f in report.failures)


def strict(report: AccuracyReport, by: str, precision: str, quantity: str) -> Mapping[str, float]:
    """The worst error in ulps of the exact value, by regime."""
    wanted = (by, precision, quantity)
    return {f.key.regime: f.strict for f in report.figures if (f.key.by, f.key.precision, f.key.quantity) == wanted}


@pytest.mark.parametrize("name", SUBSET)
def test_what_is_promised_holds(name: str, checkout: Path) -> None:
    """K = 3, every regime, every kind of target, float32 (native and wide), float64 and the halves."""
    report = measure(catalogue()[name], checkout / "generated", Plan(sizes=(3,)))
    assert report.ok, failures(report)
    assert not report.notes
    measured = {(f.key.dtype, f.key.precision) for f in report.figures}
    assert measured >= {(d, "half" if "16" in d else "native") for d in DTYPES} | {("float32", "wide")}


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(catalogue()))
def test_what_is_promised_holds_of_the_whole_catalogue(name: str, checkout: Path) -> None:
    sizes = SIZES[1:] if name in SUBSET else SIZES
    report = measure(catalogue()[name], checkout / "generated", Plan(UNCOMPILED, sizes=sizes), others=())
    assert report.ok, failures(report)


@pytest.mark.long
@pytest.mark.parametrize("size", [1_000, 32_000])
@pytest.mark.parametrize("name", ["cross_entropy", "focal"])
def test_what_is_promised_holds_for_many_classes(name: str, size: int, checkout: Path) -> None:
    plan = Plan(dtypes=("float32", "float64"), sizes=(size,))
    report = measure(catalogue()[name], checkout / "generated", plan, others=())
    assert report.ok, failures(report)
    assert report.rows


def test_pytorch_loses_what_symce_keeps(checkout: Path) -> None:
    """Of the measurement itself: what is known of F.cross_entropy is found, in the rows where symce is right."""
    plan = Plan(dtypes=("float32",), sizes=(3,), regimes=("ordinary", "margin 20"))
    report = measure(catalogue()["cross_entropy"], checkout / "generated", plan)
    peer = [f for f in report.figures if f.key.by == "F.cross_entropy"]
    lost = {(f.key.regime, f.key.quantity) for f in peer if f.zeros}
    assert {("right by 20", "value"), ("right by 20", "gradient")} <= lost
    ours, theirs = strict(report, "numpy", "native", "value"), strict(report, "F.cross_entropy", "", "value")
    assert 0 < ours["right by 20"] <= 4
    assert ours["ordinary"] <= 4 < theirs["ordinary"]
    assert all(f.share is None and f.ok for f in peer)


def test_a_loss_of_a_users_own_is_measured(tmp_path: Path) -> None:
    """It has no peer, and what is promised of it is what holds of any loss."""
    loss = UNSEEN["quotient_of_log"]
    regimes = ("ordinary", "margin 10", "margin 40", "huge 1e30")
    plan = Plan(UNCOMPILED, dtypes=("float32", "float64"), sizes=(3,), regimes=regimes)
    report = measure(loss, printed(loss, tmp_path, ["numpy", "torch"]), plan)
    assert {f.key.by for f in report.figures} == {"numpy", "torch"}
    judged = {f.key.regime for f in report.figures if f.share is not None and f.key.quantity == "value"}
    assert {"ordinary", "right by 10", "wrong by 40"} <= judged
    assert "huge 1e30" not in judged
    assert report.ok, failures(report)


def test_the_page_on_numerics_promises_what_is_tested(checkout: Path) -> None:
    page = (checkout / "docs" / "numerics.md").read_text(encoding="utf-8")
    assert "\n".join(table()) in page, "put the rows that symce.verify.promises.table() gives into docs/numerics.md"
    assert f"within\n  {CANCELLED:g} ulps" in page


# --- kernels that are less exact -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Inexact:
    """A mutant; ``caught``: quantity and regime of a promise that it breaks."""

    mutant: Mutant
    caught: tuple[tuple[str, str], ...]


def _mutants(target: str) -> tuple[Inexact, ...]:
    library = {"numpy": "np", "torch": "torch"}[target]
    p_c = {
        "numpy": r"np.take_along_axis(scaled, target, axis=1) / mass",
        "torch": r"torch.gather(scaled, 1, target) / mass",
    }[target]
    complement = ((r"q_c = others / mass", f"q_c = 1 - {p_c}"),)
    logarithm = ((rf"{library}\.log1p\(", f"{library}.log(1 + "),)
    difference = ((r"_compensated\(\*_difference\(a, b\)\)", "_compensated(a - b, 0 * (a - b))"),)
    return (
        Inexact(
            Mutant("1 - p_c for the sum of the others", "cross_entropy", target, complement, ()),
            (("gradient, true class", "right by 20"), ("gradient, true class", "right by 10")),
        ),
        Inexact(
            Mutant("1 - p_c for the sum of the others", "focal", target, complement, ()),
            (("value", "right by 20"), ("gradient, others", "right by 20")),
        ),
        Inexact(
            Mutant("log(1 + x) for log1p", "cross_entropy", target, logarithm, ()),
            (("value", "right by 20"), ("value", "right by 10")),
        ),
        Inexact(
            Mutant("the exponential of a rounded difference", "cross_entropy", target, difference, ()),
            (("value", "right by 84"), ("gradient, others", "wrong by 84")),
        ),
        Inexact(
            Mutant("the exponential of a rounded difference", "focal", target, difference, ()),
            (("gradient, others", "wrong by 84"),),
        ),
    )


INEXACT = (*_mutants("numpy"), *_mutants("torch"))
#: where the mutants differ, in one dtype
NARROW = Plan(UNCOMPILED, dtypes=("float32",), sizes=(3,), regimes=("ordinary", "margin 10", "margin 20", "margin 84"))


@pytest.mark.parametrize(
    "inexact", INEXACT, ids=[f"{i.mutant.target}, {i.mutant.loss}: {i.mutant.what}" for i in INEXACT]
)
def test_a_less_exact_kernel_is_caught(inexact: Inexact, checkout: Path, tmp_path: Path) -> None:
    mutant, package = inexact.mutant, checkout / "generated" / "symce_kernels"
    root = mutant.write(package, tmp_path)
    report = measure(catalogue()[mutant.loss], root, NARROW, others=())
    assert not report.ok
    assert {f.key.by for f in report.failures} == {mutant.target}, "the kernel of the other target is as it was"
    broken = {(f.key.quantity, f.key.regime) for f in report.failures if f.key.precision == "native"}
    assert broken >= set(inexact.caught)


def test_a_kernel_that_raises_breaks_its_promise(checkout: Path, tmp_path: Path) -> None:
    edits = ((r"def _value_index\(logits, target\):", "def _value_index(logits):"),)
    mutant = Mutant("an argument is missing", "nll_loss", "numpy", edits, ())
    root = mutant.write(checkout / "generated" / "symce_kernels", tmp_path)
    report = measure(catalogue()["nll_loss"], root, NARROW, others=())
    assert {(f.key.by, f.key.quantity) for f in report.failures} == {("numpy", "call")}
    assert "TypeError" in failures(report)


def test_a_kernel_that_is_missing_breaks_its_promise(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "numpy").mkdir()
    shutil.copy(checkout / "generated" / "symce_kernels" / "numpy" / "nll_loss.py", tmp_path / "numpy")
    report = measure(catalogue()["nll_loss"], tmp_path, NARROW, others=())
    assert [f.key.by for f in report.failures] == ["torch"]
    assert "there is no such file" in failures(report)


# --- reports ---------------------------------------------------------------------------------------------------------


def test_two_processes_say_what_one_says(checkout: Path) -> None:
    losses = [catalogue()[name] for name in ("nll_loss", "softmax_entropy")]
    plan = Plan(UNCOMPILED, dtypes=("float32",), sizes=(3,), regimes=("ordinary", "equal"))
    one = accuracy(losses, checkout / "generated", plan, workers=1)
    two = accuracy(losses, checkout / "generated", plan, workers=2)
    assert one.to_json() == two.to_json()
    assert {f.key.loss for f in one.figures} == {"nll_loss", "softmax_entropy"}


def test_a_report_is_json_without_special_numbers(checkout: Path, tmp_path: Path) -> None:
    (worst,) = [i for i in _mutants("numpy") if i.mutant.loss == "focal" and "1 - p_c" in i.mutant.what]
    root = worst.mutant.write(checkout / "generated" / "symce_kernels", tmp_path)
    plan = Plan(targets=("numpy",), dtypes=("float32",), sizes=(3,), regimes=("margin 20",))
    data = measure(catalogue()["focal"], root, plan, others=()).to_json()

    def numbers(x: object) -> list[float]:
        if isinstance(x, dict):
            return [n for value in x.values() for n in numbers(value)]
        if isinstance(x, list):
            return [n for value in x for n in numbers(value)]
        return [x] if isinstance(x, float) else []

    assert all(map(math.isfinite, numbers(data)))
    broken = next(f["broken"] for f in data["figures"] if f["quantity"] == "value" and not f["ok"])
    assert set(broken["arguments"]) >= {"logits", "target", "gamma", "alpha"}


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (Plan(targets=("javascript",)), "targets: 'javascript'; allowed: numpy, torch, native"),
        (Plan(dtypes=("float8",)), "dtypes: 'float8'; allowed: float32"),
        (Plan(regimes=("margin 21",)), "regimes: 'margin 21'; allowed: ordinary"),
    ],
)
def test_an_unknown_name_is_an_error(plan: Plan, message: str, checkout: Path) -> None:
    with pytest.raises(ValueError, match=message):
        accuracy([catalogue()["nll_loss"]], checkout / "generated", plan)
