"""Every format of a handout by its name: files by their paths, ready to be written."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from symce.documents.blocks import Handout, Live

Files = Mapping[str, bytes]


def _html(handout: Handout) -> Files:
    from symce.documents.html import render_html
    from symce.targets.javascript import script

    kernels = {kernel.name: kernel for block in handout.blocks if isinstance(block, Live) for kernel in block.kernels}
    return {f"{handout.name}.html": render_html(handout, script(list(kernels.values()))).encode()}


FORMATS: Mapping[str, Callable[[Handout], Files]] = {"html": _html}
