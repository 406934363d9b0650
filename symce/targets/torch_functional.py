"""Drop-in functions and modules: the losses under PyTorch's names, and softmax out of cross-entropy's program.

This module prints text; it does not import PyTorch.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from symce.kernel.ir import RowProgram
from symce.kernel.kernel import Kernel
from symce.render import render
from symce.targets.interface import Interface
from symce.targets.layout import definition
from symce.targets.softmax import parts
from symce.targets.text import header
from symce.targets.torch_expressions import TorchPrinter

#: The version whose arguments, dtypes and errors the functions have.
VERSION = "2.13"

#: The functions of torch.nn.functional that functional.py offers, by the loss that means the same.
PYTORCH_NAMES = {
    "cross_entropy": "cross_entropy",
    "binary_cross_entropy": "binary_cross_entropy_with_logits",
    "bce_with_logits": "binary_cross_entropy_with_logits",
    "binary_cross_entropy_with_logits": "binary_cross_entropy_with_logits",
    "nll_loss": "nll_loss",
}

#: The modules of torch.nn, by the function that they call.
MODULES = {
    "cross_entropy": ("CrossEntropyLoss",),
    "nll_loss": ("NLLLoss",),
    "kl_div": ("KLDivLoss",),
    "binary_cross_entropy_with_logits": ("BCEWithLogitsLoss",),
    "softmax": ("Softmax", "LogSoftmax"),
    "linear_cross_entropy": ("LinearCrossEntropyLoss",),
}

#: What functions under other names need: the loss, its parameters, and the form of the target.
_FOCAL = {
    "focal_loss": ("focal", {"gamma", "alpha"}),
    "sigmoid_focal_loss": ("sigmoid_focal", {"gamma", "alpha", "beta"}),
}


def render_functional(kernels: Sequence[Kernel]) -> dict[str, str]:
    """``functional.py``, ``modules.py``, and what they share."""
    ordered = sorted(kernels, key=lambda k: k.name)
    top = header("", "the catalogue of losses")
    pytorch = {PYTORCH_NAMES[k.name]: k.name for k in ordered if _means_the_same(k)}
    offered = _offered(ordered, pytorch)
    own = [k.name for k in ordered if k.name not in pytorch.values()]
    named = {k.name: f"_{k.name}" if k.name in pytorch.values() else k.name for k in ordered}
    files = {
        "torch/functional.py": render(
            "torch/functional.py.jinja",
            header=top,
            version=VERSION,
            pytorch=pytorch,
            offered=offered,
            imports=_imports(named, offered),
            exported=sorted({*own, *offered, *(["log_softmax"] if "softmax" in offered else [])}),
        ).rstrip("\n")
        + "\n",
        "torch/modules.py": render("torch/modules.py.jinja", header=top, modules=module_names(kernels)),
    }
    if offered:
        files["torch/_functional.py"] = render("torch/functional_shared.py.jinja", header=top)
    if "softmax" in offered:
        files["torch/_softmax.py"] = _softmax(next(k for k in ordered if k.name == "cross_entropy"), top)
    return files


def _imports(named: dict[str, str], offered: Sequence[str]) -> list[str]:
    """The statements that import the losses, each under the name that it has in the text."""
    text = {n: f"from .{n} import {n}" + f" as {a}" * (a != n) for n, a in named.items()}
    if "linear_cross_entropy" in offered:
        text["linear"] = "from .linear import linear_cross_entropy as _linear_cross_entropy"
    return [text[n] for n in sorted(text)]


def module_names(kernels: Sequence[Kernel]) -> list[str]:
    """The modules of torch.nn that ``modules.py`` has, in order."""
    ordered = sorted(kernels, key=lambda k: k.name)
    offered = _offered(ordered, {PYTORCH_NAMES[k.name]: k.name for k in ordered if _means_the_same(k)})
    return sorted(name for function in offered for name in MODULES.get(function, ()))


def _offered(kernels: Sequence[Kernel], pytorch: dict[str, str]) -> list[str]:
    """The functions whose losses are there."""
    by_name = {k.name: k for k in kernels}
    names = list(pytorch)
    if "cross_entropy" in pytorch and parts(by_name["cross_entropy"]):
        names += ["softmax", "linear_cross_entropy"]
    elif "cross_entropy" in pytorch:
        names.remove("cross_entropy")
    if "kl_target_softmax" in by_name:
        names.append("kl_div")
    names += [
        function
        for function, (name, params) in _FOCAL.items()
        if name in by_name and {p.name for p in by_name[name].params} == params
    ]
    return sorted(names)


def _means_the_same(kernel: Kernel) -> bool:
    """Whether PyTorch has a function of this loss's name, and the kernel has all the options of that function."""
    i = Interface(kernel)
    options = {name for name, _ in i.options()} - {"normalizer", "reduction"}
    needed = {
        "cross_entropy": {"weight", "ignore_index", "label_smoothing", "infinite"},
        "nll_loss": {"weight", "ignore_index"},
    }
    return kernel.name in PYTORCH_NAMES and not kernel.params and needed.get(kernel.name, set()) <= options


def _softmax(kernel: Kernel, top: str) -> str:
    """``_softmax.py``."""
    printer = TorchPrinter()
    docs = {
        "p": "Softmax of rows.",
        "log_p": "Log-softmax of rows.",
        "p_backward": "The Jacobian of softmax, which is symmetric, times v.",
        "log_p_backward": "The transposed Jacobian of log-softmax times v.",
    }
    found = parts(kernel)
    assert found is not None
    functions = []
    for name, doc in docs.items():
        program: RowProgram = getattr(found, name)
        arguments = [n for n in ("logits", "v") if n in {i.name for i in program.inputs}]
        functions.append({"definition": definition(f"_{name}", arguments), "doc": doc, "body": printer.body(program)})
    text = "".join(f["body"] for f in functions)
    helpers = [f"_{h}" for h in printer.helpers if re.search(rf"(?<!\w)_{h}\(", text)]
    return render(
        "torch/softmax.py.jinja",
        header=top,
        kernel=kernel.name,
        helpers=sorted([*helpers, "_apply", "_in_blocks", "_save"]),
        functions=functions,
    )
