"""``linear_NAME`` against the loss of whole logits in float64: every loss, with its options, whatever the chunks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels.calls import LOSSES, NAMES, calls, close

WIDE = {"bfloat16": 3.0, "float16": 2.0}  # the logits are rounded too: what of that reaches a result


@dataclass(frozen=True)
class Case:
    """Features, weights, bias, target and options as NumPy arrays; K classes last."""

    name: str
    dtype: str
    x: np.ndarray
    W: np.ndarray
    b: np.ndarray | None
    target: np.ndarray | None
    options: dict[str, Any]
    cotangent: np.ndarray
    counts: np.ndarray

    @property
    def batch(self) -> tuple[int, ...]:
        return self.x.shape[:-1]

    def tensors(self, dtype: torch.dtype) -> tuple[list[Any], dict[str, Any]]:
        """x, W, b, target and the options as tensors; floats of the case's dtype, as they round in it."""

        def tensor(a: Any) -> Any:
            if not isinstance(a, np.ndarray):
                return a
            t = torch.tensor(a)
            return t.to(getattr(torch, self.dtype)).to(dtype) if t.is_floating_point() else t

        arguments = [tensor(a) for a in (self.x, self.W, self.b, *(() if self.target is None else (self.target,)))]
        return arguments, {n: tensor(a) for n, a in self.options.items()}


@st.composite
def cases(draw: st.DrawFn, name: str, dtypes: tuple[str, ...]) -> Case:
    """A call of the loss with x W^T + b in place of its logits; features of rows that do not count are NaN."""
    dtype = draw(st.sampled_from(dtypes))
    call = draw(calls(name, dtypes=("float32" if dtype == "bfloat16" else dtype,)))
    rng = np.random.default_rng(call.seed)
    *batch, K = call.logits.shape
    D = draw(st.integers(1, 9))
    array = call.logits.dtype
    x = rng.normal(size=(*batch, D)).astype(array)
    W = (rng.normal(size=(K, D)) / math.sqrt(D) * draw(st.sampled_from([0.3, 2.0]))).astype(array)
    b = rng.normal(size=K).astype(array) if draw(st.booleans()) else None
    counts = np.ones(batch, bool)
    if call.form == "index":
        counts = np.asarray(call.target != call.options.get("ignore_index", -100))
        x[~counts] = np.nan
    options = dict(call.options)
    for option, words in (("on_empty", ("nan", "zero")), ("precision", ("native", "wide"))):
        if draw(st.booleans()):
            options[option] = draw(st.sampled_from(words))
    return Case(name, dtype, x, W, b, call.target, options, call.cotangent, counts)


def expected(case: Case) -> tuple[Any, list[Any]]:
    """The loss and dx, dW, db by autograd over float64 logits, whole."""
    (x, W, b, *target), options = case.tensors(torch.float64)
    x = torch.where(torch.tensor(case.counts)[..., None], x, 0.0)
    leaves = [a.requires_grad_() for a in (x.detach(), W, b) if a is not None]
    N, K = math.prod(case.batch), len(W)
    z = torch.nn.functional.linear(leaves[0].reshape(N, x.shape[-1]), *leaves[1:])
    rows = [t.reshape(N, K) if t.is_floating_point() else t.reshape(N) for t in target]
    entries = {p.name for p in LOSSES[case.name].params if p.shape == "NxK"}
    given = {n: a.reshape(N, K) if n in entries else a for n, a in options.items()}
    loss = getattr(import_module("symce_kernels.torch"), case.name)(z, *rows, **given)
    if case.options["reduction"] == "none":
        loss = loss.reshape(case.cotangent.shape)
    gradients = torch.autograd.grad(loss, leaves, flow(case, loss))
    return loss.detach(), [*gradients, None][:3]


def flow(case: Case, loss: torch.Tensor) -> torch.Tensor:
    if case.options["reduction"] != "none":
        return torch.ones_like(loss)
    return torch.tensor(case.cotangent).to(getattr(torch, case.dtype)).to(loss.dtype).reshape(loss.shape)


def agree(case: Case, loss: Any, gradients: Any, right: tuple[Any, list[Any]]) -> None:
    scale = WIDE.get(case.dtype, 1.0)
    close(loss, right[0], case.dtype, scale)
    for got, wanted in zip(gradients, right[1], strict=True):
        if got is not None:
            close(got, wanted, case.dtype, scale * 0.5)


def linear(library: str, name: str) -> Any:
    return getattr(import_module(f"symce_kernels.{library}.linear"), f"linear_{name}")


