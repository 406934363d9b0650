"""Generated JAX functions against the NumPy kernels, optax and themselves: options, transforms, extremes, errors."""

from __future__ import annotations

import importlib
import itertools
import subprocess
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.test_util import check_grads
from targets.jax_kernels import LOSSES, call, function, module, numpy_kernel
from targets.programs import KERNELS

from symce.verify.case import Case, draw

#: what an entry may be off by: so many epsilons of the largest number of its row
ALLOWED = {"float64": 32, "float32": 32}


@pytest.fixture(autouse=True)
def float64() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


@pytest.fixture
def by_operations() -> Iterator[None]:
    """Operation by operation, each compiled once: for many options of one shape, which XLA need not fuse."""
    with jax.disable_jit():
        yield


def exact(name: str, case: Case) -> dict[str, Any]:
    """The NumPy kernel, for float32 in float64."""
    f, wide = numpy_kernel(name).functions, {"float32": np.float64}.get(case.dtype)
    z = case.logits.astype(wide or case.dtype)
    options = {n: a for n, a in case.options(numpy_kernel(name)).items() if n != "precision"}
    args = () if case.target is None else (case.target,)
    flow = {}
    if case.reduction == "none":
        entries = f["value"](z, *args, **options).ndim == 2
        flow["cotangent"] = (case.cotangent if entries else case.cotangent[:, 0]).astype(z.dtype)
    args = tuple(a.astype(z.dtype) if a.dtype.kind == "f" else a for a in args)
    options = {n: a.astype(z.dtype) if np.ndim(a) else a for n, a in options.items()}
    hvp = f["hvp"](z, *args, case.v.astype(z.dtype), **options, **flow)
    return {
        "value": f["value"](z, *args, **options),
        "gradient": f["grad"](z, *args, **options, **flow),
        "hvp": hvp,
    }


def wrong(name: str, case: Case, loss: Callable[..., jax.Array] | None = None) -> list[str]:
    """What of a call is further from the exact results than is allowed."""
    got, right = call(name, case, loss=loss), exact(name, case)
    found = []
    for quantity, b in right.items():
        b = np.asarray(b, float)
        size = np.max(np.abs(b), axis=-1, keepdims=True, initial=0, where=np.isfinite(b)) if b.ndim else np.abs(b)
        bound = ALLOWED[case.dtype] * np.finfo(case.dtype).eps * np.maximum(size, np.abs(b)) + 1e-30
        a = got[quantity]
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        if not np.all(same | (np.abs(a - b) <= bound)):
            found.append(f"{name} {case.form} {case.dtype} {quantity}: {a} is not {b}")
    return found


def cases(name: str, dtype: str, **more: Any) -> Iterator[Case]:
    """One call a form of the target, of ordinary rows."""
    loss = LOSSES[name]
    for form in numpy_kernel(name).forms:
        rng = np.random.default_rng([len(name), form == "dense"])
        options = {"size": 10, "batch": (8,), "dtype": dtype, "form": form, "reduction": "none", **more}
        yield draw(loss, rng, **options)


@pytest.mark.usefixtures("by_operations")
@pytest.mark.parametrize("dtype", sorted(ALLOWED))
@pytest.mark.parametrize("name", sorted(LOSSES))
def test_every_loss_and_its_derivatives(name: str, dtype: str) -> None:
    assert [line for case in cases(name, dtype) for line in wrong(name, case)] == []


@pytest.mark.parametrize("dtype", sorted(ALLOWED))
@pytest.mark.parametrize("name", ["cross_entropy", "distillation", "kl_target_softmax"])
def test_compiled_as_a_whole(name: str, dtype: str) -> None:
    """Losses that between them have most of the exact operations: what XLA fuses must not cost their digits."""
    assert [line for case in cases(name, dtype) for line in wrong(name, case)] == []


