"""The losses as operators of PyTorch: what a graph that is compiled for the CPU calls."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import pytest
import torch
from kernels.special import torch_function

# PyTorch's own tracing makes an object of a class that it calls static
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")


def module_of(name: str) -> Any:
    torch_function(name)
    return importlib.import_module(f"symce_kernels.torch.{name}")


def operands(name: str, *given: Any, **options: Any) -> tuple[Any, ...]:
    """The arguments of an operator, of those of its loss."""
    module = module_of(name)
    bound = inspect.signature(getattr(module, name)).bind(*given, **options)
    bound.apply_defaults()
    checked: tuple[Any, ...] = module._checked(
        *(bound.arguments[n] for n in inspect.signature(module._checked).parameters)
    )
    return checked


def sample(*shape: int, dtype: Any = torch.float32, seed: int = 0) -> tuple[Any, Any]:
    g = torch.Generator().manual_seed(seed)
    y = torch.randint(0, shape[1], (shape[0], *shape[2:]), generator=g)
    return torch.randn(shape, generator=g, dtype=torch.double).to(dtype), y


def compiled(f: Any, backend: str = "aot_eager", **options: Any) -> Any:
    torch.compiler.reset()
    return torch.compile(f, backend=backend, fullgraph=True, **options)


def graphs(f: Any, *args: Any) -> str:
    """The operations of the graph that is compiled of a function."""
    seen: list[str] = []

    def backend(graph: Any, _: Any) -> Any:
        seen.append(graph.code)
        return graph.forward

    torch.compiler.reset()
    torch.compile(f, backend=backend, fullgraph=True)(*args)
    (code,) = seen
    return code


@pytest.mark.long
@pytest.mark.parametrize("backend", ["aot_eager", "inductor"])
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_a_compiled_graph_gives_every_bit_of_the_plain_call(backend: str, reduction: str) -> None:
    loss_of = torch_function("cross_entropy")
    z, y = sample(6, 5, 2)

    def f(x: Any) -> Any:
        return loss_of(x, y, reduction=reduction, weight=torch.arange(1.0, 6.0), label_smoothing=0.1)

    results = []
    for g in (f, compiled(f, backend)):
        x = z.clone().requires_grad_()
        loss = g(x)
        results.append((loss.detach(), *torch.autograd.grad(loss.sum(), x)))
    for plain, of_graph in zip(*results, strict=True):
        assert torch.equal(plain, of_graph)


@pytest.mark.parametrize("dtype", [torch.half, torch.bfloat16, torch.float32, torch.double])
@pytest.mark.parametrize("name", ["cross_entropy", "sigmoid_focal"])
def test_an_operator_gives_what_the_loss_gives(name: str, dtype: Any) -> None:
    module = module_of(name)
    z, y = sample(4, 5, 3, dtype=dtype)
    target = y if name == "cross_entropy" else torch.rand(4, 5, 3, generator=torch.Generator().manual_seed(1)).to(dtype)
    for reduction in ("mean", "sum", "none"):
        x = z.clone().requires_grad_()
        loss = getattr(module, name)(x, target, reduction=reduction)
        cotangent = torch.full_like(loss, 0.5)
        (gradient,) = torch.autograd.grad(loss, x, cotangent)
        given = operands(name, z, target, reduction=reduction)
        assert torch.equal(module._OPERATOR(*given), loss)
        backward = getattr(torch.ops.symce, f"{name}_backward")
        assert torch.equal(backward(cotangent, *given), gradient)


@pytest.mark.parametrize("name", ["cross_entropy", "sigmoid_focal"])
@pytest.mark.parametrize("shape", [(5,), (4, 5), (4, 5, 3)])
@pytest.mark.parametrize("served", [True, False])
def test_fake_results_lie_in_memory_as_the_real_ones(
    name: str, shape: tuple[int, ...], served: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torch._subclasses import FakeTensorMode

    module = module_of(name)
    monkeypatch.setattr(module._native, "enabled", served)
    g = torch.Generator().manual_seed(2)
    z = torch.randn(shape, generator=g)
    batch = shape[:1] * (len(shape) > 1) + shape[2:]
    target = torch.randint(0, 5, batch, generator=g) if name == "cross_entropy" else torch.rand(shape, generator=g)
    for reduction in ("sum", "none"):
        given = operands(name, z, target, reduction=reduction)
        real = module._OPERATOR(*given)
        pulled = getattr(torch.ops.symce, f"{name}_backward")(torch.ones_like(real), *given)
        with FakeTensorMode() as mode:
            of_fakes = [mode.from_tensor(a) if isinstance(a, torch.Tensor) else a for a in given]
            fake = module._OPERATOR(*of_fakes)
            fake_pulled = getattr(torch.ops.symce, f"{name}_backward")(torch.empty(real.shape), *of_fakes)
        for a, b in ((real, fake), (pulled, fake_pulled)):
            assert (a.shape, a.dtype, a.stride()) == (b.shape, b.dtype, b.stride())


def test_operations_and_kernel_agree_behind_an_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    module = module_of("focal")
    z, y = sample(6, 5, dtype=torch.double)
    given = operands("focal", z, y, gamma=1.5)
    results = []
    for enabled in (True, False):
        monkeypatch.setattr(module._native, "enabled", enabled)
        x = z.clone().requires_grad_()
        loss = module._OPERATOR(x, *given[1:])
        results.append((loss.detach(), *torch.autograd.grad(loss, x, torch.tensor(-0.3, dtype=torch.double))))
    torch.testing.assert_close(results[0], results[1])


def test_an_operator_is_differentiable_twice() -> None:
    module = module_of("focal")
    z, y = sample(3, 4, dtype=torch.double)
    rest = operands("focal", z, y)[1:]
    x = z.clone().requires_grad_()
    assert torch.autograd.gradgradcheck(lambda a: module._OPERATOR(a, *rest), (x,))
    cotangent = torch.tensor(0.7, dtype=torch.double, requires_grad=True)
    backward = torch.ops.symce.focal_backward
    assert torch.autograd.gradcheck(lambda c, a: backward(c, a, *rest), (cotangent, x))


def test_an_operator_maps_over_a_batch() -> None:
    module = module_of("cross_entropy")
    z, y = sample(3, 4, 5, dtype=torch.double)
    y = y % 4
    rest = operands("cross_entropy", z[:, :, 0], y[:, 0])[2:]
    mapped = torch.func.vmap(lambda a, b: module._OPERATOR(a, b, *rest), in_dims=(2, 1))(z, y)
    torch.testing.assert_close(mapped, torch.stack([module._OPERATOR(z[:, :, n], y[:, n], *rest) for n in range(5)]))


def test_what_a_graph_is_made_of() -> None:
    loss_of = torch_function("cross_entropy")
    z, y = sample(4, 5)
    assert "symce.cross_entropy" in graphs(lambda x: loss_of(x, y), z)
    # torch.func derives and maps operations; a normalizer that is a tensor is none of the kernel's
    assert "symce" not in graphs(torch.func.vmap(lambda x: loss_of(x, y[0])), z)
    assert "symce" not in graphs(lambda x: loss_of(x, y, normalizer=torch.tensor(3.0)), z)


def test_without_the_compiled_kernel_a_graph_is_operations(monkeypatch: pytest.MonkeyPatch) -> None:
    module = module_of("cross_entropy")
    monkeypatch.setattr(module._native, "enabled", False)
    z, y = sample(4, 5)
    assert "symce" not in graphs(lambda x: module.cross_entropy(x, y), z)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"target": torch.zeros(3, dtype=torch.long)}, "allowed: class indices of shape"),
        ({"target": torch.rand(4, 6)}, "the shape of the input"),
        ({"weight": torch.ones(4)}, "one a class"),
        ({"label_smoothing": 2.0}, "label_smoothing: 2.0"),
        ({"normalizer": 0.0}, "normalizer: 0.0"),
    ],
)
def test_what_is_wrong_with_shapes_and_options_is_said_when_it_is_compiled(changed: dict[str, Any], words: str) -> None:
    loss_of = torch_function("cross_entropy")
    z, y = sample(4, 5)
    arguments: dict[str, Any] = {"target": y, **changed}
    with pytest.raises(Exception, match=words):
        compiled(lambda x: loss_of(x, **arguments), "eager")(z)


def test_a_class_out_of_range_is_said_with_its_place_when_a_graph_runs() -> None:
    loss_of = torch_function("cross_entropy")
    z, y = sample(4, 5)
    graph = compiled(loss_of, "eager")
    graph(z, y)
    y[2] = 7
    with pytest.raises(ValueError, match=r"class 7 at position \(2,\); allowed: 0 to 4"):
        graph(z, y)


@pytest.mark.long
def test_one_graph_for_any_number_of_rows() -> None:
    loss_of = torch_function("softmax_entropy")
    counted = torch._dynamo.testing.CompileCounterWithBackend("aot_eager")
    torch.compiler.reset()
    graph = torch.compile(loss_of, backend=counted, fullgraph=True, dynamic=True)
    for n in (3, 4, 7):
        z, _ = sample(n, 5)
        assert torch.equal(graph(z), loss_of(z))
    assert counted.frame_count == 1


def test_a_module_in_a_compiled_training_step() -> None:
    module = module_of("focal")
    torch.manual_seed(0)
    model = torch.nn.Linear(6, 5)
    loss_of = module.FocalLoss(gamma=1.0, alpha=torch.rand(5))
    x, y = torch.randn(8, 6), torch.randint(0, 5, (8,))

    def step(x: Any, y: Any) -> Any:
        return loss_of(model(x), y)

    (expected,) = torch.autograd.grad(step(x, y), model.weight)
    (found,) = torch.autograd.grad(compiled(step)(x, y), model.weight)
    torch.testing.assert_close(found, expected)