MEMORY = st.sampled_from([None, 1, 700, 4000])


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=30)
@given(data=st.data())
def test_numpy_is_the_loss_of_whole_logits(name: str, data: st.DataObject) -> None:
    case = data.draw(cases(name, ("float64", "float32", "float16")))
    given = {"cotangent": case.cotangent} if case.options["reduction"] == "none" else {}
    arguments = [case.x, case.W, case.b, *(() if case.target is None else (case.target,))]
    before = [a.tobytes() for a in arguments if a is not None]
    loss, gradients = linear("numpy", name)(*arguments, **case.options, **given, memory=data.draw(MEMORY))
    assert [a.tobytes() for a in arguments if a is not None] == before, "an argument was written to"
    assert {a.dtype for a in (loss, *gradients) if a is not None} == {np.dtype(case.dtype)}
    assert (gradients[2] is None) == (case.b is None)
    agree(case, loss, gradients, expected(case))
    assert not gradients[0][~case.counts].any()


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=30)
@given(data=st.data())
def test_torch_is_the_loss_of_whole_logits(name: str, data: st.DataObject) -> None:
    case = data.draw(cases(name, ("float64", "float32", "float16", "bfloat16")))
    dtype = getattr(torch, case.dtype)
    arguments, options = case.tensors(dtype)
    needs = data.draw(st.tuples(st.booleans(), st.booleans(), st.booleans()))
    leaves = [a.requires_grad_(need) for a, need in zip(arguments[:3], needs, strict=True) if a is not None]
    before = [a.detach().clone() for a in arguments if a is not None]
    loss = linear("torch", name)(*arguments, **options, memory=data.draw(MEMORY))
    assert loss.dtype == dtype
    assert loss.requires_grad == any(a.requires_grad for a in leaves)
    right, wanted = expected(case)
    gradients: list[Any] = [None, None, None]
    if loss.requires_grad:
        loss.backward(flow(case, loss))
        gradients = [None if a is None else a.grad for a in arguments[:3]]
    for a, gradient in zip(arguments[:3], gradients, strict=True):
        assert (gradient is not None) == (a is not None and a.requires_grad)
        assert gradient is None or (gradient.dtype, gradient.shape) == (dtype, a.shape)
    agree(case, loss.detach(), gradients, (right, wanted))
    after = [a.detach() for a in arguments if a is not None]
    assert all(torch.equal(a.nan_to_num(7), b.nan_to_num(7)) for a, b in zip(after, before, strict=True))