@pytest.mark.parametrize("name", sorted(LOSSES))
@pytest.mark.usefixtures("by_operations")
def test_backward_through_the_gradient_is_the_hessian_too(name: str) -> None:
    """The Hessian is symmetric: turned around by JAX, the product along v is that with v."""
    for case in cases(name, "float64", reduction="sum"):
        args = () if case.target is None else (case.target,)
        options = case.options(numpy_kernel(name))

        def gradient(z: Any, args: Any = args, options: Any = options) -> Any:
            return jax.grad(lambda z: function(name)(z, *args, **options))(z)

        z = case.logits.copy()
        if name not in ("bce_with_logits", "sigmoid_focal", "nll_loss"):
            z[0, 1] = -np.inf  # a masked class: 0 times infinity must come out of neither
            if args and args[0].ndim == 2:
                args[0][0, 1] = 0
            elif args:
                args[0][0] = 0
        along, back = jax.jvp(gradient, (z,), (case.v,))[1], jax.vjp(gradient, z)[1](jnp.asarray(case.v))[0]
        finite = np.isfinite(np.asarray(along))
        assert finite[1:].all()
        np.testing.assert_array_equal(np.isfinite(back), finite)
        np.testing.assert_allclose(back, along, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("form", ["index", "dense"])
@pytest.mark.usefixtures("by_operations")
def test_cross_entropy_over_the_product_of_its_options(form: str) -> None:
    rng = np.random.default_rng(3)
    z, cotangent, v = rng.normal(size=(4, 3, 5)) * 3, rng.normal(size=(4, 5)), rng.normal(size=(4, 3, 5))
    y = rng.integers(0, 3, (4, 5)) if form == "index" else rng.dirichlet(np.ones(3), (4, 5)).swapaxes(1, 2)
    kernel = numpy_kernel("cross_entropy").functions
    product = itertools.product((None, rng.random(3)), (0.0, 0.1), (-100, 1), ("mean", "sum", "none"), (None, 2.5))
    for weight, smoothing, ignored, reduction, normalizer in product:
        if normalizer is not None and reduction != "mean":
            continue
        words = {"reduction": reduction, "axis": 1}
        options = {"weight": weight, "label_smoothing": smoothing, "ignore_index": ignored, "normalizer": normalizer}
        flow = {"cotangent": cotangent} if reduction == "none" else {}
        value, gradient = kernel["value_and_grad"](z, y, **options, **words, **flow)
        product_ = kernel["hvp"](z, y, v, **options, **words, **flow)

        def derivative(z: Any, options: Any = options, words: Any = words) -> Any:
            loss, back = jax.vjp(lambda z: function("cross_entropy")(z, y, **options, **words), z)
            return back(jnp.asarray(cotangent) if words["reduction"] == "none" else jnp.ones(()))[0], loss

        got, along, loss = jax.jvp(derivative, (z,), (v,), has_aux=True)
        for a, b in ((loss, value), (got, gradient), (along, product_)):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


Z = np.random.default_rng(4).normal(size=(6, 5)) * 3
INDEX = np.random.default_rng(5).integers(0, 5, 6)
SOFT = np.random.default_rng(6).dirichlet(np.ones(5), 6)
MANY = np.random.default_rng(7).random((6, 5))
OPTAX: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "cross_entropy": (
        lambda z: function("cross_entropy")(z, INDEX, reduction="none"),
        lambda z: optax.softmax_cross_entropy_with_integer_labels(z, INDEX),
    ),
    "cross_entropy, dense": (
        lambda z: function("cross_entropy")(z, SOFT, reduction="none"),
        lambda z: optax.softmax_cross_entropy(z, SOFT),
    ),
    "label smoothing": (
        lambda z: function("cross_entropy")(z, INDEX, label_smoothing=0.2, reduction="none"),
        lambda z: optax.softmax_cross_entropy(z, optax.smooth_labels(jax.nn.one_hot(INDEX, 5), 0.2)),
    ),
    "bce_with_logits": (
        lambda z: function("bce_with_logits")(z, MANY, reduction="none"),
        lambda z: optax.sigmoid_binary_cross_entropy(z, MANY),
    ),
    "sigmoid_focal": (
        lambda z: function("sigmoid_focal")(z, np.round(MANY), gamma=2.0, alpha=0.3, beta=0.7, reduction="none"),
        lambda z: optax.sigmoid_focal_loss(z, np.round(MANY), alpha=0.3, gamma=2.0),
    ),
    "kl_target_softmax": (
        lambda z: function("kl_target_softmax")(z, SOFT, reduction="none"),
        lambda z: optax.kl_divergence(jax.nn.log_softmax(z), SOFT),
    ),
    "poly1": (
        lambda z: function("poly1")(z, INDEX, eps=2.0, reduction="none"),
        lambda z: optax.losses.poly_loss_cross_entropy(z, jax.nn.one_hot(INDEX, 5), epsilon=2.0),
    ),
}


