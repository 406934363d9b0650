"""PyTorch through native kernels: what operations give, by less; and operations wherever a kernel cannot serve."""

from __future__ import annotations

import importlib
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels.calls import Call, calls, close, to_torch, torch_call, torch_options

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def loss_of(native: ModuleType) -> Any:
    """The function cross_entropy of the kernels by hand."""
    return importlib.import_module(native.__name__.replace(".native", ".torch")).cross_entropy


@pytest.fixture(scope="session")
def served(loss_of: Any) -> Iterator[Any]:
    """The module that decides whether a native kernel serves; ``served.runs`` are the calls of one."""
    module = importlib.import_module(loss_of.__module__.rpartition(".")[0] + "._native")
    run = module._Call.run
    module.runs = []

    def counted(self: Any, wanted: str, *args: Any, **options: Any) -> None:
        run(self, wanted, *args, **options)
        module.runs.append(wanted)

    module._Call.run = counted
    yield module
    module._Call.run = run


def by_operations(served: Any, f: Callable[[], Any]) -> Any:
    served.enabled = False
    try:
        return f()
    finally:
        served.enabled = True


def sample(n: int = 6, k: int = 5, dtype: Any = torch.double, seed: int = 0) -> tuple[Any, Any]:
    g = torch.Generator().manual_seed(seed)
    return torch.randn(n, k, generator=g, dtype=dtype), torch.randint(0, k, (n,), generator=g)


def agree(got: Any, expected: Any, dtype: str) -> None:
    for a, b in zip(got, expected, strict=True):
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        close(a.detach(), b.detach(), dtype)


@settings(max_examples=200)
@given(data=st.data(), call=calls("cross_entropy"), half=st.booleans())
def test_any_call_is_what_operations_give(
    loss_of: Any, served: Any, data: st.DataObject, call: Call, half: bool
) -> None:
    if half and call.dtype == "float32":
        call = replace(call, dtype="bfloat16")
    options = {**call.options, "precision": data.draw(st.sampled_from(["native", "wide"]))}
    options["on_empty"] = data.draw(st.sampled_from(["nan", "zero"]))
    if call.dtype in ("float16", "bfloat16") and options["reduction"] == "sum":
        options["reduction"] = "mean"  # a sum may not be a number of a half type
    served.runs.clear()
    got = torch_call(call, loss_of, **options)
    assert served.runs
    agree(got, by_operations(served, lambda: torch_call(call, loss_of, **options)), call.dtype)
    z = to_torch(call.logits, True, call.dtype)
    args = [to_torch(call.target, call.form == "dense", call.dtype)]
    given = torch_options(call, options)
    close(loss_of(z, *args, **given), got[0].movedim(-1, min(1, z.dim() - 1)) if got[0].shape == z.shape else got[0],
          call.dtype)  # fmt: skip


@pytest.mark.parametrize("layout", ["transposed", "every other", "expanded", "channels last", "rows of a wider one"])
def test_any_layout(loss_of: Any, served: Any, layout: str) -> None:
    z, y = sample(6, 5)
    if layout == "transposed":
        z = z.t().contiguous().t()
    elif layout == "every other":
        z = torch.stack([z, z * 2], -1)[..., 0]
    elif layout == "expanded":
        z = z[:1].expand(6, 5)
    elif layout == "rows of a wider one":
        z = torch.cat([z, z], 1)[:, :5]
    else:
        z = torch.randn(2, 5, 3, 4, dtype=torch.double).contiguous(memory_format=torch.channels_last)
        y = torch.randint(0, 5, (2, 3, 4))
    z = z.detach().requires_grad_()
    served.runs.clear()
    loss = loss_of(z, y)
    got = loss, *torch.autograd.grad(loss, z)
    assert served.runs
    agree(got, by_operations(served, lambda: ((x := loss_of(z, y)), *torch.autograd.grad(x, z))), "float64")


