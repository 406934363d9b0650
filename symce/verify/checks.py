"""The checks of one kernel. Each puts what it finds on a Board."""

from __future__ import annotations

import inspect
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from symce.language import tree as T
from symce.verify.calls import Returned, WrongCall, call, reproduction, returns_entries
from symce.verify.case import SIZES, Array, Case, cases, draw
from symce.verify.compare import LOOSE, TOLERANCE, WIDE, Board, Difference, difference
from symce.verify.extreme import extreme_cases
from symce.verify.modules import Generated
from symce.verify.precise import PreciseReference
from symce.verify.semantics import Expected, Reference, Undefined, expected
from symce.verify.structure import is_plain, terms

UNCHANGED = "inputs unchanged"


@dataclass(frozen=True)
class Checker:
    """Checks one kernel against a reference; ``other`` is the same loss for NumPy, to compare a PyTorch kernel with."""

    kernel: Generated
    reference: Reference
    board: Board
    per_entry: bool
    thorough: bool
    other: Generated | None = None
    #: what extreme cases must give, by their numbers: the targets of a loss are asked the same
    known: dict[bytes, Expected] = field(default_factory=dict)

    def run(self) -> None:
        """All checks, in the order of the report."""
        self.options()
        if self.kernel.target == "torch":
            self.numerical_derivatives()
        self.extremes()

    def options(self) -> None:
        """Values, gradients and Hessian-vector products over the product of the options."""
        rounds = 6 if self.thorough else 1 if isinstance(self.reference, PreciseReference) else 2
        for number, case in enumerate(cases(self.kernel, self.sizes(), rounds)):
            upstream = float(case.cotangent[0, 0]) if self.kernel.target == "torch" and case.rows else 1.0
            flow = None if case.reduction == "none" else upstream
            right = expected(self.kernel.loss, case, self.reference, per_entry=self.per_entry, upstream=flow)
            wide = case.precision == "wide"
            tolerance, regime = (WIDE, ", wide") if wide else (TOLERANCE, "")
            returned = self.compared(case, right, upstream, tolerance, regime, self.reference)
            if returned is not None and self.other is not None and case.dtype != "bfloat16":
                self.against_numpy(case, returned, right, upstream)
            if self.kernel.target == "torch" and number % 5 == 0:
                self.as_module(case)

    def sizes(self) -> list[int]:
        """The numbers of classes that the loss is defined for, of those that are tried; the report names the others."""
        loss, defined = self.kernel.loss, []
        tally = self.board.tally("value", "float64", TOLERANCE["float64"], self.reference.name)
        for size in SIZES:
            rng = np.random.default_rng(size)
            case = draw(loss, rng, size=size, batch=(2,), dtype="float64", form=self.kernel.forms[0], reduction="none")
            try:
                right = expected(loss, case, self.reference, per_entry=self.per_entry, upstream=None)
                if not np.isfinite(right.outputs.value).all():
                    raise Undefined(f"{loss.name}: K = {size}: the loss is not finite")
                defined.append(size)
            except Undefined as error:
                tally.note = f"{tally.note}{'; ' * bool(tally.note)}K = {size} left out: {error}"
        return defined

    def compared(
        self,
        case: Case,
        right: Expected,
        upstream: float,
        tolerance: Mapping[str, float],
        regime: str,
        reference: Reference,
        limits_only: bool = False,
    ) -> Returned | None:
        """Call the kernel and compare each result; None where the call failed."""
        allowed = tolerance[case.dtype]
        value = self.board.tally(f"value{regime}", case.dtype, allowed, reference.name)

        def arguments() -> Mapping[str, Any]:
            return reproduction(self.kernel, case, upstream)

        unchanged = self.board.tally(UNCHANGED, "", 0.0, "the bytes before the call")
        try:
            returned = call(self.kernel, case, per_entry=self.per_entry, upstream=upstream)
        except WrongCall as error:
            (unchanged if "written to" in str(error) else value).fail(str(error), self.kernel.loss.name, arguments)
            return None
        except Exception as error:
            value.fail(f"the call raised {type(error).__name__}: {error}", self.kernel.loss.name, arguments)
            return None
        unchanged.cases += 1
        for quantity, function, got in returned.results:
            exact, scale = getattr(right.outputs, quantity), getattr(right.scales, quantity)
            counted = None
            if limits_only:
                counted = np.abs(exact) < _largest(case.dtype)
                if quantity == "value" and case.form == "index":
                    counted |= np.isposinf(exact) & _true_class_masked(case)
            tally = self.board.tally(f"{quantity}{regime}", case.dtype, allowed, reference.name)
            tally.add(difference(got, exact, scale, counted), function, arguments)
        return returned

    def against_numpy(self, case: Case, returned: Returned, right: Expected, upstream: float) -> None:
        """The same call of the NumPy kernel gives the same."""
        assert self.other is not None
        try:
            other = call(self.other, case, per_entry=self.per_entry)
        except Exception:
            return  # the NumPy kernel's own rows report it
        for quantity in ("value", "gradient", "hvp"):
            ours, theirs = returned.first(quantity), other.first(quantity)
            if ours is None or theirs is None:
                continue
            if quantity != "value" and case.reduction != "none":
                theirs = theirs * upstream
            tally = self.board.tally(
                f"{quantity} as NumPy's", case.dtype, 2 * TOLERANCE[case.dtype], "the NumPy kernel"
            )
            found = difference(ours, theirs, getattr(right.scales, quantity))
            tally.add(found, self.kernel.loss.name, lambda: reproduction(self.kernel, case, upstream))

    def as_module(self, case: Case) -> None:
        """PyTorch's class of the loss gives what the function gives, bit for bit."""
        import torch

        from symce.verify.calls import torch_arguments

        tally = self.board.tally("the nn.Module", "", 0.0, "the function")
        classes: list[Any] = [
            c for c in vars(self.kernel.module).values() if isinstance(c, type) and issubclass(c, torch.nn.Module)
        ]
        given = torch_arguments(self.kernel, case)
        function = self.kernel.functions[self.kernel.loss.name]
        try:
            (module,) = classes
            in_call = {n: given[n] for n in inspect.signature(module.forward).parameters if n in given}
            loss = module(**{n: a for n, a in given.items() if n not in in_call})(**in_call)
            same = torch.equal(torch.nan_to_num(loss), torch.nan_to_num(function(**given)))
        except Exception as error:
            text = f"the nn.Module raised {type(error).__name__}: {error}"
            tally.fail(text, self.kernel.loss.name, lambda: reproduction(self.kernel, case, 1.0))
            return
        tally.add(
            Difference(0.0 if same else float("inf")), module.__name__, lambda: reproduction(self.kernel, case, 1.0)
        )

    def numerical_derivatives(self) -> None:
        """PyTorch's gradcheck and gradgradcheck: the backward passes against finite differences."""
        import torch

        from symce.verify.calls import torch_arguments

        loss = self.kernel.loss
        reductions = ("none", "mean", "sum") if self.thorough else ("none",)
        for form in self.kernel.forms:
            for reduction in reductions:
                rng = np.random.default_rng([zlib.crc32(loss.name.encode()), 7])
                case = draw(
                    loss, rng, size=3, batch=(2,), dtype="float64", form=form, reduction=reduction,
                    weight=self.kernel.accepts("weight"), smooth=self.kernel.accepts("label_smoothing"),
                )  # fmt: skip
                # weights of zero only make the mean of both rows 0 / 0, of which there are no differences
                weight = None if case.weight is None else np.where(case.weight == 0, 1.0, case.weight)
                case = replace(case, logits=rng.normal(size=(2, 3)), weight=weight)
                given = torch_arguments(self.kernel, case)
                z = given.pop("input")

                def f(z: Any, given: dict[str, Any] = given) -> Any:
                    return self.kernel.functions[loss.name](z, **given)

                for check in (torch.autograd.gradcheck, torch.autograd.gradgradcheck):
                    name = str(check.__name__)
                    tally = self.board.tally(name, "float64", 1e-3, "finite differences")
                    try:
                        tally.cases += check(f, (z,))
                    except Exception as error:
                        text = f"{type(error).__name__}: {error}".strip()
                        tally.fail(text, loss.name, lambda case=case: reproduction(self.kernel, case, 1.0))  # type: ignore[misc]

    def extremes(self) -> None:
        """Logits of +-1000, 1e30 and -inf: finite, and right, wherever the mathematics is finite.

        With an inner map such as z + log prior, 1e30 is rounded by its size: then finite is all that is asked there.
        """
        precise = PreciseReference()
        for case in extreme_cases(self.kernel, thorough=self.thorough):
            given = [a.astype(np.float64) for a in (case.logits, case.target) if a is not None]
            key = b"".join(a.tobytes() for a in given) + case.infinite.encode()
            try:
                if key not in self.known:
                    self.known[key] = expected(
                        self.kernel.loss,
                        case,
                        precise,
                        per_entry=self.per_entry,
                        upstream=None,
                        logits_round=not is_plain(self.kernel.loss),
                    )
            except Undefined as error:
                self.board.tally("value at extremes", case.dtype, LOOSE[case.dtype], precise.name).note = str(error)
                continue
            right = _without_second_order_of_infinity(self.known[key])
            self.compared(case, right, 1.0, LOOSE, " at extremes", precise, limits_only=True)


