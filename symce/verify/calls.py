"""One call of a kernel: the arguments of a case in the target's arrays and shapes, the results as rows again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from symce.verify.case import Array, Case
from symce.verify.modules import OF_ARRAYS, Generated


class WrongCall(Exception):
    """A kernel returned something of the wrong shape or dtype, or changed what it was given."""


@dataclass(frozen=True)
class Returned:
    """What a kernel returned, as rows: (quantity, function, array) with the quantity value, gradient or hvp.

    Values have the shape (), (N,) or (N, K), the others (N, K); all are float64 copies.
    """

    results: tuple[tuple[str, str, Array], ...]

    def first(self, quantity: str) -> Array | None:
        return next((a for q, _, a in self.results if q == quantity), None)


def returns_entries(kernel: Generated, case: Case) -> bool:
    """Whether reduction="none" gives one loss an entry, rather than one a row; the case has some rows and classes."""
    return call(kernel, case, per_entry=None, values_only=True).results[0][2].ndim == 2


def call(
    kernel: Generated, case: Case, *, per_entry: bool | None, upstream: float = 1.0, values_only: bool = False
) -> Returned:
    """Every function of a kernel on a case; ``upstream`` flows into a reduced loss (PyTorch; 1 in NumPy).

    ``per_entry`` says what shape the losses of reduction="none" must have; None: either is taken. Raises WrongCall for
    a result of the wrong shape or dtype and for an argument that was written to, and whatever the kernel raises.
    """
    if kernel.target in OF_ARRAYS:
        return _call_numpy(kernel, case, per_entry, values_only)
    return _call_torch(kernel, case, per_entry, upstream, values_only)


def numpy_arguments(kernel: Generated, case: Case) -> dict[str, Any]:
    """The arguments of the NumPy functions, without v and cotangent."""
    given: dict[str, Any] = {"logits": _shaped(case.logits, case)}
    if case.target is not None:
        given["target"] = case.target.reshape(case.batch) if case.form == "index" else _shaped(case.target, case)
    options = case.options(kernel)
    shaped = {n: _shaped(a, case) if n in case.params and np.ndim(a) == 2 else a for n, a in options.items()}
    return {**given, **shaped, "axis": case.axis}


def _call_numpy(kernel: Generated, case: Case, per_entry: bool | None, values_only: bool) -> Returned:
    given = numpy_arguments(kernel, case)
    v = _shaped(case.v, case)
    before = {n: _bytes(a) for n, a in {**given, "v": v}.items()}
    flow = {}
    if case.reduction == "none" and not values_only:
        cotangent = _shaped(case.cotangent, case) if per_entry else case.cotangent[:, 0].reshape(case.batch)
        flow["cotangent"] = cotangent
    f = kernel.functions
    results = [("value", "value", f["value"](**given))]
    if not values_only:
        both = f["value_and_grad"](**given, **flow)
        results += [("value", "value_and_grad", both[0]), ("gradient", "value_and_grad", both[1])]
        results += [("gradient", "grad", f["grad"](**given, **flow))]
        if "hvp" in f:
            results += [("hvp", "hvp", f["hvp"](**given, v=v, **flow))]
    for name, array in {**given, "v": v}.items():
        if _bytes(array) != before[name]:
            raise WrongCall(f"the argument {name} was written to")
    return Returned(tuple((q, n, _numpy_rows(q, n, a, case, per_entry)) for q, n, a in results))


def _numpy_rows(quantity: str, function: str, a: Any, case: Case, per_entry: bool | None) -> Array:
    if str(getattr(a, "dtype", type(a).__name__)) != case.dtype:
        raise WrongCall(f"{function}: a {quantity} of {getattr(a, 'dtype', type(a).__name__)}, not {case.dtype}")
    full = _shaped(case.logits, case).shape
    wanted = _wanted(quantity, full, np.shape(a), case, per_entry)
    if np.shape(a) != wanted:
        raise WrongCall(f"{function}: a {quantity} of shape {np.shape(a)}, not {wanted}")
    if wanted == full:
        a = np.moveaxis(a, case.axis, -1).reshape(case.rows, case.size)
    elif case.reduction == "none":
        a = np.reshape(a, case.rows)
    return np.asarray(a, dtype=np.float64)


def _wanted(
    quantity: str, full: tuple[int, ...], shape: tuple[int, ...], case: Case, per_entry: bool | None
) -> tuple[int, ...]:
    """The shape that a result must have; ``full`` is that of the logits, ``shape`` its own."""
    if quantity != "value":
        return full
    if case.reduction != "none":
        return ()
    entries = shape == full if per_entry is None else per_entry
    return full if entries else case.batch


def _shaped(rows: Array, case: Case) -> Array:
    """Rows (N, K) in the shape of NumPy's arguments."""
    return np.moveaxis(rows.reshape(*case.batch, case.size), -1, case.axis)


def _bytes(a: Any) -> bytes:
    return np.asarray(a).tobytes() if isinstance(a, np.ndarray) else repr(a).encode()


