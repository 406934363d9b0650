"""The Triton kernels on a GPU: right there, and how fast beside eager PyTorch, torch.compile and Liger's kernel?

    python benchmarks/triton_kernels.py [--quick]

Needs a CUDA device, and for Liger's kernel ``pip install liger-kernel``. First each loss is compared with its PyTorch
kernel in float64, with a cotangent for each row. Then forward and backward of cross-entropy are timed over shapes from
few classes to a vocabulary, in float32 and bfloat16. Times are medians of Triton's own do_bench, in milliseconds.
Beside them stands what share of them one copy of the logits, the least that a gradient costs, would have taken.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

COMMAND = "python benchmarks/triton_kernels.py"
SHAPES = ((65_536, 10), (32_768, 1_000), (8_192, 32_000), (4_096, 128_256), (1_024, 1_000_000))
#: epsilons of the largest number of a row that an entry may be off by
ALLOWED = 32


def main() -> int:
    """0 if all is right, and also where there is no GPU to run it on; 1 if a kernel is wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="the smaller shapes alone")
    quick = parser.parse_args().quick
    if not torch.cuda.is_available():
        print(f"not run: no CUDA device; run: {COMMAND} on a machine with one")
        return 0
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, CUDA {torch.version.cuda}")
    wrong = check()
    print(f"\n{'shape':>18} {'dtype':>9} {'kernel':>16} {'forward':>9} {'both':>9} {'of memory':>10}")
    for shape in SHAPES[:3] if quick else SHAPES:
        for dtype in (torch.float32, torch.bfloat16):
            measure(shape, dtype)
    return 1 if wrong else 0


# --- are they right? --------------------------------------------------------------------------------------------------
def check() -> int:
    """How many calls of a loss are wrong; each is named."""
    losses = importlib.import_module("symce_kernels.triton")
    wrong = 0
    for name in losses.__all__:
        module = importlib.import_module(f"symce_kernels.triton.{name}")
        for form in module._LOSS.forms:
            for size in (7, 1_000, 20_011):
                for dtype in (torch.float64, torch.float32, torch.bfloat16):
                    found = error(name, module._LOSS.params, form, size, dtype)
                    if not found <= ALLOWED:
                        print(f"WRONG: {name}, {form}, K = {size}, {dtype}: {found:.1f} epsilons of the row's largest")
                        wrong += 1
    print(f"{len(losses.__all__)} losses: " + (f"{wrong} calls wrong" if wrong else "all within their bounds"))
    return wrong


def error(name: str, params: Any, form: str, size: int, dtype: torch.dtype) -> float:
    """How far loss and gradient are from those of PyTorch's kernel in float64, in epsilons of a row's largest."""
    torch.manual_seed(0)
    z = (torch.randn(16, size, device="cuda") * 3).to(dtype)
    options = {}
    for parameter, shape, _, default in params:
        options[parameter] = 0.5 if default is None else default
        if shape == "NxK":
            options[parameter] = torch.randn(16, size, device="cuda").to(dtype)
    args: list[Tensor] = []
    if form == "index":
        args = [torch.randint(0, size, (16,), device="cuda")]
        args[0][3] = -100
    elif form == "dense":
        args = [torch.rand(16, size, device="cuda").softmax(1).to(dtype)]

    def wide(a: Any) -> Any:
        return a.double() if isinstance(a, Tensor) and a.is_floating_point() else a

    results = []
    for package, convert in (("triton", lambda a: a), ("torch", wide)):
        loss_of = getattr(importlib.import_module(f"symce_kernels.{package}"), name)
        x = convert(z).clone().requires_grad_()
        given = {n: convert(a) for n, a in options.items()}
        loss = loss_of(x, *(convert(a) for a in args), reduction="none", **given)
        flow = torch.linspace(-1, 2, loss.numel(), device="cuda", dtype=dtype).reshape(loss.shape)
        loss.backward(flow.to(loss.dtype))
        results.append((loss.detach().double().reshape(16, -1), x.grad.double()))
    worst = 0.0
    for a, b in zip(*results, strict=True):
        scale = b.abs().amax(dim=1, keepdim=True).clamp(min=torch.finfo(dtype).smallest_normal)
        off = torch.where((a == b) | (a.isnan() & b.isnan()), 0.0, (a - b).abs() / scale)
        worst = max(worst, off.max().item() / torch.finfo(dtype).eps)
    return worst if worst == worst else float("inf")


# --- how fast? --------------------------------------------------------------------------------------------------------
def kernels() -> dict[str, Callable[[Tensor, Tensor], Tensor]]:
    """Cross-entropy by whom; what cannot be imported is said to be left out."""
    from symce_kernels.torch import cross_entropy as by_operations
    from symce_kernels.triton import cross_entropy as ours

    found: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
        "symce triton": ours,
        "symce torch": by_operations,
        "eager": F.cross_entropy,
        "torch.compile": torch.compile(F.cross_entropy),
    }
    try:
        from liger_kernel.transformers import LigerCrossEntropyLoss
    except ImportError:
        print("not run: Liger's kernel; run: pip install liger-kernel, and this again", file=sys.stderr)
    else:
        found["liger"] = LigerCrossEntropyLoss()
    return found


def measure(shape: tuple[int, int], dtype: torch.dtype) -> None:
    """Print the times of one shape. Liger's kernel writes the gradient over its input, and gets a copy each time."""
    from triton.testing import do_bench

    z = torch.randn(shape, device="cuda", dtype=dtype, requires_grad=True)
    y = torch.randint(0, shape[1], shape[:1], device="cuda")
    copying = do_bench(lambda: z.detach().clone(), return_mode="median")
    for name, loss_of in kernels().items():

        def forward(loss_of: Any = loss_of, liger: bool = name == "liger") -> Tensor:
            return loss_of(z.clone() if liger else z, y)

        def both(forward: Any = forward) -> None:
            z.grad = None
            forward().backward()

        try:
            alone, whole = (do_bench(f, return_mode="median") for f in (forward, both))
        except torch.cuda.OutOfMemoryError:
            print(f"{shape!s:>18} {str(dtype)[6:]:>9} {name:>16} out of memory")
            torch.cuda.empty_cache()
            continue
        less = copying if name == "liger" else 0.0
        alone, whole = alone - less, whole - less
        print(f"{shape!s:>18} {str(dtype)[6:]:>9} {name:>16} {alone:9.3f} {whole:9.3f} {copying / whole:10.0%}")


if __name__ == "__main__":
    sys.exit(main())
