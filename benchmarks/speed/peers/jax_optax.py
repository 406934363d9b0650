"""JAX: optax's losses where it has them, differentiated and compiled; once into fresh memory, once into donated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.speed.data import Data
from benchmarks.speed.peers.contestant import ALL_LOSSES, PEER, Contestant, Missing, Run
from benchmarks.speed.peers.pytorch import ALPHA, GAMMA, SMOOTHING
from benchmarks.speed.shapes import DTYPES


def loss_and_inputs(data: Data) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """The loss as a function of logits and what else it takes, and these, as JAX's arrays."""
    try:
        import jax
        import jax.numpy as jnp
        import optax
    except ImportError as error:
        raise Missing(f"{error.name} is not installed: pip install 'symce[bench]'") from error

    def array(a):
        return jnp.asarray(a, dtype=data.cell.dtype)

    def weighted_smoothed(z, c, w):
        q = w * optax.smooth_labels(jax.nn.one_hot(c, z.shape[1], dtype=z.dtype), SMOOTHING)
        return optax.softmax_cross_entropy(z, q).sum() / w[c].sum()

    def focal(z, c):
        log_p = jnp.take_along_axis(jax.nn.log_softmax(z), c[:, None], axis=1)[:, 0]
        return (-((1 - jnp.exp(log_p)) ** GAMMA) * log_p).mean()

    z, c = array(data.logits), jnp.asarray(data.target)
    name = data.cell.loss
    if name == "cross_entropy":
        return lambda z, c: optax.softmax_cross_entropy_with_integer_labels(z, c).mean(), (z, c)
    if name == "weighted_smoothed":
        return weighted_smoothed, (z, c, array(data.weight))
    if name == "soft_targets":
        return lambda z, y: optax.softmax_cross_entropy(z, y).mean(), (z, array(data.distribution))
    if name == "focal":
        return focal, (z, c)
    return lambda z, y: optax.sigmoid_focal_loss(z, y, alpha=ALPHA, gamma=GAMMA).mean(), (z, array(data.labels))


def build_fresh(data: Data) -> Run:
    loss, inputs = loss_and_inputs(data)
    import jax

    step = jax.jit(jax.value_and_grad(loss))
    return lambda: jax.block_until_ready(step(*inputs))


def build_donated(data: Data) -> Run:
    """The last gradient's memory is given to the next call: a kept output, as far as JAX has one."""
    loss, inputs = loss_and_inputs(data)
    import jax
    import jax.numpy as jnp

    step = jax.jit(lambda old, *inputs: jax.value_and_grad(loss)(*inputs), donate_argnums=0, keep_unused=True)
    kept = [jnp.zeros_like(inputs[0])]

    def run():
        value, kept[0] = jax.block_until_ready(step(kept[0], *inputs))
        return value, kept[0]

    return run


CONTESTANTS = (
    Contestant("JAX jit, optax", PEER, "jax", build_fresh, ALL_LOSSES, DTYPES, ("times", "overhead", "memory"), True),
    Contestant("JAX jit, optax, donated output", PEER, "jax", build_donated, ALL_LOSSES, DTYPES, compiles=True),
)