@pytest.mark.usefixtures("by_operations")
@pytest.mark.parametrize("name", OPTAX)
def test_as_optax(name: str) -> None:
    ours, theirs = OPTAX[name]
    flow = np.random.default_rng(8).normal(size=np.shape(ours(Z)))

    def both(f: Callable[..., Any]) -> tuple[Any, ...]:
        def gradient(z: Any) -> Any:
            return jax.vjp(f, z)[1](jnp.asarray(flow))[0]

        return f(Z), gradient(Z), jax.jvp(gradient, (Z,), (Z,))[1]

    for a, b in zip(both(ours), both(theirs), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


def test_transforms() -> None:
    def loss(z: Any) -> Any:
        return function("cross_entropy")(z, INDEX)

    p = np.asarray(jax.nn.softmax(Z))
    hessian = np.zeros((6, 5, 6, 5))
    for n in range(6):
        hessian[n, :, n, :] = (np.diag(p[n]) - np.outer(p[n], p[n])) / 6
    for outer, inner in itertools.product((jax.jacfwd, jax.jacrev), repeat=2):
        np.testing.assert_allclose(jax.jit(outer(inner(loss)))(Z), hessian, atol=1e-15)
    gradient = numpy_kernel("cross_entropy").functions["grad"](Z, INDEX)
    each = jax.vmap(jax.grad(function("cross_entropy")))(Z, INDEX)
    for got in (
        each / 6,
        jax.grad(jax.checkpoint(loss))(Z),
        jax.linear_transpose(jax.linearize(loss, Z)[1], Z)(1.0)[0],
    ):
        np.testing.assert_allclose(got, gradient, rtol=1e-13, atol=1e-16)

    def scanned(z: Any) -> Any:
        def step(total: Any, row: Any) -> Any:
            return (total[0] + function("cross_entropy")(row, total[1], reduction="sum"), total[1]), None

        return jax.lax.scan(step, (0.0, jnp.asarray(SOFT[0])), z)[0][0]

    each = numpy_kernel("cross_entropy").functions["grad"](Z, np.tile(SOFT[0], (6, 1)), reduction="sum")
    np.testing.assert_allclose(jax.grad(scanned)(Z), each, rtol=1e-12, atol=1e-15)
    assert np.isfinite(jax.jacfwd(jax.hessian(loss))(Z)).all()  # a third derivative is JAX's of the closed form


def test_numbers_may_be_traced() -> None:
    run = jax.jit(
        lambda z, T, eps, n: function("temperature_cross_entropy")(z, INDEX, T=T, label_smoothing=eps, normalizer=n)
    )
    for T, eps, n in ((0.5, 0.0, 3.0), (2.0, 0.1, 1.0)):
        right = numpy_kernel("temperature_cross_entropy").functions["value"](
            Z, INDEX, T=T, label_smoothing=eps, normalizer=n
        )
        np.testing.assert_allclose(run(Z, T, eps, n), right, rtol=1e-13)
    several = jax.vmap(lambda g: function("focal")(Z, INDEX, gamma=g))(jnp.array([0.0, 0.5, 2.0]))
    right = [numpy_kernel("focal").functions["value"](Z, INDEX, gamma=g) for g in (0.0, 0.5, 2.0)]
    np.testing.assert_allclose(several, right, rtol=1e-13)


@pytest.mark.parametrize("name", ["cross_entropy", "focal", "poly1", "label_smoothing"])
@pytest.mark.usefixtures("by_operations")
def test_extremes(name: str) -> None:
    """Infinities and NaN stand where they stand in NumPy's results; what an ignored row holds, counts for nothing."""
    inf, nan = np.inf, np.nan
    z = np.array([[1e30, 0, -1e30], [-inf, 0, 1], [0, -inf, -inf], [inf, 0, 0], [nan, 0, 0], [nan, inf, 0], [40, 0, 0]])
    y = np.array([0, 2, 0, 0, 0, -100, 0])
    f = numpy_kernel(name).functions
    for infinite in ("nan", "limit"):
        words = {"reduction": "sum", "infinite": infinite}
        gradient = jax.grad(lambda z, words=words: function(name)(z, y, **words))
        value = function(name)(z, y, reduction="none", infinite=infinite)
        np.testing.assert_allclose(value, f["value"](z, y, reduction="none", infinite=infinite), rtol=1e-13)
        np.testing.assert_allclose(gradient(z), f["grad"](z, y, **words), rtol=1e-12, atol=1e-300)
        along = jax.jvp(gradient, (z,), (np.tile([1.0, 2.0, 4.0], (7, 1)),))[1]
        assert np.isfinite(along[np.isfinite(f["grad"](z, y, **words))]).all()


def test_small_probabilities_keep_their_digits_in_float32() -> None:
    z = jnp.array([[0.0, -m] for m in (10, 20, 40, 80)], jnp.float32)
    exact_ = np.log1p(np.exp(-np.array([10.0, 20, 40, 80])))
    loss = function("cross_entropy")(z, jnp.zeros(4, int), reduction="none")
    np.testing.assert_allclose(loss, exact_, rtol=4 * 2**-24)


@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16])
def test_half_precision_is_rounded_once(dtype: Any) -> None:
    z = jnp.asarray(Z).astype(dtype)

    def gradient(z: Any) -> Any:
        return jax.value_and_grad(lambda z: function("cross_entropy")(z, INDEX, reduction="sum"))(z)

    narrow, single = gradient(z), gradient(z.astype(jnp.float32))
    for a, b in zip(narrow, single, strict=True):
        assert a.dtype == dtype
        np.testing.assert_array_equal(a, b.astype(dtype))