def _without_second_order_of_infinity(right: Expected) -> Expected:
    """The right results, with no Hessian-vector product asked of rows whose gradient is infinite."""
    if right.outputs.hvp is None:
        return right
    finite = np.isfinite(right.outputs.gradient).all(axis=1, keepdims=True)
    return replace(right, outputs=replace(right.outputs, hvp=np.where(finite, right.outputs.hvp, np.nan)))


def _true_class_masked(case: Case) -> Array:
    """The rows whose true class has a logit of -inf: a loss that is infinite there must be, not NaN."""
    assert case.target is not None
    masked: Array = np.isneginf(case.logits[np.arange(case.rows), case.target])
    return masked


def _largest(dtype: str) -> float:
    """What a sum of a few numbers may reach without overflow."""
    return {"float64": 1e300, "float32": 1e37, "float16": 1e4, "bfloat16": 1e37}[dtype]


def entries_or_error(kernel: Generated) -> bool:
    """Whether the losses are one an entry. Raises WrongCall where that contradicts the statement."""
    if kernel.loss.target != "multilabel":
        return False
    rng = np.random.default_rng(1)
    case = draw(kernel.loss, rng, size=3, batch=(2,), dtype="float64", form=kernel.forms[0], reduction="none")
    per_entry = returns_entries(kernel, case)
    statement = kernel.loss.statement
    if per_entry and terms(statement) is None:
        raise WrongCall("one loss an entry is returned, but the statement is not a sum of one term a class")
    inner = statement.args[0] if isinstance(statement, T.Apply) and statement.function == "neg" else statement
    if not per_entry and isinstance(inner, T.Sum) and terms(inner) is not None:
        raise WrongCall("one loss a row is returned, but the statement is a sum of one term a class")
    return per_entry
