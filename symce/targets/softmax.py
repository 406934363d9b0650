"""Softmax and log-softmax, and what is pulled back through them, out of the programs of cross-entropy.

What is pulled back through softmax is the Hessian-vector product of cross-entropy, and through log-softmax the gradient
of cross-entropy for the target v, with the sign turned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from symce.kernel.interpreter import evaluate
from symce.kernel.ir import Const, Gather, Input, Let, Map, Node, OneHot, Reduce, RowProgram, Var
from symce.kernel.kernel import Kernel


@dataclass(frozen=True)
class Parts:
    """The programs of p and log p, and those of the transposed Jacobians times v; outputs: ``gradient``, ``hvp``."""

    p: RowProgram
    log_p: RowProgram
    p_backward: RowProgram
    log_p_backward: RowProgram


def parts(kernel: Kernel) -> Parts | None:
    """The parts of cross-entropy's kernel; None where its programs do not have them, or mean something else."""
    dense, index = kernel.programs.get("dense"), kernel.programs.get("index")
    if dense is None or index is None or "hvp" not in index.outputs:
        return None
    shapes = {let.name: let.value.shape for let in dense.lets}
    if shapes.get("p") != "row" or shapes.get("log_p") != "row":
        return None
    named = {n: RowProgram(dense.inputs, dense.lets, {"gradient": Var(n, "row")}) for n in ("p", "log_p")}
    gradient = dense.only("gradient")
    turned = RowProgram(gradient.inputs, gradient.lets, {"hvp": Map("neg", (gradient.outputs["gradient"],))})
    found = Parts(
        named["p"].only("gradient"),
        named["log_p"].only("gradient"),
        index.only("hvp"),
        _of_v(turned),
    )
    return found if _is_softmax(found) else None


def _of_v(program: RowProgram) -> RowProgram:
    """The program with the vector v in place of the target."""

    def changed(node: Node) -> Node:
        match node:
            case Input("target", shape, kind):
                return Input("v", shape, kind)
            case Map(op, args):
                return Map(op, tuple(map(changed, args)))
            case Reduce(op, body):
                return Reduce(op, changed(body))
            case Gather(source, index):
                return Gather(changed(source), changed(index))
            case OneHot(index):
                return OneHot(changed(index))
        return node

    inputs = tuple(Input("v", i.shape, i.kind) if i.name == "target" else i for i in program.inputs)
    lets = tuple(Let(let.name, changed(let.value), let.note) for let in program.lets)
    return RowProgram(inputs, lets, {n: changed(node) for n, node in program.outputs.items()})


def _is_softmax(found: Parts) -> bool:
    """Whether the programs compute what their names say, of logits and v alone, on a row of numbers."""
    z, v = np.array([[0.3, -1.2, 0.7]]), np.array([[1.5, -0.2, 0.4]])
    p = np.exp(z) / np.exp(z).sum()
    expected = {
        "p": ({"logits"}, p),
        "log_p": ({"logits"}, np.log(p)),
        "p_backward": ({"logits", "v"}, p * (v - (p * v).sum())),
        "log_p_backward": ({"logits", "v"}, v - p * v.sum()),
    }
    for name, (inputs, right) in expected.items():
        program: RowProgram = getattr(found, name)
        if {i.name for i in program.inputs} != inputs:
            return False
        (result,) = evaluate(program, logits=z, v=v).values()
        if not np.allclose(result, right, rtol=1e-12, atol=0):
            return False
    return True


def softmax_kernels(kernels: Sequence[Kernel]) -> list[Kernel]:
    """Softmax and log-softmax as kernels without target; none where cross-entropy is not among the kernels.

    ``gradient`` is the function itself, one value a class, ``hvp`` what is pulled back through it, and ``value`` 0.
    """
    found = next((k for k in kernels if k.name == "cross_entropy"), None)
    programs = None if found is None else parts(found)
    if found is None or programs is None:
        return []
    made = [
        _kernel(found, "softmax", "Softmax", "p[k]", "p[k]*(v[k] - Sum(p*v))", programs.p, programs.p_backward),
        _kernel(found, "log_softmax", "Log-softmax", "log(p[k])", "v[k] - p[k]*Sum(v)", programs.log_p,
                programs.log_p_backward),
    ]  # fmt: skip
    return [k for k in made if k is not None]


def _kernel(
    source: Kernel, name: str, title: str, value: str, pulled: str, forward: RowProgram, backward: RowProgram
) -> Kernel | None:
    """One kernel of both programs; None where they give one name to two values."""
    inputs = {i.name: i for i in (*forward.inputs, *backward.inputs)}
    lets = {let.name: let for let in (*forward.lets, *backward.lets)}
    if any(lets[let.name] != let for let in forward.lets):
        return None
    outputs = {"value": Const(Fraction(0)), **forward.outputs, **backward.outputs}
    program = RowProgram(tuple(inputs.values()), tuple(lets.values()), outputs)
    return replace(
        source,
        name=name,
        title=title,
        doc="The function is where other kernels have a gradient; what is pulled back through it, where they have a "
        "Hessian times v.",
        value_text=value,
        gradient_text=pulled,
        target="none",
        params=(),
        programs={"none": program},
        linear_in_target=False,
    )
