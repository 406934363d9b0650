"""Kernel: everything that a target needs to print one module of generated code. Plain data, no SymPy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from symce.kernel.ir import RowProgram


@dataclass(frozen=True)
class KernelParam:
    """A parameter of the generated functions; see symce.losses.loss.Param. ``domain`` is checked at run time."""

    name: str
    domain: Literal["real", "nonnegative", "positive", "unit"]
    default: float | None
    shape: Literal["", "K", "NxK"]
    doc: str


@dataclass(frozen=True)
class Kernel:
    """One loss, ready to be printed.

    ``programs`` maps a target form, "index" (class indices, N) or "dense" (one value a class, N x K), to its program,
    with inputs named ``logits`` (row), ``target`` (batch of class indices, or row), ``v`` (row, the vector of the
    Hessian-vector product) and the parameters (scalar, class or row). A loss without target has the one form "none".

    ``linear_in_target``: the value is linear in y, so that class weights and smoothing act on the target
    (q_k = w_k ((1 - eps) y_k + eps / K)) and an index target is a one-hot one.
    ``elementwise``: the value is a sum of one term a class (a multilabel loss); ``value`` is then a row and the
    mean is over all N K entries, as PyTorch does for binary cross-entropy.
    ``one_hot_limit``: the value depends on the logits through softmax alone, so that it has a limit where one of them
    is infinite: that class has the probability 1.
    ``stability``: the rules that make its form exact, by name, in the order of symce.kernel.stability.
    ``least_classes``: the fewest classes for which the closed forms have a value (2 where one divides by K - 1).
    """

    name: str
    title: str
    doc: str
    value_text: str
    gradient_text: str
    reference: str
    target: Literal["index", "distribution", "weights", "multilabel", "none"]
    params: tuple[KernelParam, ...]
    programs: Mapping[str, RowProgram]
    linear_in_target: bool
    elementwise: bool
    source_hash: str
    least_classes: int = 1
    one_hot_limit: bool = False
    stability: tuple[str, ...] = ()
