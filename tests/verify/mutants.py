"""Deliberately wrong kernels: text edits of a generated module, each with what the verification must say of it."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Mutant:
    """Edits of the module of a loss; ``caught`` are quantities of which at least one must fail."""

    what: str
    loss: str
    target: str
    edits: tuple[tuple[str, str], ...]
    caught: tuple[str, ...]

    def write(self, package: Path, folder: Path) -> Path:
        """The wrong module in a package of its own; returns its root. LookupError where an edit finds nothing."""
        source = package / self.target / f"{self.loss}.py"
        text = source.read_text(encoding="utf-8")
        for pattern, replacement in self.edits:
            text, found = re.subn(pattern, replacement, text)
            if not found:
                raise LookupError(f"{self.what}: {pattern!r} is not in {source.name}; say the edit anew")
        root = folder / "symce_kernels"
        for target in ("numpy", "torch"):
            (root / target).mkdir(parents=True)
            shutil.copy(package / target / f"{self.loss}.py", root / target)
        (root / self.target / source.name).write_text(text, encoding="utf-8")
        return root


NUMPY = (
    Mutant(
        "p - y where the target does not sum to one", "cross_entropy", "numpy",
        ((r"gradient = residual", "gradient = p - target"),), ("gradient",),
    ),
    Mutant(
        "weight forgotten", "cross_entropy", "numpy",
        (
            (r"= _row_weight\(kept, weight,", "= _row_weight(kept, None,"),
            (r"y if weight is None else weight \* y", "y"),
        ),
        ("value", "gradient", "hvp"),
    ),
    Mutant(
        "weight forgotten in the effective target alone", "cross_entropy", "numpy",
        ((r"y if weight is None else weight \* y", "y"),), ("value", "gradient"),
    ),
    Mutant(
        "eps / (K - 1) for eps / K", "cross_entropy", "numpy",
        ((r"label_smoothing / z\.shape\[1\]", "label_smoothing / max(z.shape[1] - 1, 1)"),), ("value", "gradient"),
    ),
    Mutant(
        "eps / K for eps / (K - 1)", "label_smoothing", "numpy",
        ((r"eps / \(K - 1\)", "eps / K"),), ("value", "gradient"),
    ),
    Mutant(
        "mean by N instead of by the sum of the weights", "cross_entropy", "numpy",
        ((r"row_kernel = _count\(row_weight, N\)", "row_kernel = N"),), ("value", "gradient"),
    ),
    Mutant(
        "mean by the number of kept rows instead of by the sum of their weights", "focal", "numpy",
        ((r"row_kernel = _count\(row_weight, N\)", "row_kernel = (N if kept is None else kept.sum())"),),
        ("value", "gradient"),
    ),
    Mutant(
        "mean by N instead of by N K", "bce_with_logits", "numpy",
        ((r"N \* K", "N"),), ("value", "gradient"),
    ),
    Mutant(
        "an ignored row leaks its NaN into the loss", "cross_entropy", "numpy",
        ((r"value = _product\(counts, value\)", "value = counts * value"),), ("value",),
    ),
    Mutant(
        "an ignored row leaks its NaN into the gradient", "cross_entropy", "numpy",
        ((r"np\.copyto\(out, 0, where=a == 0\)", "pass"),), ("gradient",),
    ),
    Mutant(
        "an ignored row counts as one of class 0", "nll_loss", "numpy",
        (
            (r"np\.where\(kept, weight\[target\], dtype\.type\(0\)\)", "weight[target]"),
            (r"kept\.astype\(dtype\)", "None"),
        ),
        ("value", "gradient"),
    ),
    Mutant(
        "cotangent taken as ones", "cross_entropy", "numpy",
        ((r"elif cotangent is None:", "elif True:"),), ("gradient", "hvp"),
    ),
    Mutant(
        "1/N with the wrong sign", "cross_entropy", "numpy",
        ((r"factor = factor / denominator", "factor = factor / -denominator"),), ("gradient", "hvp"),
    ),
    Mutant(
        "normalizer forgotten", "cross_entropy", "numpy",
        ((r'denominator = _number\("normalizer", normalizer, "positive"\)', "pass"),), ("value", "gradient"),
    ),
    Mutant(
        "a term of the Hessian forgotten", "cross_entropy", "numpy",
        ((r"scaled \* \(v_from_top - sum_p_v\)", "scaled * v_from_top"),), ("hvp",),
    ),
    Mutant(
        "temperature forgotten in the gradient", "temperature_cross_entropy", "numpy",
        ((r"gradient = (.*) / T\b", r"gradient = \1"),), ("gradient",),
    ),
    Mutant(
        "the caller's logits are written to", "cross_entropy", "numpy",
        ((r"z = _block\(rows\[block\], dtype, N\)", "z = rows[block]; z += 1; z = z.astype(dtype)"),),
        ("inputs unchanged",),
    ),
    Mutant(
        "0 * log 0 is NaN", "cross_entropy", "numpy",
        ((r"_product\(target, log_p\)", "target * log_p"),), ("value at extremes",),
    ),
    Mutant(
        "no shift by the largest logit", "cross_entropy", "numpy",
        (
            (r"gap = top - logits", "gap = -logits"),
            (r"gap_c = top - ", "gap_c = -"),
            (r"_exp_difference\(logits, top, at_top_class\)", "2.0**64 * np.exp(logits)"),
            (r"mass = 2\.0\*\*64 \+ rest", "mass = np.sum(scaled, axis=1, keepdims=True)"),
            (r"np\.log1p\(rest / 2\.0\*\*64\)", "np.log(np.sum(scaled, axis=1, keepdims=True) / 2.0**64)"),
        ),
        ("value at extremes", "gradient at extremes"),
    ),
    Mutant(
        "the result has another dtype", "cross_entropy", "numpy",
        ((r"return losses\.astype\(result, copy=False\)", "return losses.astype(np.float64)"),), ("value",),
    ),
    Mutant(
        "wide is float32", "cross_entropy", "numpy",
        ((r"np\.float64 if precision == \"wide\" else np\.float32", "np.float32"),),
        ("value, wide", "gradient, wide", "hvp, wide"),
    ),
    Mutant(
        "a float64 target is rounded to the dtype of the logits", "brier", "numpy",
        ((r'_array\("target", target, logits\.shape\)', "np.asarray(target, logits.dtype)"),),
        ("value, wide", "gradient, wide"),
    ),
    Mutant(
        "the mean of nothing is NaN whatever is asked", "cross_entropy", "numpy",
        ((r"0 if on_empty == \"zero\" else np\.nan", "np.nan"),), ("value",),
    ),
    Mutant(
        "the gradient of nothing is that of 0/0", "focal", "numpy",
        ((r"factor = dtype\.type\(0\)", "factor = factor / denominator"),),
        ("gradient", "hvp"),
    ),
    Mutant(
        "plus infinity has no limit", "cross_entropy", "numpy",
        ((r"& \(infinite == \"limit\"\)", "& False"),), ("value at extremes", "gradient at extremes"),
    ),
    Mutant(
        "an option is missing", "cross_entropy", "numpy",
        ((r"    reduction: str = \"mean\",\n", ""),), ("signature",),
    ),
    Mutant(
        "a default is another", "focal", "numpy",
        ((r"gamma: float \| None = 2\.0", "gamma: float | None = 1.0"),), ("signature",),
    ),
)  # fmt: skip

TORCH = (
    Mutant(
        "p - y where the target does not sum to one", "cross_entropy", "torch",
        ((r"return residual", "return p - target"),), ("gradient",),
    ),
    Mutant(
        "weight forgotten", "cross_entropy", "torch",
        ((r"1\.0 if weight is None else weight\[y\]", "1.0"),), ("value", "gradient", "hvp"),
    ),
    Mutant(
        "eps / (K - 1) for eps / K", "cross_entropy", "torch",
        ((r"label_smoothing / y\.shape\[1\]", "label_smoothing / max(y.shape[1] - 1, 1)"),), ("value", "gradient"),
    ),
    Mutant(
        "mean by N instead of by the sum of the weights", "cross_entropy", "torch",
        ((r"denominator = row_weight\.sum\(\)", "denominator = rows.shape[0]"),), ("value", "gradient"),
    ),
    Mutant(
        "an ignored row leaks its NaN", "cross_entropy", "torch",
        ((r"rows = _keep\(rows, row_weight != 0\)", "pass"),), ("gradient",),
    ),
    Mutant(
        "cotangent taken as ones", "cross_entropy", "torch",
        ((r"return cotangent \* gradient", "return torch.ones_like(cotangent) * gradient"),), ("gradient",),
    ),
    Mutant(
        "1/N with the wrong sign", "softmax_entropy", "torch",
        ((r"return total / denominator if", "return total / -denominator if"),), ("value", "gradient"),
    ),
    Mutant(
        "the second derivative is lost", "cross_entropy", "torch",
        ((r"_apply\(_IndexGradient, \w+, logits, target\)", "_gradient_index(logits, target).detach()"),),
        ("hvp",),
    ),
    Mutant(
        "the second derivative has the wrong sign", "cross_entropy", "torch",
        ((r"scaled \* \(v_from_top - sum_p_v\)", "scaled * (sum_p_v - v_from_top)"),), ("hvp", "gradgradcheck"),
    ),
    Mutant(
        "the caller's tensor is written to", "cross_entropy", "torch",
        ((r"rows = _rows\(input, precision\)", "rows = _rows(input, precision)\n    rows.detach().sub_(1)"),),
        ("inputs unchanged",),
    ),
    Mutant(
        "wide is float32", "cross_entropy", "torch",
        ((r"return rows\.double\(\)", "return rows.float()"),), ("value, wide", "gradient, wide", "hvp, wide"),
    ),
    Mutant(
        "the backward pass is not as wide", "focal", "torch",
        ((r"_IndexGradientTraced, logits,", "_IndexGradientTraced, logits.float(),"),),
        ("gradient, wide", "hvp, wide"),
    ),
    Mutant(
        "the mean of nothing is NaN whatever is asked", "softmax_entropy", "torch",
        ((r"0\.0 if on_empty == \"zero\" else torch\.nan", "torch.nan"),), ("value",),
    ),
    Mutant(
        "no gradient where plus infinity has a limit", "cross_entropy", "torch",
        ((r"return gradient  # that of the limit", "return 0 * gradient"),), ("gradient at extremes",),
    ),
    Mutant(
        "the class has another default", "focal", "torch",
        ((r"gamma=self\.gamma,", "gamma=self.gamma + 1,"),), ("the nn.Module",),
    ),
)  # fmt: skip