@pytest.mark.parametrize("dtype", [torch.float, torch.double, torch.bfloat16])
@pytest.mark.parametrize("factor", [1.0, 3.0, -0.5])
def test_the_gradient_is_not_copied_on_its_way(loss_of: Any, served: Any, dtype: Any, factor: float) -> None:
    z, y = sample(700, 600, dtype)
    z.requires_grad_()
    made = []
    empty = served._memory.empty

    def noted(*given: Any) -> Any:
        a = empty(*given)
        made.append(a.data_ptr())
        return a

    served._memory.empty = noted
    try:
        (factor * loss_of(z, y)).backward()
    finally:
        served._memory.empty = empty
    assert z.grad is not None
    assert z.grad.data_ptr() == made[-1]
    expected = by_operations(served, lambda: torch.autograd.grad(loss_of(z, y), z)[0].double() * factor)
    close(z.grad, expected, str(dtype).partition(".")[2])


@pytest.mark.parametrize("dtype", [torch.half, torch.bfloat16])
def test_a_scaled_half_gradient_is_rounded_once(loss_of: Any, dtype: Any) -> None:
    z, y = sample(4000, 7, dtype)
    z.requires_grad_()
    for scale in (2.0**14, 1000.0, 3.0):
        gradient = torch.autograd.grad(loss_of(z, y) * scale, z)[0]
        wide = z.detach().double().requires_grad_()
        exact = torch.autograd.grad(loss_of(wide, y) * scale, wide)[0]
        # half an ulp, and what computing in float32 leaves
        ulp = torch.where(exact.to(dtype) == 0, 6e-8, (exact.abs() * torch.finfo(dtype).eps).clamp(min=6e-8))
        assert ((gradient.double() - exact).abs() <= 0.51 * ulp).all()
        assert (gradient != 0).float().mean() > 0.99


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("dtype", [torch.float, torch.half])
def test_backward_twice_and_once_too_often(loss_of: Any, reduction: str, dtype: Any) -> None:
    z, y = sample(dtype=dtype)
    z.requires_grad_()
    loss = loss_of(z, y, reduction=reduction)
    flow = torch.full_like(loss, 1.5)
    first = torch.autograd.grad(loss, z, flow, retain_graph=True)[0].clone()
    torch.testing.assert_close(torch.autograd.grad(loss, z, flow)[0], first)
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        torch.autograd.grad(loss, z, flow)


