"""The statement of a loss in PyTorch operations, differentiated by autograd: the reference for ordinary logits.

Evaluated in float64 from the syntax tree alone. Two identities keep it exact where a probability is near 1:
1 - p_k is the sum of the other probabilities, and 1 - s(x) is s(-x).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from symce.language import tree as T
from symce.verify.case import Array
from symce.verify.precise import PreciseReference
from symce.verify.semantics import Rows, Undefined
from symce.verify.structure import FREE, complement, inner_index, terms


class AutogradReference:
    """See symce.verify.semantics.Reference. Needs PyTorch."""

    name = "torch autograd of the statement, float64"

    def evaluate(self, rows: Rows, cotangent: Array, v: Array) -> tuple[Array, Array, Array]:
        import torch

        z = torch.tensor(rows.logits, dtype=torch.float64, requires_grad=True)
        try:
            losses = row_losses(rows, z)
        except (ZeroDivisionError, ValueError) as error:
            raise Undefined(f"{rows.loss.name}: K = {rows.logits.shape[1]}: {error}") from error
        total = (losses * torch.as_tensor(cotangent)).sum()
        zeros = torch.zeros_like(z)
        gradient, hvp = zeros, zeros
        if total.requires_grad:
            gradient = torch.autograd.grad(total, z, create_graph=True)[0]
            if gradient.requires_grad:
                hvp = torch.autograd.grad((gradient * torch.as_tensor(v)).sum(), z)[0]
        found = losses.detach().numpy().copy(), gradient.detach().numpy().copy(), hvp.numpy().copy()
        doubtful = ~np.isfinite(np.hstack([a.reshape(len(rows.logits), -1) for a in found])).all(axis=1)
        if doubtful.any():  # autograd has NaN for limits such as 0 ** 0.5 times 0; the other reference has the limit
            some = replace(
                rows,
                logits=rows.logits[doubtful],
                target=None if rows.target is None else rows.target[doubtful],
                params={n: a[doubtful] if np.ndim(a) == 2 else a for n, a in rows.params.items()},
            )
            again = PreciseReference().evaluate(some, cotangent[doubtful], v[doubtful])
            for array, part in zip(found, again, strict=True):
                array[doubtful] = part
        return found


def row_losses(rows: Rows, z: Any) -> Any:
    """The losses (M,) or, per entry, (M, K), as a tensor that depends on ``z``, the logits (M, K).

    Raises ZeroDivisionError or ValueError where a number that no logit enters is undefined, such as eps / (K - 1).
    """
    import torch

    loss = rows.loss
    params = {p.name: rows.params.get(p.name, p.default) for p in loss.params}
    params = {n: float(a) if a is None or getattr(a, "ndim", 0) == 0 else torch.as_tensor(a) for n, a in params.items()}
    letters: dict[str, Any] = {"z": z}
    if rows.target is not None and rows.target.dtype.kind == "f":
        letters["y"] = torch.as_tensor(rows.target)
    elif rows.target is not None:
        letters["c"] = torch.as_tensor(rows.target)
    inner = _Reader({**params, **letters}, z.shape)
    a = inner.expand(inner.read(loss.inner_map, (inner_index(loss),)), 1)
    exps = torch.exp(a - a.detach().amax(dim=1, keepdim=True))
    total = exps.sum(dim=1, keepdim=True)
    others = exps @ (1 - torch.eye(z.shape[1], dtype=z.dtype))
    letters |= {"p": exps / total, "1-p": others / total, "log p": torch.log_softmax(a, dim=1)}
    letters |= {"s": torch.sigmoid(a), "1-s": torch.sigmoid(-a)}
    letters |= {"log s": torch.nn.functional.logsigmoid(a), "log 1-s": torch.nn.functional.logsigmoid(-a)}
    reader = _Reader({**params, **letters}, z.shape)
    if not rows.per_entry:
        value = reader.read(loss.statement, ())
        return value.expand(z.shape[:1]) if isinstance(value, torch.Tensor) else torch.full(z.shape[:1], value).double()
    term = terms(loss.statement)
    if term is None:
        raise TypeError(f"{loss.name}: its value is not a sum of one term a class, so it has no losses per entry")
    return reader.expand(reader.read(term, (FREE,)), 1)


@dataclass(frozen=True)
class _Reader:
    """Trees as tensors: the rows are dimension 0, then one dimension for each index in scope, outermost first.

    A tree that no logit, target or array enters is a Python float, so that dividing by zero raises.
    """

    letters: dict[str, Any]
    shape: Any

    _relations: ClassVar[dict[str, Callable[[Any, Any], Any]]] = {
        "eq": lambda a, b: a == b,
        "ne": lambda a, b: a != b,
        "lt": lambda a, b: a < b,
        "le": lambda a, b: a <= b,
        "gt": lambda a, b: a > b,
        "ge": lambda a, b: a >= b,
    }

    def read(self, tree: T.Tree, scope: tuple[str, ...]) -> Any:
        match tree:
            case T.Number(value):
                return float(value)
            case T.Scalar(name):
                return float(self.shape[1]) if name == "K" else self.letters[name]
            case T.Item(base, index):
                return self.entry(base, index, scope)
            case T.Apply(function, args):
                return self.apply(function, args, scope)
            case T.Sum(body, index):
                inner = (*scope, index)
                return self.expand(self.read(body, inner), len(inner)).sum(dim=-1)
            case T.LogSumExp(body, index):
                inner = (*scope, index)
                return self.expand(self.read(body, inner), len(inner)).logsumexp(dim=-1)
            case T.Where(condition, then, otherwise):
                import torch

                if isinstance(condition, T.IndexEqual):
                    holds = self.position(condition.left, scope) == self.position(condition.right, scope)
                    holds = ~holds if condition.negated else holds
                else:
                    left, right = self.read(condition.left, scope), self.read(condition.right, scope)
                    holds = self._relations[condition.relation](left, right)
                yes, no = self.read(then, scope), self.read(otherwise, scope)
                return (
                    (yes if holds else no) if isinstance(holds, bool) else torch.where(holds, tensor(yes), tensor(no))
                )
        raise TypeError(f"no meaning is defined for {type(tree).__name__}")

    def apply(self, function: str, args: tuple[T.Tree, ...], scope: tuple[str, ...]) -> Any:
        import torch

        form = complement(T.Apply(function, args))
        if form is not None:
            return self.entry(f"1-{form.base}", form.index, scope)
        if function == "log":
            form = args[0] if isinstance(args[0], T.Item) else None
            if form is not None and form.base in ("p", "s"):
                return self.entry(f"log {form.base}", form.index, scope)
            form = complement(args[0])
            if form is not None and form.base == "s":
                return self.entry("log 1-s", form.index, scope)
        values = [self.read(a, scope) for a in args]
        match function, values:
            case "add", [a, b]:
                return a + b
            case "sub", [a, b]:
                return a - b
            case "mul", [a, b]:
                return a * b
            case "div", [a, b]:
                return a / b
            case "pow", [a, b]:
                return math.pow(a, b) if isinstance(a, float) and isinstance(b, float) else tensor(a) ** b
            case "neg", [a]:
                return -a
            case "min" | "max", [first, *rest]:
                combine = torch.minimum if function == "min" else torch.maximum
                for other in rest:
                    first = combine(tensor(first), tensor(other))
                return first
            case "softplus", [a]:
                return torch.logaddexp(tensor(a), tensor(0.0))
            case "log", [float(a)]:
                return math.log(a)
            case _, [a]:
                return getattr(torch, function)(tensor(a))
        raise TypeError(f"no meaning is defined for {function} of {len(values)} arguments")

    def entry(self, base: str, index: str, scope: tuple[str, ...]) -> Any:
        import torch

        letter = self.letters[base]
        if isinstance(letter, float):
            return letter
        letter = letter.expand(self.shape)
        if index in scope:
            place = scope.index(index)
            return letter.reshape(-1, *[1] * place, self.shape[1], *[1] * (len(scope) - place - 1))
        return torch.gather(letter, 1, self.letters["c"][:, None]).reshape(-1, *[1] * len(scope))

    def position(self, index: str, scope: tuple[str, ...]) -> Any:
        """The class that an index stands for, as a tensor of the rank of the scope."""
        import torch

        if index in scope:
            place = scope.index(index)
            return torch.arange(self.shape[1]).reshape(1, *[1] * place, -1, *[1] * (len(scope) - place - 1))
        return self.letters["c"].reshape(-1, *[1] * len(scope))

    def expand(self, value: Any, depth: int) -> Any:
        """The value with all K entries in its last dimension, a constant repeated."""
        value = tensor(value)
        rows, size = self.shape
        if value.dim() == 0:
            return value.expand(rows, *[1] * (depth - 1), size)
        return value.expand(*value.shape[:-1], size)


def tensor(value: Any) -> Any:
    import torch

    return value if isinstance(value, torch.Tensor) else torch.tensor(value, dtype=torch.float64)
