"""Threads: one pool with PyTorch, bits that do not depend on their number, none after a fork."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

import numpy as np
import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

#: how many threads a parallel region of the test kernel gets, and which OpenMP runtimes the process has loaded
COUNT = """
import ctypes, os, sys
import numpy as np
from kernels_by_hand.native import cross_entropy, _compile, _openmp
cross_entropy.value(np.zeros((64, 9)), np.zeros(64, int))
def threads():
    return _compile.load("cross_entropy", "float64").symce_threads()
def runtimes():
    with open("/proc/self/maps") as maps:
        paths = {line.split(maxsplit=5)[-1].strip() for line in maps if ".so" in line}
    return sorted(p for p in paths if os.path.basename(p).startswith(("libgomp", "libomp", "libiomp")))
"""

linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc, and the sharing of GCC's runtime, are Linux's")


@pytest.fixture(scope="session")
def cross_entropy(native: ModuleType) -> Any:
    return importlib.import_module(f"{native.__name__}.cross_entropy")


def test_bits_do_not_depend_on_threads(cross_entropy: Any) -> None:
    rng = np.random.default_rng(1)
    z, c = rng.normal(size=(301, 17)), rng.integers(0, 17, 301)
    first = cross_entropy.value_and_grad(z, c, threads=1)
    for threads in (0, 2, 3, 8):
        loss, gradient = cross_entropy.value_and_grad(z, c, threads=threads)
        assert loss == first[0]
        np.testing.assert_array_equal(gradient, first[1])


def test_four_threads_call_one_kernel(cross_entropy: Any) -> None:
    rng = np.random.default_rng(2)
    arrays = [(rng.normal(size=(50, n)), rng.integers(0, n, 50)) for n in (2, 3, 5, 7)]
    expected = [cross_entropy.value_and_grad(z, c) for z, c in arrays]

    def many(n: int) -> bool:
        z, c = arrays[n]
        for _ in range(200):
            loss, gradient = cross_entropy.value_and_grad(z, c, threads=2)
            if loss != expected[n][0] or not np.array_equal(gradient, expected[n][1]):
                return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(many, range(4)))


def test_four_threads_load_one_kernel_at_once(python: Run, tmp_path: Any) -> None:
    script = """
from concurrent.futures import ThreadPoolExecutor
from kernels_by_hand.native import _compile
made = []
compile = _compile._compile
_compile._compile = lambda plan: (made.append(plan), compile(plan))
with ThreadPoolExecutor(4) as pool:
    found = list(pool.map(lambda n: _compile.load("cross_entropy", "float32"), range(4)))
print(len(made), len(set(map(id, found))))
"""
    assert python(script, SYMCE_CACHE=str(tmp_path / "cache")).stdout.split() == ["1", "1"]


@pytest.mark.parametrize("first", ["kernel", "torch"])
@pytest.mark.long
def test_a_fork_after_use_with_threads(python: Run, first: str) -> None:
    """The child has no pool, and its parent's would be waited for: it computes alone, and so do its children."""
    script = f"""
import os, sys
import numpy as np
from kernels_by_hand.native import cross_entropy
import torch
z, c = np.random.default_rng(0).normal(size=(400, 9)), np.zeros(400, int)
if {first == "torch"}:
    torch.ones(1000, 1000) @ torch.ones(1000, 1000)
    torch.ones(3000000).exp()
expected = cross_entropy.value_and_grad(z, c, threads=2)
def right():
    loss, gradient = cross_entropy.value_and_grad(z, c, threads=2)
    weighted = cross_entropy.value(z, c, threads=2, weight=[1] * 9)
    return loss == expected[0] and np.array_equal(gradient, expected[1]) and weighted == loss
def child(depth):
    pid = os.fork()
    if pid == 0:
        ok = right() and (depth == 0 or child(depth - 1))
        os._exit(0 if ok else 1)
    return os.waitpid(pid, 0)[1] == 0
assert child(1)
assert right()
"""
    python(script)