@pytest.mark.parametrize("changed", ["input", "target", "weight"])
def test_what_is_changed_before_backward_is_noticed(loss_of: Any, changed: str) -> None:
    z, y = sample()
    z.requires_grad_()
    w = torch.ones(5, dtype=torch.double)
    arguments = {"input": z * 1, "target": y, "weight": w}
    loss = loss_of(**arguments, reduction="none")
    with torch.no_grad():
        arguments[changed].add_(0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.sum().backward()


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("form", ["index", "dense"])
def test_gradients_of_both_orders(loss_of: Any, served: Any, reduction: str, form: str) -> None:
    z, y = sample(4, 3)
    target = y if form == "index" else torch.softmax(sample(4, 3, seed=1)[0], 1)
    z.requires_grad_()
    served.runs.clear()

    def function(x: Any) -> Any:
        return loss_of(x, target, weight=torch.tensor([0.5, 1.0, 2.0]), reduction=reduction)

    assert torch.autograd.gradcheck(function, z)
    assert "value_and_grad" in served.runs
    assert torch.autograd.gradgradcheck(function, z)


def test_many_cotangents_at_once(loss_of: Any) -> None:
    z, y = sample()
    z.requires_grad_()
    loss = loss_of(z, y, reduction="none")
    flows = torch.randn(3, 6, dtype=torch.double)
    batched = torch.autograd.grad(loss, z, flows, is_grads_batched=True, retain_graph=True)[0]
    torch.testing.assert_close(
        batched, torch.stack([torch.autograd.grad(loss, z, f, retain_graph=True)[0] for f in flows])
    )
    mean = loss_of(z, y)
    flows = torch.tensor([1.0, -2.0], dtype=torch.double)
    batched = torch.autograd.grad(mean, z, flows, is_grads_batched=True, retain_graph=True)[0]
    torch.testing.assert_close(batched[1], -2 * torch.autograd.grad(mean, z)[0])


def test_not_under_what_watches_operations(loss_of: Any, served: Any) -> None:
    from torch._subclasses import FakeTensorMode
    from torch.utils.flop_counter import FlopCounterMode

    z, y = sample()
    served.runs.clear()
    torch.func.grad(lambda x: loss_of(x, y))(z)
    torch.func.vmap(loss_of)(z, torch.softmax(z, 1))
    torch.func.jacrev(torch.func.jacrev(lambda x: loss_of(x, y)))(z)
    q = torch.softmax(z, 1)
    with FakeTensorMode() as mode:
        assert loss_of(mode.from_tensor(z), mode.from_tensor(q)).shape == ()
    with FlopCounterMode(display=False):
        loss_of(z, y)

    class Mine(torch.Tensor):
        pass

    assert isinstance(loss_of(z.as_subclass(Mine), y), Mine)
    assert not served.runs
    loss_of(torch.nn.Parameter(z), y)
    assert served.runs == ["value_and_grad"]


# PyTorch's own tracing makes an object of a class that it calls static
@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")
@pytest.mark.long
def test_a_compiled_graph_is_whole_and_calls_it(loss_of: Any, served: Any) -> None:
    z, y = sample()
    z.requires_grad_()
    expected = loss_of(z, y)
    served.runs.clear()
    torch.compiler.reset()
    got = torch.compile(lambda x: loss_of(x, y), backend="aot_eager", fullgraph=True)(z)
    assert torch.equal(got, expected)
    assert torch.equal(*torch.autograd.grad(got, z), *torch.autograd.grad(expected, z))
    assert served.runs == ["value", "value_and_grad"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"target": torch.tensor([0, 9, 1, 2, 3, 4])}, r"class 9 at position \(1,\); allowed: 0 to 4"),
        ({"target": torch.tensor([0, 1])}, "allowed: class indices of shape"),
        ({"target": torch.rand(6, 4)}, "allowed: "),
        ({"input": torch.zeros(6, 5, dtype=torch.long)}, "input: dtype"),
        ({"weight": torch.ones(4)}, "one a class"),
        ({"weight": torch.ones(5, requires_grad=True)}, "weight.detach"),
        ({"label_smoothing": 2.0}, "label_smoothing: 2.0"),
        ({"normalizer": 0.0}, "normalizer: 0.0"),
        ({"reduction": "all"}, 'reduction: .all.; allowed: "mean", "sum", "none"'),
        ({"precision": "most"}, "precision"),
        ({"infinite": "no"}, "infinite"),
        ({"on_empty": 0}, "on_empty"),
    ],
)
@pytest.mark.parametrize("differentiated", [False, True])
def test_errors_are_those_of_the_operations(loss_of: Any, changed: Any, words: str, differentiated: bool) -> None:
    z, y = sample()
    arguments = {"input": z.requires_grad_(differentiated), "target": y, **changed}
    with pytest.raises((TypeError, ValueError), match=words):
        loss_of(**arguments)


@pytest.mark.parametrize("dtype", [torch.float, torch.bfloat16])
def test_autocast_gives_float32(loss_of: Any, served: Any, dtype: Any) -> None:
    z, y = sample(dtype=dtype)
    z.requires_grad_()
    for reduction in ("mean", "none"):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = loss_of(z, y, reduction=reduction)
            expected = by_operations(served, lambda r=reduction: loss_of(z, y, reduction=r))
        assert loss.dtype == expected.dtype == torch.float
        torch.testing.assert_close(loss, expected)
        assert torch.autograd.grad(loss.sum(), z)[0].dtype == dtype


@pytest.mark.parametrize("reduction", ["mean", "none"])
@pytest.mark.parametrize("dtype", [torch.float, torch.half, torch.bfloat16])
def test_in_place_the_gradient_is_where_the_logits_were(loss_of: Any, served: Any, reduction: str, dtype: Any) -> None:
    w, y = sample(8, 6, dtype)
    w.requires_grad_()
    expected = by_operations(served, lambda: torch.autograd.grad(loss_of(w * 1, y, reduction=reduction).sum(), w)[0])
    logits = w * 1
    seen = []
    logits.register_hook(lambda g: seen.append(g.data_ptr()))
    loss = loss_of(logits, y, reduction=reduction, inplace=True)
    loss.sum().backward(retain_graph=True)
    assert seen == [logits.data_ptr()]
    close(w.grad, expected, str(dtype).partition(".")[2])
    with pytest.raises(RuntimeError, match="inplace"):
        torch.autograd.grad(loss.sum(), w)