def torch_arguments(kernel: Generated, case: Case) -> dict[str, Any]:
    """The arguments of the PyTorch function; the input requires grad."""
    import torch

    given: dict[str, Any] = {"input": _tensor(case.logits, case).requires_grad_()}
    if case.target is not None and case.form == "index":
        given["target"] = torch.tensor(case.target.reshape(case.batch))
    elif case.target is not None:
        given["target"] = _tensor(case.target, case)
    for name, a in case.options(kernel).items():
        if name in case.params and np.ndim(a) == 2:
            given[name] = _tensor(a, case)
        else:
            given[name] = _narrowed(torch.tensor(a), case) if isinstance(a, np.ndarray) else a
    return given


def _call_torch(kernel: Generated, case: Case, per_entry: bool | None, upstream: float, values_only: bool) -> Returned:
    import torch

    function = kernel.functions[kernel.loss.name]
    given = torch_arguments(kernel, case)
    z = given["input"]
    before = {n: (_torch_bytes(a), a._version) for n, a in given.items() if isinstance(a, torch.Tensor)}
    loss = function(**given)
    _check_unchanged(given, before)  # before the backward pass, which may refuse what was written to
    results = [("value", loss.detach())]
    if not values_only:
        if case.reduction != "none":
            flow = torch.tensor(upstream, dtype=loss.dtype)
        elif per_entry:
            flow = _tensor(case.cotangent, case)
        else:
            flow = torch.tensor(case.cotangent[:, 0].reshape(case.batch)).to(loss.dtype)
        if not loss.requires_grad:
            raise WrongCall(f"{kernel.loss.name}: the loss does not require grad, though the input does")
        gradient = torch.autograd.grad(loss, z, flow, create_graph=True)[0]
        hvp = torch.zeros_like(z)
        if gradient.requires_grad:
            hvp = torch.autograd.grad(gradient, z, _tensor(case.v, case), allow_unused=True)[0]
            hvp = torch.zeros_like(z) if hvp is None else hvp
        results += [("gradient", gradient.detach()), ("hvp", hvp)]
    _check_unchanged(given, before)
    return Returned(tuple((q, kernel.loss.name, _torch_rows(q, a, case, per_entry)) for q, a in results))


def _check_unchanged(given: Mapping[str, Any], before: Mapping[str, tuple[bytes, int]]) -> None:
    for name, (data, version) in before.items():
        if (_torch_bytes(given[name]), given[name]._version) != (data, version):
            raise WrongCall(f"the argument {name} was written to")


def _torch_rows(quantity: str, a: Any, case: Case, per_entry: bool | None) -> Array:
    if a.dtype != _dtype(case):
        raise WrongCall(f"a {quantity} of {a.dtype}, not {_dtype(case)}")
    full = (*case.batch[:1], case.size, *case.batch[1:])
    wanted = _wanted(quantity, full, tuple(a.shape), case, per_entry)
    if tuple(a.shape) != wanted:
        raise WrongCall(f"a {quantity} of shape {tuple(a.shape)}, not {wanted}")
    a = a.double()
    if wanted == full:
        a = a.movedim(min(1, a.dim() - 1), -1).reshape(case.rows, case.size)
    elif case.reduction == "none":
        a = a.reshape(case.rows)
    return np.asarray(a.numpy())


def _tensor(rows: Array, case: Case) -> Any:
    """Rows (N, K) in the shape of PyTorch's arguments, in the dtype of the case or in float64."""
    import torch

    a = _narrowed(torch.tensor(rows.reshape(*case.batch, case.size)), case)
    return a.movedim(-1, min(1, len(case.batch))).contiguous()


def _narrowed(a: Any, case: Case) -> Any:
    """The tensor in the dtype of the case; what is float64 stays so. bfloat16 is float32 in a case."""
    import torch

    return a if a.dtype == torch.float64 else a.to(_dtype(case))


def _dtype(case: Case) -> Any:
    import torch

    return getattr(torch, case.dtype)


def _torch_bytes(a: Any) -> bytes:
    import torch

    # an empty tensor has no bytes, and PyTorch refuses to view it as some
    return bytes(a.detach().reshape(-1).view(torch.uint8).numpy().tobytes()) if a.numel() else b""


def reproduction(kernel: Generated, case: Case, upstream: float) -> Mapping[str, Any]:
    """The arguments of a call as NumPy arrays and numbers, for a report (PyTorch's input in its own shape)."""
    if kernel.target in OF_ARRAYS:
        given = numpy_arguments(kernel, case)
    else:
        given = {}
        for name, a in torch_arguments(kernel, case).items():
            given[name] = a.detach().double().numpy() if hasattr(a, "detach") and a.is_floating_point() else a
            given[name] = given[name].numpy() if hasattr(given[name], "detach") else given[name]
        given["input dtype"] = case.dtype
    flow: Any = case.cotangent if case.reduction == "none" else upstream
    return {**given, "cotangent, as rows": flow, "v, as rows": case.v}
