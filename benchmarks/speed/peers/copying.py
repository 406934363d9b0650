"""The limit: a copy that reads as many bytes as the logits have, and writes as many, in as many threads."""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.speed.data import Data
from benchmarks.speed.machine import compiler
from benchmarks.speed.peers.contestant import ALL_LOSSES, LIMIT, Contestant, Missing, Run
from benchmarks.speed.shapes import DTYPES

C = """
#include <omp.h>
#include <string.h>
void copy(char *to, const char *from, long bytes, int threads)
{
#pragma omp parallel num_threads(threads)
    {
        long share = (bytes / threads + 63) & ~63L, start = share * omp_get_thread_num();
        if (start < bytes)
            memcpy(to + start, from + start, bytes - start < share ? bytes - start : share);
    }
}
"""


def build_c(data: Data) -> Run:
    cc = compiler()
    if cc is None:
        raise Missing("no C compiler: install one, or name it in CC")
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder, "copy.c"), Path(folder, "copy.so")
        source.write_text(C, encoding="utf-8")
        command = [cc, "-O2", "-shared", "-fPIC", "-fopenmp", str(source), "-o", str(library)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Missing(f"{cc} cannot compile with -fopenmp: {done.stderr.strip()}")
        copy = ctypes.CDLL(str(library)).copy
    copy.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_long, ctypes.c_int]
    array, to = data.logits, np.zeros_like(data.logits)
    size = array.size * (2 if data.cell.dtype == "bfloat16" else array.itemsize)
    to_address, address, threads = to.ctypes.data, array.ctypes.data, data.threads

    def run():
        copy(to_address, address, size, threads)
        return None, to

    return run


def build_torch(data: Data) -> Run:
    from benchmarks.speed.peers.pytorch import tensors

    source, _ = tensors(data)
    to = source.clone()

    def run():
        to.copy_(source)
        return None, to

    return run


CONTESTANTS = tuple(
    Contestant(name, LIMIT, "copy", build, ALL_LOSSES, DTYPES, ("times", "growth"))
    for name, build in (("copy, memcpy in threads", build_c), ("copy, PyTorch", build_torch))
)