def test_nothing_to_average() -> None:
    ignored = np.full(6, -100)
    for on_empty, value in (("nan", np.nan), ("zero", 0.0)):
        got, gradient = jax.value_and_grad(function("cross_entropy"))(Z, ignored, on_empty=on_empty)
        np.testing.assert_equal(float(got), value)
        np.testing.assert_array_equal(gradient, np.zeros_like(Z))


def test_a_class_out_of_range_that_is_traced_makes_its_row_nan() -> None:
    loss = jax.jit(lambda z, y: function("cross_entropy")(z, y, reduction="none"))
    y = np.array([5, -1, 2, 3, -100, 0])
    np.testing.assert_array_equal(np.isnan(loss(Z, y)), [True, True, False, False, False, False])
    gradient = jax.grad(lambda z: jnp.sum(loss(z, y)))(Z)
    np.testing.assert_array_equal(np.isnan(gradient).all(axis=1), [True, True, False, False, False, False])
    assert np.isfinite(gradient[2:]).all()


@pytest.mark.parametrize("narrow", [np.uint8, np.int8, np.uint32, np.int64])
def test_any_integers_are_classes(narrow: Any) -> None:
    got = function("cross_entropy")(Z, INDEX.astype(narrow), ignore_index=-100, reduction="none")
    np.testing.assert_array_equal(got, function("cross_entropy")(Z, INDEX, reduction="none"))


ERRORS: dict[str, tuple[type[Exception], Callable[[], Any]]] = {
    "target: class 7 at position": (ValueError, lambda: function("cross_entropy")(Z, INDEX * 0 + 7)),
    "target: integers of shape": (ValueError, lambda: function("cross_entropy")(Z, INDEX[:3])),
    "target: dtype": (TypeError, lambda: function("focal")(Z, INDEX.astype(float))),
    "reduction: 'x'; allowed": (ValueError, lambda: function("cross_entropy")(Z, INDEX, reduction="x")),
    "logits: dtype int64; allowed": (TypeError, lambda: function("cross_entropy")(Z.astype(int), INDEX)),
    "axis: 2; allowed": (ValueError, lambda: function("cross_entropy")(Z, INDEX, axis=2)),
    "gamma: -1.0; allowed": (ValueError, lambda: function("focal")(Z, INDEX, gamma=-1)),
    "gamma: .*allowed: a number": (TypeError, lambda: function("focal")(Z, INDEX, gamma="two")),
    "weight: shape": (ValueError, lambda: function("cross_entropy")(Z, INDEX, weight=np.ones(3))),
    "normalizer: 0.0; allowed": (ValueError, lambda: function("cross_entropy")(Z, INDEX, normalizer=0)),
    "target: only the logits": (ValueError, lambda: jax.grad(lambda y: function("cross_entropy")(Z, y))(SOFT)),
    "weight: only the logits": (
        ValueError,
        lambda: jax.grad(lambda w: function("cross_entropy")(Z, INDEX, weight=w))(np.ones(5)),
    ),
    "gamma: only the logits": (ValueError, lambda: jax.grad(lambda g: function("focal")(Z, INDEX, gamma=g))(2.0)),
}


@pytest.mark.parametrize("message", ERRORS)
def test_errors_name_the_argument_and_what_is_allowed(message: str) -> None:
    kind, run = ERRORS[message]
    with pytest.raises(kind, match=message):
        run()


