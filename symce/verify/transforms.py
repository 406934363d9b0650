"""What PyTorch does with a function beside calling it: each transform, of each loss, gives what the plain call gives.

The losses are imported as the package that they lie in, with their operators, under a private name. The plain call's
own values and derivatives are judged elsewhere (checks.py); here a transform is compared with it.
"""

from __future__ import annotations

import copy
import importlib
import inspect
import pickle
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from symce.losses.loss import Loss
from symce.verify.modules import LoadError, imported_package, load, package_folder
from symce.verify.report import Failure, Row
from symce.verify.subject import Subject

#: relative to the largest entry: a transform may add up in another order
ALLOWED = 1e-10
PREFIX = "transform: "


def _vmap(s: Subject) -> Iterator[tuple[Any, Any]]:
    """One call for each of two sets of logits, and of targets."""
    import torch

    z, target, _, v = s.arrays
    both, targets = torch.stack((z, v)), [torch.stack((t, t.flip(0))) for t in target]
    for reduction in ("mean", "none"):

        def f(x: Any, *y: Any, reduction: str = reduction) -> Any:
            return s.loss(x, *y, reduction=reduction)

        yield torch.func.vmap(f)(both, *targets), torch.stack([f(both[n], *(t[n] for t in targets)) for n in (0, 1)])
        if target:
            (t,) = targets
            yield torch.func.vmap(f, in_dims=(None, 0))(z, t), torch.stack([f(z, t[0]), f(z, t[1])])
            yield torch.func.vmap(f, in_dims=(0, None))(both, t[0]), torch.stack([f(z, t[0]), f(v, t[0])])


def _gradients(s: Subject) -> Iterator[tuple[Any, Any]]:
    """torch.func.grad, and that of each sample."""
    import torch

    z, target, _, _ = s.arrays
    yield torch.func.grad(s.total)(z, *target), s.gradient(z, *target)
    rows = {n: a for n, a in s.arrays[2].items() if getattr(a, "ndim", 0) == 2}

    def of_sample(x: Any, row: dict[str, Any], *y: Any) -> Any:
        return s.loss(x, *y, reduction="sum", **row)

    yield torch.func.vmap(torch.func.grad(of_sample))(z, rows, *target), s.gradient(z, *target)


def _forward_mode(s: Subject) -> Iterator[tuple[Any, Any]]:
    """Jacobian-vector products: torch.func.jvp, jacfwd and dual numbers."""
    import torch
    from torch.autograd import forward_ad

    z, target, _, v = s.arrays
    expected = (s.gradient(z, *target) * v).sum()
    yield torch.func.jvp(lambda x: s.total(x, *target), (z,), (v,))[1], expected
    yield torch.func.jacfwd(lambda x: s.total(x, *target))(z), s.gradient(z, *target)
    with forward_ad.dual_level():
        yield forward_ad.unpack_dual(s.total(forward_ad.make_dual(z, v), *target)).tangent, expected


def _hessian(s: Subject) -> Iterator[tuple[Any, Any]]:
    """Forward over reverse and the other three, against reverse over reverse by autograd."""
    import torch

    z, target, _, _ = s.arrays

    def f(x: Any) -> Any:
        return s.total(x, *target)

    expected = torch.autograd.functional.hessian(f, z)
    for outer, inner in ((torch.func.jacfwd, torch.func.jacrev), (torch.func.jacrev, torch.func.jacfwd)):
        yield outer(inner(f))(z), expected
    yield torch.func.jacfwd(torch.func.jacfwd(f))(z), expected
    yield torch.func.hessian(f)(z), expected


def _gradcheck(s: Subject) -> Iterator[tuple[Any, Any]]:
    """Finite differences, of both modes and in batches, and of the gradient."""
    import torch

    z, target, _, _ = s.arrays
    x = z.clone().requires_grad_()

    def f(x: Any) -> Any:
        return s.loss(x, *target)

    torch.autograd.gradcheck(f, (x,), check_forward_ad=True, check_batched_grad=True, check_batched_forward_grad=True)
    torch.autograd.gradgradcheck(f, (x,), check_fwd_over_rev=True)
    yield z, z


