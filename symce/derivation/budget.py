"""How long a derivation may take: a statement can be short and its derivatives without end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

#: seconds that one loss may take, unless the caller gives another number
SECONDS = 120.0

_deadline: ContextVar[tuple[float, float] | None] = ContextVar("deadline", default=None)


class DerivationError(RuntimeError):
    """A derivation does not reach a closed form; the message names the step where it stopped, or why it cannot."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Let what is derived in this context take no longer than ``seconds``."""
    token = _deadline.set((time.monotonic() + seconds, seconds))
    try:
        yield
    finally:
        _deadline.reset(token)


def check_time(where: str) -> None:
    """Raise DerivationError if the time is over; called between the applications of two rules."""
    deadline = _deadline.get()
    if deadline is not None and time.monotonic() > deadline[0]:
        raise DerivationError(
            f"{where}: not derived within {deadline[1]:g} seconds; state the loss with fewer products of sums and "
            "powers, or give it more time: derive(loss, seconds=...)"
        )
