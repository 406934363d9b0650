"""Which targets a command is asked for."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from symce.cli.errors import CannotRun


def chosen_targets(names: Sequence[str] | None) -> list[str]:
    """The targets of these names, each once; all for no names. Raises CannotRun for an unknown one."""
    from symce.targets import TARGETS  # brings the template engine along

    for name in names or ():
        if name not in TARGETS:
            near = difflib.get_close_matches(name.lower(), TARGETS, n=1)
            raise CannotRun(
                f"no target is named {name!r}",
                f"Did you mean {near[0]}?" if near else f"There are: {', '.join(TARGETS)}.",
            )
    return list(dict.fromkeys(names)) if names else list(TARGETS)