def example(dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(5)
    x, W, b = (torch.randn(s, generator=generator, dtype=torch.float64).to(dtype) for s in ((6, 4), (5, 4), (5,)))
    return x.requires_grad_(), W.requires_grad_(), b.requires_grad_(), torch.tensor([0, 4, -100, 2, 2, 1])


def whole(x: torch.Tensor, W: torch.Tensor, b: torch.Tensor, target: torch.Tensor, **options: Any) -> torch.Tensor:
    return torch.nn.functional.cross_entropy(torch.nn.functional.linear(x, W, b), target, **options)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_a_cotangent_and_a_second_backward(reduction: str) -> None:
    x, W, b, target = example()
    loss = linear("torch", "cross_entropy")(x, W, b, target, reduction=reduction, memory=90)
    right = whole(x, W, b, target, reduction=reduction)
    for _ in range(3):
        seed = torch.randn_like(right)
        got = torch.autograd.grad(loss, (x, W, b), seed, retain_graph=True)
        for a, wanted in zip(got, torch.autograd.grad(right, (x, W, b), seed, retain_graph=True), strict=True):
            torch.testing.assert_close(a, wanted, rtol=1e-12, atol=1e-14)


def test_backward_hands_its_gradients_over() -> None:
    """One gradient of W at a time: autograd takes the one that there is, and nothing of it stays with the graph."""
    x, W, b, target = example()
    loss = linear("torch", "cross_entropy")(x, W, b, target)
    kept = loss.grad_fn.gradients[1].data_ptr()
    loss.backward()
    assert W.grad is not None
    assert W.grad.data_ptr() == kept


def test_it_says_what_to_do_where_it_is_differentiated_twice() -> None:
    x, W, b, target = example()
    for reduction in ("mean", "none"):
        loss = linear("torch", "cross_entropy")(x, W, b, target, reduction=reduction).sum()
        first = torch.autograd.grad(loss, (x, W), create_graph=True)
        right = torch.autograd.grad(whole(x, W, b, target, reduction=reduction).sum(), (x, W))
        torch.testing.assert_close(first, right)
        with pytest.raises(RuntimeError, match=r"linear_cross_entropy: differentiated twice; .*linear\(x, W, b\)"):
            torch.autograd.grad(sum(g.square().sum() for g in first), W)


def test_the_mean_of_a_small_float16_gradient_does_not_vanish() -> None:
    """A row's gradient divided by N is below the smallest float16: only what is added up over the rows is not."""
    N = 2**14
    x, W = torch.ones(N, 1, dtype=torch.half), torch.zeros(2, 1, dtype=torch.half, requires_grad=True)
    W.data[0] = 6.0
    loss = linear("torch", "cross_entropy")(x, W, None, torch.zeros(N, dtype=torch.long), memory=2**12)
    loss.backward()
    assert W.grad is not None
    torch.testing.assert_close(W.grad[1, 0].double(), torch.sigmoid(torch.tensor(-6.0).double()), rtol=2e-3, atol=0)


def test_half_types_are_added_up_in_float32() -> None:
    """In bfloat16 the sum of 1,024 halves stays at 128."""
    x, W = torch.ones(1024, 1, dtype=torch.bfloat16), torch.zeros(2, 1, dtype=torch.bfloat16, requires_grad=True)
    b = torch.zeros(2, dtype=torch.bfloat16, requires_grad=True)
    target = torch.zeros(1024, dtype=torch.long)
    linear("torch", "cross_entropy")(x, W, b, target, reduction="sum", memory=1).backward()
    assert W.grad is not None
    assert b.grad is not None
    assert W.grad[1, 0] == b.grad[1] == 512


def test_autocast() -> None:
    x, W, b, target = example(torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = linear("torch", "cross_entropy")(x, W, b, target, memory=20)
        right = whole(x, W, b, target)
    assert loss.dtype == right.dtype == torch.float32
    got, wanted = (torch.autograd.grad(a, (x, W, b)) for a in (loss, right))
    for a, c in zip((loss, *got), (right, *wanted), strict=True):
        assert a.dtype == c.dtype
        torch.testing.assert_close(a, c, rtol=2e-2, atol=1e-2)


def test_nothing_counts() -> None:
    for library in ("numpy", "torch"):
        for N in (0, 3):
            for on_empty, value in (("nan", np.nan), ("zero", 0.0)):
                x, W, target = np.ones((N, 4)), np.ones((5, 4)), np.full(N, -100)
                if library == "numpy":
                    loss, gradients = linear("numpy", "cross_entropy")(x, W, None, target, on_empty=on_empty)
                    dx, dW = gradients[:2]
                else:
                    leaves = [torch.tensor(a, requires_grad=True) for a in (x, W)]
                    loss = linear("torch", "cross_entropy")(*leaves, None, torch.tensor(target), on_empty=on_empty)
                    dx, dW = torch.autograd.grad(loss, leaves)
                    loss = loss.detach()
                np.testing.assert_equal(float(loss), value)
                assert dx.shape == (N, 4)
                assert not np.asarray(dx).any()
                assert not np.asarray(dW).any()


def test_weights_that_sum_to_zero() -> None:
    """The denominator is 0 though rows count: the gradient is 0, as it is of the loss itself."""
    x, W, b, _ = example()
    target, weight = torch.tensor([0, 1, 0, 1, 0, 1]), torch.tensor([1.0, -1, 1, 1, 1], dtype=torch.float64)
    loss = linear("torch", "cross_entropy")(x, W, b, target, weight=weight)
    assert torch.isnan(loss)
    assert not any(g.any() for g in torch.autograd.grad(loss, (x, W, b)))
    arrays = [a.detach().numpy() for a in (x, W, b, target)]
    value, gradients = linear("numpy", "cross_entropy")(*arrays, weight=weight.numpy(), on_empty="zero")
    assert value == 0
    assert not any(g.any() for g in gradients)


def test_a_tensor_as_the_normalizer_and_as_a_weight() -> None:
    x, W, b, target = example()
    weight = torch.tensor([1.0, 0, 2, 0.5, 1], dtype=torch.float64)
    for smoothing in (0.0, 0.25):
        options = {"weight": weight, "label_smoothing": smoothing}
        got = linear("torch", "cross_entropy")(x, W, b, target, **options, normalizer=torch.tensor(7.0), memory=90)
        right = whole(x, W, b, target, **options, reduction="sum") / 7
        torch.testing.assert_close(got, right)
        for a, c in zip(*(torch.autograd.grad(v, (x, W, b)) for v in (got, right)), strict=True):
            torch.testing.assert_close(a, c)


def test_masked_classes_and_infinite_logits() -> None:
    x, W, b, target = example()
    b = torch.tensor([0.0, -torch.inf, 0, 0, 0], dtype=torch.float64)
    target = torch.tensor([0, 4, -100, 2, 2, 3])
    got, right = linear("torch", "cross_entropy")(x, W, b, target), whole(x, W, b, target)
    for a, c in zip((got, *torch.autograd.grad(got, x)), (right, *torch.autograd.grad(right, x)), strict=True):
        torch.testing.assert_close(a, c)
    b[1] = torch.inf
    options = {"reduction": "none", "infinite": "limit"}
    found = linear("torch", "cross_entropy")(x.detach(), W.detach(), b, torch.ones(6, dtype=torch.long), **options)
    assert not found.any()


# PyTorch's own tracing looks at .grad of whatever goes into what it does not trace
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning")
def test_under_torch_compile_it_runs_as_it_is() -> None:
    x, W, b, target = example()
    linear_cross_entropy = linear("torch", "cross_entropy")

    def step(x: torch.Tensor) -> torch.Tensor:
        return linear_cross_entropy(2 * x, W, b, target)

    compiled = torch.compile(step, backend="eager")
    for a, c in zip(*(torch.autograd.grad(f(x), (x, W, b)) for f in (compiled, step)), strict=True):
        torch.testing.assert_close(a, c)