def _operator(
    s: Subject, tests: Sequence[str] = ("test_schema", "test_autograd_registration", "test_faketensor")
) -> Any:
    """torch.library.opcheck of the operator and of its backward."""
    import torch

    z, target, options, _ = s.arrays
    function = getattr(s.module, s.kernel.loss.name)
    arguments = inspect.signature(function).bind(z, *target, **options)
    arguments.apply_defaults()
    names = inspect.signature(s.module._checked).parameters
    operands = s.module._checked(*(arguments.arguments[n] for n in names))
    others = tuple(a for a in operands[1:])
    torch.library.opcheck(s.module._OPERATOR, (z.clone().requires_grad_(), *others), test_utils=tests)
    packet, name = s.module._OPERATOR.namespace, f"{s.kernel.loss.name}_backward"
    backward = getattr(getattr(torch.ops, packet), name).default
    cotangent = torch.tensor(0.7, dtype=z.dtype, requires_grad=True)
    torch.library.opcheck(backward, (cotangent, z.clone().requires_grad_(), *others), test_utils=tests)
    yield s.module._OPERATOR(z, *others), s.loss(z, *target)


def _compiled(s: Subject, backend: str = "aot_eager") -> Iterator[tuple[Any, Any]]:
    """One graph, for any number of rows, and its backward pass."""
    import torch

    z, target, _, _ = s.arrays
    torch.compiler.reset()
    graph = torch.compile(s.loss, backend=backend, fullgraph=True, dynamic=True)
    for rows in (3, 2):
        some = [a[:rows] for a in (z, *target)]
        given = {n: a for n, a in s.arrays[2].items() if getattr(a, "ndim", 0) == 2}
        if given and rows != len(z):
            return
        x = some[0].clone().requires_grad_()
        loss = graph(x, *some[1:])
        yield loss.detach(), s.loss(*some)
        yield torch.autograd.grad(loss, x)[0], s.gradient(*some, reduction="mean")


def _exported(s: Subject) -> Iterator[tuple[Any, Any]]:
    """torch.export: a program of PyTorch's own operations alone."""
    import torch

    z, target, _, _ = s.arrays

    class Step(torch.nn.Module):  # type: ignore[misc]
        def forward(self, x: Any, *y: Any) -> Any:
            return s.loss(x, *y)

    program = torch.export.export(Step(), (z, *target))
    foreign = [str(n.target) for n in program.graph.nodes if n.op == "call_function" and "symce" in str(n.target)]
    if foreign:
        raise AssertionError(f"the exported program needs {foreign[0]}")
    yield program.module()(z, *target), s.loss(z, *target)


def _checkpointed(s: Subject) -> Iterator[tuple[Any, Any]]:
    """torch.utils.checkpoint: the loss computed again in the backward pass."""
    import torch
    from torch.utils.checkpoint import checkpoint

    z, target, _, _ = s.arrays
    x = z.clone().requires_grad_()
    loss = checkpoint(s.total, x * 1.0, *target, use_reentrant=False)
    yield torch.autograd.grad(loss, x)[0], s.gradient(z, *target)


def _autocast(s: Subject) -> Iterator[tuple[Any, Any]]:
    """Under autocast a loss of bfloat16 logits is of float32, and their gradient of bfloat16."""
    import torch

    z, target, _, _ = s.arrays
    small = z.bfloat16()
    x = small.clone().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        loss = s.total(x, *target)
    (gradient,) = torch.autograd.grad(loss, x)
    if loss.dtype != torch.float32 or gradient.dtype != torch.bfloat16:
        raise AssertionError(f"the loss is of {loss.dtype}, its gradient of {gradient.dtype}")
    exact = s.total(small.double(), *target)
    yield (loss.double() - exact).abs() < 1e-4 * (1 + exact.abs()), torch.tensor(True)


