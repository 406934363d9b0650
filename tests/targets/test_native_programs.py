"""Hand-built and random programs as C, compiled and run, also with the derivative over the logits."""

from __future__ import annotations

import ctypes
import os
import subprocess
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from targets.programs import KERNELS, C, Lets, V, Z, kernel, op, softmax, total
from targets.test_native_in_place import programs

from symce.kernel.interpreter import evaluate
from symce.kernel.ir import Gather, Input, Node, OneHot, RowProgram
from symce.kernel.kernel import Kernel, KernelParam
from symce.targets.native_c import c_source

CC = os.environ.get("CC", "cc")
#: parameters that C, its headers or the generated file use for something else
NAMES = (
    "double", "short", "log", "exp", "register", "struct", "row", "call", "certain", "stride", "t1", "t2", "gap_k",
    "e_l", "s_total", "x_here", "store", "log1p_of", "exp_difference", "storage", "real", "four", "class_t", "entry",
    "index", "end", "k0", "k", "l", "linux", "unix", "DOUBLE", "SAME_TYPE", "M_PI", "INFINITY", "fma", "size", "bits",
)  # fmt: skip


class Compiled:
    """A kernel compiled for float64, and called as docs/native.md says, without the package's own Python."""

    def __init__(self, kernel: Kernel, folder: Path, *flags: str) -> None:
        self.kernel = kernel
        source, library = folder / f"{kernel.name}.c", folder / f"{kernel.name}.so"
        source.write_text(c_source(kernel))
        base = ["-std=gnu11", "-fno-math-errno", "-fno-trapping-math", "-fPIC", "-shared", "-fopenmp"]
        subprocess.run(
            [CC, *base, *(flags or ("-O1",)), "-DSYMCE_FLOAT64", str(source), "-o", str(library), "-lm"], check=True
        )
        self.library = ctypes.CDLL(str(library))
        params = [(p.name, ctypes.c_void_p if p.shape else ctypes.c_double) for p in kernel.params]
        integers = ("rows", "classes", "ignore_index", "reduction")
        fields: list[Any] = [("logits", ctypes.c_void_p), ("logits_stride", ctypes.c_int64)]
        fields += [("target", ctypes.c_void_p), ("target_stride", ctypes.c_int64)]
        fields += [("v", ctypes.c_void_p), ("v_stride", ctypes.c_int64)]
        fields += [(name, ctypes.c_void_p) for name in ("cotangent", "weight", "losses", "derivative")]
        fields += [("derivative_stride", ctypes.c_int64), ("total", ctypes.c_void_p)]
        fields += [(name, ctypes.c_int64) for name in integers]
        fields += [("normalizer", ctypes.c_double), ("label_smoothing", ctypes.c_double)]
        fields += [("options", ctypes.c_int64), ("threads", ctypes.c_int64), *((f"param_{n}", t) for n, t in params)]
        self.struct = type("Call", (ctypes.Structure,), {"_fields_": fields})

    def __call__(self, entry: str, inputs: dict[str, Any], *, in_place: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """(losses, derivative) of reduction none."""
        z = np.array(inputs["logits"])
        n, k = z.shape
        losses = np.full((n, k) if self.kernel.elementwise else n, np.nan)
        out = z if in_place else np.full_like(z, np.nan)
        arrays = {
            "logits": z,
            "target": inputs.get("target"),
            "v": inputs.get("v"),
            "losses": losses,
            "derivative": out,
        }
        call = self.struct(logits_stride=k, target_stride=k, v_stride=k, derivative_stride=k, rows=n, classes=k)
        call.ignore_index, call.threads = -100, 1
        for p in self.kernel.params:
            if p.shape:
                arrays[f"param_{p.name}"] = np.ascontiguousarray(inputs[p.name], np.float64)
            else:
                setattr(call, f"param_{p.name}", inputs[p.name])
        for name, array in arrays.items():
            if array is not None and not (name == "losses" and entry.startswith("hvp")):
                setattr(call, name, array.ctypes.data)
        function = self.library[f"symce_{entry}"]
        function.restype = ctypes.c_int64
        assert function(ctypes.byref(call)) == 0
        return losses, out


def arrays(kernel: Kernel, form: str, n: int, k: int) -> dict[str, Any]:
    """The inputs of a kernel's program."""
    rng = np.random.default_rng([n, k])
    inputs: dict[str, Any] = {"logits": rng.normal(size=(n, k)) * 2, "v": rng.normal(size=(n, k))}
    inputs["target"] = rng.integers(0, k, n) if form == "index" else rng.uniform(0.1, 0.9, (n, k))
    for p in kernel.params:
        size = {"": None, "K": k, "NxK": (n, k)}[p.shape]
        inputs[p.name] = rng.uniform(0.3, 1.5, size)
    return inputs


def judge(compiled: Compiled, sizes: tuple[tuple[int, int], ...]) -> None:
    """Every entry of a kernel against the interpreter, also in place; by rows and by lanes."""
    for form, program in compiled.kernel.programs.items():
        suffix = "" if form == "none" else f"_{form}"
        for n, k in sizes:
            inputs = arrays(compiled.kernel, form, n, k)
            right = evaluate(program, **inputs)
            value, gradient = right["value"], right["gradient"]
            got = compiled(f"value{suffix}", inputs)[0]
            np.testing.assert_allclose(got, value, rtol=1e-10, atol=1e-10)
            for in_place in (False, True):
                losses, out = compiled(f"value_and_grad{suffix}", inputs, in_place=in_place)
                np.testing.assert_allclose(losses, value, rtol=1e-10, atol=1e-10, err_msg=f"{n} x {k}, {in_place}")
                np.testing.assert_allclose(out, gradient, rtol=1e-10, atol=1e-10, err_msg=f"{n} x {k}, {in_place}")
                if "hvp" in program.outputs:
                    out = compiled(f"hvp{suffix}", inputs, in_place=in_place)[1]
                    np.testing.assert_allclose(
                        out, right["hvp"], rtol=1e-10, atol=1e-10, err_msg=f"{n} x {k}, {in_place}"
                    )


@pytest.mark.parametrize("hand_built", KERNELS, ids=lambda k: k.name)
def test_hand_built_kernels_mean_what_their_programs_mean(hand_built: Kernel, tmp_path: Path) -> None:
    judge(Compiled(hand_built, tmp_path), ((3, 5), (64, 5), (70, 9), (3, 300), (64, 129)))


def with_parameters(shape: Any) -> Kernel:
    """A kernel that reads a parameter of every name, in sums, stored rows, powers and values used twice."""
    given = [Input(name, {"": "scalar", "K": "class", "NxK": "row"}[shape]) for name in NAMES]
    factor = reduce(lambda a, b: op("add", a, b), given[1:], given[0])
    let = Lets()
    s = softmax(let, op("div", op("mul", Z, factor), op("add", given[0], factor)))
    e = op("exp", op("mul", given[-1], op("sub", Z, Gather(Z, C))))
    outputs: dict[str, Node] = {
        "value": op("add", total(op("mul", e, s["nll"])), total(op("softplus", op("sub", Z, op("log", e))))),
        "gradient": op("where", OneHot(C), op("neg", s["q"]), op("mul", op("sub", e, s["p"]), op("add", e, factor))),
        "hvp": op("mul", op("add", V, op("mul", s["p"], s["p"])), total(op("mul", V, e))),
    }
    params = tuple(KernelParam(name, "real", None, shape, "") for name in NAMES)
    return kernel(
        "named", "A loss", "index", {"index": RowProgram((Z, C, V, *given), tuple(let.lets), outputs)}, params=params
    )


@pytest.mark.parametrize("shape", ["", "K", "NxK"])
def test_a_parameter_may_have_any_name(shape: str, tmp_path: Path) -> None:
    judge(Compiled(with_parameters(shape), tmp_path, "-O0"), ((3, 4), (64, 4)))


@st.composite
def kernels(draw: st.DrawFn) -> Kernel:
    """A kernel of random programs, for their value and their gradient."""
    made = draw(programs())
    made = replace(made, outputs={**made.outputs, "hvp": made.outputs["gradient"]})  # where there is one, v is passed
    params = tuple(
        KernelParam(i.name, "real", None, "K" if i.shape == "class" else "", "")
        for i in made.inputs
        if i.shape in ("scalar", "class")
    )
    return kernel("random", "A loss", "index", {"index": made}, params=params)


@pytest.mark.long
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(kernels())
def test_random_programs_mean_what_they_mean(tmp_path_factory: pytest.TempPathFactory, made: Kernel) -> None:
    judge(Compiled(made, tmp_path_factory.mktemp("random"), "-O0"), ((3, 5), (64, 5), (2, 260)))
