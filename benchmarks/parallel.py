"""Classes over processes: seconds and messages of one loss and gradient, beside PyTorch's own loss parallelism.

    python benchmarks/parallel.py [ROWS] [CLASSES] [PROCESSES]

Processes of this machine, joined by gloo, with one thread each; the best of five. Ratios within one run mean something.
With GPUs: torchrun --nproc-per-node=8 benchmarks/parallel.py --nccl [ROWS] [CLASSES].
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import Replicate, Shard, distribute_tensor
from torch.distributed.tensor.parallel import loss_parallel
from torch.nn import functional as F

from symce_kernels.torch.parallel import Shards, cross_entropy

REPEATS = 5


def measure(rows: int, classes: int, device: str) -> None:
    """Prints a line for each way, by the first process."""
    rank, processes = dist.get_rank(), dist.get_world_size()
    size = classes // processes + (rank < classes % processes)
    shards = Shards(size)
    mesh = init_device_mesh(device, (processes,))
    draw = torch.Generator(device=device).manual_seed(rank)
    part = torch.randn(rows, size, generator=draw, device=device, requires_grad=True)
    target = torch.arange(rows, device=device) * 7919 % classes

    def ours() -> None:
        torch.autograd.grad(cross_entropy(part, target, shards), part)

    def here_alone() -> None:
        torch.autograd.grad(cross_entropy(part, target % size, Shards.of_sizes([size], alone)), part)

    whole = distribute_tensor(torch.randn(rows, classes, device=device), mesh, [Shard(1)]).requires_grad_()
    labels = distribute_tensor(target, mesh, [Replicate()])

    def theirs() -> None:
        with loss_parallel():
            F.cross_entropy(whole, labels).backward()

    alone = [dist.new_group([n]) for n in range(processes)][rank]
    for name, call in (("symce", ours), ("symce, own classes, nothing sent", here_alone), ("loss_parallel", theirs)):
        seconds = best(call, device)
        if rank == 0:
            print(f"{rows:>7} {classes:>8} {processes:>4}  {seconds * 1000:9.1f} ms  {name}", flush=True)


def best(call: Callable[[], None], device: str) -> float:
    times = []
    for _ in range(REPEATS + 1):
        dist.barrier()
        start = time.perf_counter()
        call()
        if device == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return min(times[1:])


def _process(rank: int, processes: int, place: str, rows: int, classes: int) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", store=dist.FileStore(place, processes), rank=rank, world_size=processes)
    measure(rows, classes, "cpu")
    dist.barrier()
    dist.destroy_process_group()


def main() -> None:
    numbers = [int(a) for a in sys.argv[1:] if a != "--nccl"]
    rows, classes, processes = (*numbers, *(1024, 32768, 2)[len(numbers) :])[:3]
    if "--nccl" in sys.argv:
        if not torch.cuda.is_available():
            sys.exit("not run: no CUDA device; run: torchrun --nproc-per-node=8 benchmarks/parallel.py --nccl")
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        dist.init_process_group("nccl")
        measure(rows, classes, "cuda")
        dist.destroy_process_group()
        return
    with tempfile.TemporaryDirectory() as folder:
        mp.spawn(_process, (processes, f"{folder}/store", rows, classes), processes)


if __name__ == "__main__":
    main()