def _threads(s: Subject) -> Iterator[tuple[Any, Any]]:
    """Eight calls and backward passes in four threads at once."""
    z, target, _, _ = s.arrays
    expected = s.gradient(z, *target)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: s.gradient(z, *target), range(8)):
            yield found, expected


def _copies(s: Subject) -> Iterator[tuple[Any, Any]]:
    """deepcopy and pickle of the module class."""
    import torch

    z, target, options, _ = s.arrays
    kinds: list[Any] = [c for c in vars(s.module).values() if isinstance(c, type) and issubclass(c, torch.nn.Module)]
    (kind,) = kinds
    in_call = {n: a for n, a in options.items() if n in inspect.signature(kind.forward).parameters}
    module: Any = kind(**{n: a for n, a in options.items() if n not in in_call})
    expected = s.loss(z, *target)
    for again in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        yield again(z, *target, **in_call), expected


#: each transform, in the order of the report; the marked ones take seconds a loss
TRANSFORMS: dict[str, Callable[[Subject], Iterator[tuple[Any, Any]]]] = {
    "vmap": _vmap,
    "grad": _gradients,
    "jvp": _forward_mode,
    "hessian": _hessian,
    "gradcheck": _gradcheck,
    "opcheck": _operator,
    "compile": _compiled,
    "export": _exported,
    "checkpoint": _checkpointed,
    "autocast": _autocast,
    "threads": _threads,
    "copies": _copies,
}


def transform_rows(loss: Loss, root: Path, *, thorough: bool = False) -> Iterator[Row]:
    """A row a transform: passed for every form of target, and ``thorough`` also by the compilers that generate code."""
    try:
        kernel = load(root, "torch", loss)
        module = importlib.import_module(f"{imported_package(package_folder(root))}.torch.{loss.name}")
    except (LoadError, ImportError) as error:
        yield _row(loss, "import", 0, 0.0, str(error))
        return
    forms = kernel.forms
    for name, transform in TRANSFORMS.items():
        worst, cases, message = 0.0, 0, ""
        for form in forms if thorough or name not in ("opcheck", "compile", "export") else forms[:1]:
            checks = [transform]
            if thorough and name == "compile":
                checks.append(lambda s: _compiled(s, "inductor"))
            if thorough and name == "opcheck":
                checks.append(lambda s: _operator(s, ("test_aot_dispatch_dynamic",)))
            for check in checks:
                try:
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        for found, expected in check(Subject(kernel, module, form)):
                            cases, worst = cases + 1, max(worst, distance(found, expected))
                except Exception as failure:
                    message = message or f"{form}: {type(failure).__name__}: {failure}".strip()
        yield _row(loss, name, cases, worst, message)


def distance(found: Any, expected: Any) -> float:
    """The largest difference, beside the largest entry; infinite where the shapes differ or there is a NaN."""
    import torch

    if found.shape != expected.shape and expected.dim():
        return float("inf")
    a, b = found.detach().double(), expected.detach().double()
    if not bool(torch.isfinite(a).all() & torch.isfinite(b).all()):
        return float("inf")
    return float((a - b).abs().max()) / max(1e-300, float(b.abs().max())) if bool((a != b).any()) else 0.0


def _row(loss: Loss, name: str, cases: int, error: float, message: str) -> Row:
    ok = not message and cases > 0 and error <= ALLOWED
    if not ok and not message:
        message = f"it differs from the plain call by {error:.1e}" if cases else "nothing was compared"
    failure = None if ok else Failure(message, name)
    shown = error if ok or error > ALLOWED else float("inf")
    return Row(loss.name, "torch", PREFIX + name, "", "the plain call", shown, ALLOWED, cases, ok, "", failure)
