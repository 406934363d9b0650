"""What PyTorch refuses, beyond its database: the same type of error, and in the same cases; and its warnings."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from pytorch.compare import FUNCTIONAL, MODULES, NAMES, F, agree, outcome, refused

Z = torch.linspace(-2, 2, 12).reshape(3, 4)
Y = torch.tensor([0, 3, 1])
P = torch.softmax(Z.flip(0), 1)
W = torch.tensor([0.5, 1.0, 2.0, 3.0])
LEARNT = W.clone().requires_grad_()

CLASSES: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    *(((Z, Y.to(dtype)), {}) for dtype in (torch.int8, torch.int16, torch.int32, torch.uint8, torch.bool, torch.float)),
    ((Z, Y, W.double()), {}),
    ((Z, Y, W[:3]), {}),
    ((Z, Y, W[None]), {}),
    ((Z, Y, W[0]), {}),
    ((Z, Y, 2.0), {}),
    ((Z, Y, LEARNT), {}),
    ((Z, Y, LEARNT), {"label_smoothing": 0.1}),
    ((Z, Y + 1), {}),
    ((Z, Y - 1), {}),
    ((Z, Y), {"reduction": "average"}),
    ((Z, Y), {"reduction": "elementwise_mean"}),
    ((Z, Y), {"reduction": None}),
    ((Z.long(), Y), {}),
    ((Z + 0j, Y), {}),
    ((Z, Y[:2]), {}),
    ((Z, Y[None]), {}),
    ((torch.zeros(2, 3, 4), torch.zeros(2, 5, dtype=torch.long)), {}),
    ((Z[0, 0], Y[0]), {}),
    ((Z[:, :0], Y), {}),
    ((Z[:0], Y[:0]), {}),
    ((Z[0], Y[:1]), {}),
    ((Z[0], Y[0]), {}),
    ((Z[0], Y[:2]), {}),
    ((Z[:, :1], torch.zeros(3, dtype=torch.long)), {}),
    ((Z.tolist(), Y), {}),
    ((Z, Y.tolist()), {}),
]
PROBABILITIES: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((Z, P.double()), {}),
    ((Z.double(), P), {}),
    ((Z.half(), P), {}),
    ((Z, P.bfloat16()), {}),
    ((Z, P.long()), {}),
    ((Z, P, W.double()), {}),
    ((Z, P, LEARNT), {}),
    ((Z, P, W[:3]), {}),
    ((Z, P), {"ignore_index": 1}),
    ((Z, P), {"ignore_index": -5}),
    ((Z[:0], P[:0]), {}),
    ((Z[:, :0], P[:, :0]), {}),
    *(((Z, t), {"label_smoothing": eps}) for t in (Y, P) for eps in (-0.1, 1.5, 1)),
]
BINARY: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    *(
        ((Z.to(a), P.to(b)), {"reduction": "none"})
        for a in (torch.half, torch.bfloat16, torch.float, torch.double, torch.long, torch.cfloat)
        for b in (torch.half, torch.bfloat16, torch.float, torch.double, torch.long, torch.bool, torch.cfloat)
    ),
    *(
        ((Z, P), {name: weight, "reduction": "none"})
        for name in ("weight", "pos_weight")
        for weight in (W, W.double(), W.long(), W[:3], W[0], 2.0, LEARNT, torch.ones(2, 3, 4), W + 0j, W[:1], P)
    ),
    *(((Z, P), {"pos_weight": W.to(a), "weight": W.to(b)}) for a in (torch.half, torch.double) for b in (torch.float,)),
    ((Z, P[:2]), {}),
    ((Z, P[0]), {}),
    ((Z[0, 0], P[0, 0]), {}),
    ((Z[0, 0], P[0, 0]), {"weight": W[0], "reduction": "none"}),
    ((Z[:0], P[:0]), {}),
    ((Z[:0], P[:0]), {"reduction": "sum"}),
    ((Z, P), {"reduction": "batchmean"}),
]
DIVERGENCE: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    *(
        ((Z.to(a), P.to(b)), {"reduction": "none", "log_target": log})
        for a in (torch.half, torch.bfloat16, torch.float, torch.double, torch.long)
        for b in (torch.half, torch.bfloat16, torch.float, torch.double, torch.long)
        for log in (False, True)
    ),
    *(
        ((Z, target), {"reduction": reduction})
        for target in (P, P[0], P[:, :1], P[0, 0], P[:2], torch.rand(2, 3, 4))
        for reduction in ("none", "mean", "sum", "batchmean", "batch")
    ),
    ((Z[0], P), {"reduction": "batchmean"}),
    ((Z[0, 0], P[0, 0]), {"reduction": "batchmean"}),
    ((Z[:0], P[:0]), {"reduction": "batchmean"}),
    ((Z[:0], P[:0]), {"reduction": "mean"}),
]
SOFTMAX: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    *(((a, dim), {}) for a in (Z, Z[0], Z[0, 0], Z[:0], Z[:, :0], Z[None]) for dim in (None, -3, -1, 0, 1, 2)),
    *(
        ((Z.to(a), 1), {"dtype": b})
        for a in (torch.half, torch.bfloat16, torch.float, torch.double, torch.long, torch.bool, torch.cfloat)
        for b in (None, torch.half, torch.float, torch.double, torch.long)
    ),
]
X, V, B = Z.reshape(6, 2), Z[:, :2], Z[:, 0]
TARGETS = torch.tensor([0, 1, 2, 0, 1, 2])
LINEAR: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((X, V, TARGETS), {}),
    ((X, V, TARGETS), {"linear_bias": B, "weight": W[:3], "label_smoothing": 0.1}),
    ((X[0], V, TARGETS[0]), {"linear_bias": B}),
    ((X[0], V, TARGETS[:1]), {}),
    ((X[None], V, TARGETS), {}),
    ((X[0, 0], V, TARGETS), {}),
    ((X, V[0], TARGETS), {}),
    ((X[:, :1], V, TARGETS), {}),
    ((X, V, TARGETS), {"linear_bias": B[:2]}),
    ((X, V, TARGETS + 1), {}),
    ((X, V, TARGETS[:3]), {}),
    ((X, V, TARGETS.int()), {}),
    ((X, V.double(), TARGETS), {}),
    ((X, V, TARGETS), {"weight": W}),
    ((X, V, TARGETS), {"reduction": "average"}),
    ((X, V, X @ V.T), {"ignore_index": 1}),
    ((X, V, X @ V.T), {}),
    ((X[0], V[:, None], TARGETS), {}),
    ((X, V, TARGETS), {"label_smoothing": 2.0}),
]
CALLS = [
    *(("cross_entropy", *call) for call in CLASSES + PROBABILITIES),
    *(("nll_loss", *call) for call in CLASSES if "label_smoothing" not in call[1]),
    *(("binary_cross_entropy_with_logits", *call) for call in BINARY),
    *(("kl_div", *call) for call in DIVERGENCE),
    *((name, *call) for name in ("softmax", "log_softmax") for call in SOFTMAX),
    *(("linear_cross_entropy", *call) for call in LINEAR),
]


@pytest.mark.parametrize("name", NAMES)
def test_calls_are_taken_or_refused_as_by_pytorch(name: str) -> None:
    ours, theirs = getattr(FUNCTIONAL, name), getattr(F, name)
    for called, args, kwargs in CALLS:
        if called != name:
            continue
        wrong = refused(theirs, args, kwargs)
        assert refused(ours, args, kwargs) is wrong, (args, kwargs)
        if wrong is None:
            found, right = outcome(ours, args, kwargs), outcome(theirs, args, kwargs)
            coarse = min((a.dtype for a in (*args, *found) if isinstance(a, torch.Tensor)), key=_digits)
            agree(found, right, rtol=_digits(coarse) and 4 * 10 ** -_digits(coarse), atol=10 ** -_digits(coarse))


def _digits(dtype: torch.dtype) -> float:
    """About how many decimal digits a dtype keeps: that of integers is no bound."""
    return {torch.half: 3, torch.bfloat16: 2, torch.float: 6, torch.double: 13}.get(dtype, 99)


@pytest.mark.parametrize("name", NAMES)
def test_arguments_have_the_names_the_order_and_the_defaults_of_pytorch(name: str) -> None:
    ours, theirs = (inspect.signature(getattr(where, name)).parameters for where in (FUNCTIONAL, F))
    assert [(p.name, p.kind, p.default) for p in theirs.values()] == [
        (p.name, p.kind, p.default) for p in ours.values() if p.name in theirs
    ]
    assert all(p.kind is p.KEYWORD_ONLY for p in ours.values() if p.name not in theirs)


@pytest.mark.parametrize(
    "name", ["CrossEntropyLoss", "NLLLoss", "KLDivLoss", "BCEWithLogitsLoss", "Softmax", "LinearCrossEntropyLoss"]
)
def test_modules_are_constructed_as_pytorchs(name: str) -> None:
    ours, theirs = getattr(MODULES, name), getattr(torch.nn, name)
    found, right = (inspect.signature(where).parameters for where in (ours, theirs))
    assert [(p.name, p.default) for p in right.values()] == [
        (p.name, p.default) for p in found.values() if p.name in right
    ]
    assert issubclass(ours, theirs)


def said(function: Callable[..., Any], *args: Any, **kwargs: Any) -> list[tuple[type, str, str]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function(*args, **kwargs)
    return [(w.category, str(w.message), w.filename) for w in caught]


@pytest.mark.parametrize("size_average", [None, True, False])
@pytest.mark.parametrize("reduce", [None, True, False])
@pytest.mark.filterwarnings("ignore:size_average")
def test_deprecated_arguments_mean_what_they_do_in_pytorch(size_average: bool | None, reduce: bool | None) -> None:
    legacy: dict[str, Any] = {"size_average": size_average, "reduce": reduce}
    for name, args in (
        ("cross_entropy", (Z, Y)),
        ("nll_loss", (Z, Y)),
        ("binary_cross_entropy_with_logits", (Z, P)),
        ("kl_div", (Z, P)),
    ):
        agree(outcome(getattr(FUNCTIONAL, name), args, legacy), outcome(getattr(F, name), args, legacy), rtol=1e-5)
        found, right = (said(getattr(where, name), *args, **legacy) for where in (FUNCTIONAL, F))
        assert [w[:2] for w in found] == [w[:2] for w in right]
        assert {w[2] for w in found} <= {__file__}
    for name in ("CrossEntropyLoss", "NLLLoss", "KLDivLoss", "BCEWithLogitsLoss"):
        assert said(getattr(MODULES, name), **legacy) == said(getattr(torch.nn, name), **legacy)
        assert getattr(MODULES, name)(**legacy).reduction == getattr(torch.nn, name)(**legacy).reduction


def test_warnings_are_pytorchs() -> None:
    for name, args in (("kl_div", (Z, P)), ("softmax", (Z,)), ("log_softmax", (Z[None],))):
        assert said(getattr(FUNCTIONAL, name), *args) == said(getattr(F, name), *args) != []
        assert {filename for *_, filename in said(getattr(FUNCTIONAL, name), *args)} == {__file__}


def test_options_of_its_own_are_not_dropped_where_pytorchs_function_would_serve() -> None:
    learnt = {"weight": LEARNT, "normalizer": 2.0}
    with pytest.raises(ValueError, match="normalizer"):
        FUNCTIONAL.cross_entropy(Z, P, **learnt)
    with pytest.raises(ValueError, match="on_empty"):
        FUNCTIONAL.cross_entropy(Z, Y, on_empty="one")
    with pytest.raises(ValueError, match="normalizer"):
        FUNCTIONAL.nll_loss(Z, Y, normalizer=-1.0)
