"""One of several processes: makes every call with the classes of each number of processes, and keeps what it gets.

    python worker.py RANK PROCESSES FOLDER

Processes meet in a file of the folder, so that no port is needed, and each writes ``RANK.pt`` there.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ["SYMCE_NATIVE"] = "0"  # the reference by PyTorch's operations: nothing has to be compiled
os.environ["OMP_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch
import torch.distributed as dist
from parallel.cases import CASES, SIZES, Case
from parallel.means import means
from parallel.meshes import meshes

from symce_kernels.torch.parallel import Shards

COLLECTIVES = (
    "all_reduce", "reduce", "broadcast", "all_gather", "all_gather_into_tensor", "all_gather_object", "gather",
    "scatter", "reduce_scatter", "reduce_scatter_tensor", "all_to_all", "all_to_all_single", "send", "recv", "barrier",
)  # fmt: skip


def agreement(rank: int) -> Iterator[tuple[str, Any]]:
    """Every call, with each number of processes; what one process alone makes of it comes from the last."""
    groups = {n: dist.new_group(list(range(n))) for n in SIZES}
    for n, sizes in SIZES.items():
        if rank < n:
            shards = Shards(sizes[rank], groups[n])
            for name, case in CASES.items():
                yield f"{name}/{n}", case.sharded(shards)
    if rank == dist.get_world_size() - 1:
        for name, case in CASES.items():
            yield name, case.single()


def messages(rank: int) -> Iterator[tuple[str, Any]]:
    """What is sent by one call, as numbers of bytes: by its forward pass, its gradient, and its second derivative."""
    shards = Shards.of_sizes(SIZES[4])
    for name, case in CASES.items():
        if case.data in ("plain", "special"):
            yield f"messages/{name}", _sent(case, shards)


def _sent(case: Case, shards: Shards) -> list[list[int]]:
    t = case.tensors()
    own = slice(shards.offset, shards.offset + shards.size)
    logits = t["logits"][:, own].clone().requires_grad_()
    options = {k: v[:, own] if getattr(v, "shape", ()) == t["logits"].shape else v for k, v in t["options"].items()}
    target = t["target"]
    target = target[:, own] if target is not None and target.is_floating_point() else target
    function = case.parallel()
    with recorded() as sent:
        loss = function(*((logits,) if target is None else (logits, target)), shards=shards, **options)
    forward = list(sent)
    with recorded() as sent:
        (gradient,) = torch.autograd.grad(loss, logits, t["cotangent"], create_graph=True)
    backward = list(sent)
    with recorded() as sent:
        torch.autograd.grad(gradient, logits, t["v"][:, own], allow_unused=True)
    return [forward, backward, list(sent)]


@contextmanager
def recorded() -> Iterator[list[int]]:
    """The sizes in bytes of the messages sent meanwhile; any collective but an all-reduce counts as a million."""
    sent: list[int] = []
    kept = {name: getattr(dist, name) for name in COLLECTIVES}

    def counting(name: str) -> Callable[..., Any]:
        def call(tensor: Any, *more: Any, **options: Any) -> Any:
            sent.append(tensor.numel() * tensor.element_size() if name == "all_reduce" else 10**6)
            return kept[name](tensor, *more, **options)

        return call

    for name in COLLECTIVES:
        setattr(dist, name, counting(name))
    try:
        yield sent
    finally:
        for name, function in kept.items():
            setattr(dist, name, function)


def main() -> None:
    rank, processes, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    torch.set_num_threads(1)
    store = dist.FileStore(str(folder / "store"), processes)
    dist.init_process_group("gloo", store=store, rank=rank, world_size=processes)
    found = {name: value for part in (agreement, messages, meshes, means) for name, value in part(rank)}
    torch.save(found, folder / f"{rank}.pt")
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