def test_in_place_is_refused_where_it_would_be_wrong(loss_of: Any) -> None:
    w, y = sample()
    w.requires_grad_()
    with pytest.raises(ValueError, match="inplace: the input is a leaf"):
        loss_of(w, y, inplace=True)
    assert loss_of(w.detach(), y, inplace=True) == loss_of(w, y)
    capped = torch.tanh(w)  # tanh needs its result for its derivative
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss_of(capped, y, inplace=True).backward()
    for reduction in ("mean", "none"):
        loss = loss_of(w * 1, y, inplace=True, reduction=reduction)
        with pytest.raises(RuntimeError, match="inplace=True"):
            torch.autograd.grad(loss.sum(), w, create_graph=True)


def test_large_gradients_are_in_memory_of_numpy(served: Any) -> None:
    for dtype in (torch.bfloat16, torch.half, torch.float, torch.double):
        for shape in ((3, 4), (1024, 1100)):
            a = served._memory.empty(shape, dtype)
            assert a.shape == shape
            assert a.dtype == dtype
            assert a.is_contiguous()
            a.fill_(1.5)
            assert (a == 1.5).all()


ALONE = """
import sys, warnings
warnings.simplefilter("error")
sys.path.insert(0, {folder!r})
import torch
from {module} import cross_entropy
z = torch.tensor([[1.0, 2.0]], requires_grad=True)
loss = cross_entropy(z, torch.tensor([1]))
loss.backward()
print(loss.item(), z.grad[0, 0].item(), type(loss.grad_fn).__name__)
"""


@pytest.mark.parametrize("what", ["file", "folder", "switched off", "no compiler"])
def test_it_works_alone(python: Run, written: Path, tmp_path: Path, what: str) -> None:
    source, place, environment = written / "kernels_by_hand" / "torch", tmp_path / "copy", {}
    place.mkdir()
    if what == "file":
        shutil.copy(source / "cross_entropy.py", place / "copied.py")
        module = "copied"
    elif what == "folder":
        shutil.copytree(source, place / "losses_of_mine")
        module = "losses_of_mine"
    else:
        place, module = written, "kernels_by_hand.torch"
        environment = {"SYMCE_NATIVE": "0"}
        if what == "no compiler":
            environment = {"PATH": str(tmp_path), "CC": "", "SYMCE_CACHE": str(tmp_path / "cache")}
    out = python(ALONE.format(folder=str(place), module=module), **environment).stdout.split()
    np.testing.assert_allclose([float(x) for x in out[:2]], [0.3132617, 0.2689414], rtol=1e-6)
    assert out[2] != "_ReducedBackward"


def test_it_is_native_where_it_can_be(python: Run, written: Path) -> None:
    out = python(ALONE.format(folder=str(written), module="kernels_by_hand.torch")).stdout.split()
    assert out[2] == "_ReducedBackward"


def test_a_cache_that_is_refused_is_a_warning_and_not_an_end(python: Run, written: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    cache.chmod(0o777)
    script = ALONE.format(folder=str(written), module="kernels_by_hand.torch")
    assert "others can write to it" in python(script, expect=1, SYMCE_CACHE=str(cache)).stderr
    done = python(script.replace('("error")', '("always")'), SYMCE_CACHE=str(cache))
    assert done.stderr.count("computed by PyTorch's operations") == 1
    assert float(done.stdout.split()[0]) == pytest.approx(0.3132617)


def test_a_fork_and_the_number_of_threads(python: Run) -> None:
    script = """
import os, torch
from kernels_by_hand.torch import cross_entropy
from kernels_by_hand.torch import _native
z, y = torch.randn(3000, 20, requires_grad=True), torch.randint(0, 20, (3000,))
def gradient():
    return torch.autograd.grad(cross_entropy(z, y), z)[0].numpy()
expected = gradient()
torch.set_num_threads(3)
assert (gradient() == expected).all()
pid = os.fork()
if pid == 0:
    os._exit(0 if (gradient() == expected).all() else 1)  # PyTorch's own operations would wait here
assert os.waitpid(pid, 0)[1] == 0
"""
    python(script)