def test_without_float64() -> None:
    """JAX's default: everything float32, the divergences of nearly equal distributions too."""
    with jax.enable_x64(False):
        z, y = Z.astype(np.float32), np.asarray(jax.nn.softmax(Z)).astype(np.float32)
        y[0] += np.float32(1e-6) * np.array([1, -1, 0, 0, 0], np.float32)
        loss, gradient = jax.value_and_grad(lambda z: function("kl_target_softmax")(z, y, reduction="sum"))(z)
        assert loss.dtype == gradient.dtype == jnp.float32
        with pytest.raises(ValueError, match="jax_enable_x64"):
            function("cross_entropy")(z, INDEX, precision="wide")
    f = numpy_kernel("kl_target_softmax").functions
    right = f["value_and_grad"](z.astype(float), y.astype(float), reduction="sum")
    np.testing.assert_allclose(loss, right[0], rtol=1e-5)
    np.testing.assert_allclose(gradient, right[1], atol=2**-24)  # p - y, to the digits that p has


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.floats(-1e15, 1e15, allow_subnormal=False).filter(lambda x: x == 0 or abs(x) > 1e-9),
        min_size=16,
        max_size=16,
    )
)
def test_products_and_differences_are_exact_when_compiled(numbers: list[float]) -> None:
    """XLA fuses multiplications and additions: what the exact operations leave out must still be right."""
    m = module("kl_target_softmax")
    a, b = np.array(numbers[:8]), np.array(numbers[8:])
    for operation, right in ((m._exact_product, Fraction.__mul__), (m._difference, Fraction.__sub__)):
        whole, short = jax.jit(operation)(a, b)
        for x, y, high, low in zip(a, b, whole, short, strict=True):
            exact_ = right(Fraction(x), Fraction(y))
            assert abs(Fraction(float(high)) + Fraction(float(low)) - exact_) <= abs(exact_) * Fraction(2) ** -100


MUTATIONS = {
    "the sign of the true class": ("jnp.where(classes == target, -q_c, p)", "jnp.where(classes == target, q_c, p)"),
    "the gradient's denominator": ("p = scaled / mass", "p = scaled / (2 * mass)"),
    "the error of the difference": (
        "return s, (a - (s - t)) - (b + t)",
        "return s, (a - (s - t)) + 1e-9 * (b + t) + 1e-9",
    ),
    "the Hessian without its mean": ("(v_from_top - sum_p_v)", "v_from_top"),
    "the derivative of the losses": ("gradient(*primals) * tangents[0]", "gradient(*primals) * tangents[0] ** 2"),
}


@pytest.mark.parametrize("fault", MUTATIONS)
def test_a_wrong_kernel_is_found(fault: str) -> None:
    text = Path(str(module("cross_entropy").__file__)).read_text(encoding="utf-8")
    before, after = MUTATIONS[fault]
    assert before in text
    names: dict[str, Any] = {"__name__": "mutant"}
    exec(compile(text.replace(before, after), "mutant", "exec"), names)
    case = next(cases("cross_entropy", "float64"))
    assert wrong("cross_entropy", case) == []
    try:
        found = wrong("cross_entropy", case, names["cross_entropy"])
    except NotImplementedError as error:  # JAX cannot go backward through what is not linear
        found = [str(error)]
    assert found != []


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda k: k.name)
@pytest.mark.usefixtures("by_operations")
def test_hand_built_kernels_are_differentiable_twice(package: ModuleType, kernel: Any) -> None:
    """Those without a Hessian-vector product too, where JAX differentiates the text of the gradient."""
    loss = getattr(importlib.import_module(f"{package.__name__}.jax"), kernel.name)
    rng = np.random.default_rng(9)
    z = rng.normal(size=(3, 4))
    args = (
        ()
        if kernel.target == "none"
        else (rng.random((3, 4)),)
        if "index" not in kernel.programs
        else (np.array([0, 1, 3]),)
    )
    shapes = {"": (), "K": (4,), "NxK": (3, 4)}
    options = {p.name: rng.uniform(0.5, 2, shapes[p.shape]) for p in kernel.params}
    options = {n: float(a) if a.ndim == 0 else a for n, a in options.items()}
    check_grads(lambda z: loss(z, *args, **options), (z,), order=2, atol=1e-5, rtol=1e-5)


def test_without_jax_the_package_says_what_to_install() -> None:
    code = "import sys; sys.modules['jax'] = None\nimport symce_kernels.jax"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "ImportError: symce_kernels.jax needs JAX: pip install 'symce[jax]'" in done.stderr


def test_the_name_in_the_package_is_the_function() -> None:
    package = importlib.import_module("symce_kernels.jax")
    importlib.import_module("symce_kernels.jax.focal")
    assert callable(package.focal)
    assert set(package.__all__) == set(LOSSES)