def test_a_fork_while_another_thread_loads(python: Run, tmp_path: Any) -> None:
    script = """
import os, threading, time
from kernels_by_hand.native import _compile
compile = _compile._compile
begun = threading.Event()
def slowly(plan):
    begun.set()
    time.sleep(1)
    compile(plan)
_compile._compile = slowly
loading = threading.Thread(target=_compile.load, args=("cross_entropy", "float32"))
loading.start()
begun.wait()
pid = os.fork()
if pid == 0:
    _compile.load("cross_entropy", "float32")
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
loading.join()
"""
    python(script, SYMCE_CACHE=str(tmp_path / "cache"))


@linux
@pytest.mark.parametrize("order", ["before", "after"])
@pytest.mark.long
def test_one_pool_with_torch_whichever_is_imported_first(python: Run, order: str) -> None:
    script = ("import torch\n" if order == "before" else "") + COUNT
    script += "import torch\n" if order == "after" else ""
    script += """
torch.ones(3_000_000).exp()
torch.set_num_threads(3)
three = threads()
torch.set_num_threads(1)
print(three, threads(), len(runtimes()), os.path.dirname(runtimes()[0]) == os.path.join(torch.__path__[0], "lib"))
"""
    assert python(script).stdout.split() == ["3", "1", "1", "True"]


@linux
def test_environment_variables_of_openmp_hold(python: Run) -> None:
    for number in ("1", "3"):
        assert python(COUNT + "print(threads())", OMP_NUM_THREADS=number).stdout.strip() == number


@linux
def test_without_torch_it_is_the_systems_runtime(python: Run) -> None:
    hidden = "import importlib.util\nfind = importlib.util.find_spec\n"
    hidden += "importlib.util.find_spec = lambda n, *a: None if n == 'torch' else find(n, *a)\n"
    found = python(hidden + COUNT + "print(_openmp.runtime(), len(runtimes()), threads())", OMP_NUM_THREADS="2")
    assert found.stdout.split() == ["libgomp.so.1", "1", "2"]


@linux
def test_without_any_runtime_it_is_compiled_without(python: Run, tmp_path: Any) -> None:
    script = """
from kernels_by_hand.native import _openmp
_openmp._candidates = lambda: ["libnosuchthing.so"]
import numpy as np
from kernels_by_hand.native import cross_entropy, _compile
assert not hasattr(_compile.load("cross_entropy", "float64"), "symce_threads")
print(cross_entropy.value(np.zeros((8, 4)), np.zeros(8, int), threads=2))
"""
    assert float(python(script, SYMCE_CACHE=str(tmp_path / "cache")).stdout) == pytest.approx(np.log(4))


@pytest.mark.long
def test_a_worker_of_a_data_loader_has_one_thread(python: Run) -> None:
    script = (
        COUNT
        + """
import torch
from torch.utils.data import DataLoader, Dataset
class Losses(Dataset):
    def __len__(self):
        return 4
    def __getitem__(self, n):
        loss = cross_entropy.value(np.eye(4)[n:n + 1], np.array([n]))
        return torch.tensor([float(loss), torch.get_num_threads()])
for batch in DataLoader(Losses(), num_workers=2, batch_size=2):
    print(*batch.flatten().tolist())
"""
    )
    numbers = np.array(python(script).stdout.split(), float).reshape(4, 2)
    np.testing.assert_allclose(numbers[:, 0], np.log(np.e + 3) - 1)
    assert list(numbers[:, 1]) == [1] * 4


def test_a_kernel_does_not_hold_pythons_lock(cross_entropy: Any) -> None:
    """While one thread computes, another one runs."""
    z, c = np.zeros((4000, 500)), np.zeros(4000, int)
    cross_entropy.value(z[:1], c[:1])
    ticks = []
    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(cross_entropy.value_and_grad, z, c, threads=1)
        while not work.done():
            ticks.append(os.getpid())
    assert len(ticks) > 100
