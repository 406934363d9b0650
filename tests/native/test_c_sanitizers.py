"""Memory and undefined behaviour: programs of generated C alone, under the sanitizers of the compiler, without Python.

They are not optimised: nothing that a sanitizer would see is gone then, and they compile in a third of the time.
"""

from __future__ import annotations

import os
import re
import subprocess
from importlib import import_module
from pathlib import Path

import pytest

import symce_kernels

SOURCES = Path(symce_kernels.__file__).parent / "native"
FLAGS = (
    "-std=gnu11", "-O0", "-g", "-fno-math-errno", "-fno-trapping-math", "-fopenmp", "-Wall", "-Wextra", "-Werror",
    "-Wno-unused-parameter", "-Wno-unused-variable", "-Wno-unused-but-set-variable", "-Wno-unused-function",
    "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
)  # fmt: skip
#: every loss that has code of its own, and every dtype with one that has all options
PROGRAMS = (
    ("cross_entropy", "FLOAT32", False),
    ("cross_entropy", "FLOAT16", False),
    ("cross_entropy", "BFLOAT16", False),
    ("cross_entropy", "FLOAT32", True),
    ("focal", "FLOAT32", False),
    ("sigmoid_focal", "FLOAT32", False),
    ("sigmoid_focal", "BFLOAT16", True),
    ("distillation", "FLOAT16", False),
    ("kl_target_softmax", "FLOAT32", False),
    ("kl_target_softmax", "FLOAT64", False),
    ("temperature_cross_entropy", "FLOAT16", True),
    ("weighted_cross_entropy", "FLOAT64", False),
)

MAIN = r"""
#include "KERNEL"
#include <stdio.h>

enum { BY_INDEX = 1, WITH_TARGET = 2, WITH_VALUE = 4, WITH_DERIVATIVE = 8, WITH_V = 16 };
struct entry { const char *name; int64_t (*function)(const struct symce_call *); int kind; };
static const struct entry ENTRIES[] = { ENTRIES_HERE };
enum { MULTILABEL = MULTILABEL_HERE, GAP = 3 };

static uint64_t state = 1;
static uint64_t draw(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return state >> 33;
}
static double uniform(void) { return (double) draw() / 2147483648.0; }

// An array that is exactly as long as it may be read, so that one more entry is an error; in bytes, at least one.
static void *array(size_t bytes)
{
    void *memory = malloc(bytes ? bytes : 1);
    if (!memory) exit(3);
    return memory;
}

static void *copied(const void *from, size_t bytes) { return memcpy(array(bytes), from, bytes); }

static real *reals(int64_t count)
{
    real *a = array((size_t) count * sizeof(real));
    for (int64_t i = 0; i < count; i++) a[i] = (real) (0.1 + 0.8 * uniform());
    return a;
}

// A number that all bytes of all results are in.
static uint64_t mixed = 14695981039346656037u;
static void mix(const void *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) mixed = (mixed ^ ((const unsigned char *) bytes)[i]) * 1099511628211u;
}

static int failed;
static const char *now;
static int64_t now_N, now_K;
static unsigned now_how;
static void expect(int holds, const char *what)
{
    if (holds) return;
    printf("%s, N = %d, K = %d, how = %x: %s\n", now, (int) now_N, (int) now_K, now_how, what);
    failed = 1;
}

// Ordinary logits; or some NaN, -inf, +inf and very large ones among them, or whole rows of -inf.
static double logit(int64_t n, int special)
{
    if (special && n % 5 == 4) return -INFINITY;
    if (special && draw() % 7 == 0) {
        static const double SPECIAL[] = {NAN, INFINITY, -INFINITY, 6e4, -6e4, 0};
        return SPECIAL[draw() % 6];
    }
    return 8 * uniform() - 4;
}

static void one(const struct entry *entry, int64_t N, int64_t K, unsigned how)
{
    now = entry->name, now_N = N, now_K = K, now_how = how;
    const int special = how & 1, apart = how >> 1 & 1, in_place = how >> 2 & 1, given_weight = how >> 3 & 1;
    const int ignored = how >> 4 & 1, smoothed = how >> 5 & 1, off = how >> 6 & 1, stored = how >> 7 & 1;
    const int reduction = (int) (how >> 8) % 3, two_threads = how >> 4 & 1, wrong = how >> 10 & 1;
    // rows begin at no multiple of anything, and have gaps between them
    const int64_t stride = apart ? K + GAP : K, size = off + (N ? (N - 1) * stride + K : 0);
    const size_t bytes = (size_t) size * sizeof(storage);
    storage *logits = array(bytes);
    for (int64_t i = 0; i < size; i++) logits[i] = store((real) logit((i - off) / stride, special));
    storage *kept = copied(logits, bytes);
    struct symce_call call = {.logits_stride = stride, .rows = N, .classes = K, .ignore_index = -100};
    call.logits = logits + off;
    call.reduction = reduction;
    call.options = (special ? 2 : 0) + (stored ? 4 : 0) + (how >> 3 & 1);
    call.label_smoothing = smoothed ? 0.125 : 0;
    call.normalizer = how >> 5 & 1 ? 2.5 : 0;
    call.threads = two_threads ? 2 : 1;

    int64_t *classes = 0;
    void *target = 0;
    if (entry->kind & BY_INDEX) {
        classes = array((size_t) N * sizeof(int64_t));
        for (int64_t n = 0; n < N; n++) classes[n] = ignored && draw() % 3 == 0 ? -100 : (int64_t) draw() % K;
        call.target = classes;
    } else if (entry->kind & WITH_TARGET) {
        call.target_stride = stride;
        if (stored) {
            storage *y = array(bytes);
            for (int64_t i = 0; i < size; i++) y[i] = store((real) uniform());
            target = y;
            call.target = y + off;
        } else {
            real *y = reals(size);
            target = y;
            call.target = y + off;
        }
    }
    real *v = entry->kind & WITH_V ? reals(size) : 0, *weight = given_weight ? reals(K) : 0;
    call.v = v ? v + off : 0;
    call.v_stride = stride;
    call.weight = weight;
    const int64_t losses = MULTILABEL ? N * K : N;
    real *cotangent = reduction == NONE && given_weight ? reals(losses) : 0;
    call.cotangent = cotangent;
    double *total = array(sizeof(double));
    *total = -7;
    if ((entry->kind & WITH_VALUE) && reduction != NONE) call.total = total;
    storage *loss = array((size_t) losses * sizeof(storage)), guard = store((real) -7);
    for (int64_t i = 0; i < losses; i++) loss[i] = guard;
    if ((entry->kind & WITH_VALUE) && reduction == NONE) call.losses = loss;
    storage *out = array(bytes);
    for (int64_t i = 0; i < size; i++) out[i] = guard;
    if (entry->kind & WITH_DERIVATIVE) {
        call.derivative = out + off;
        call.derivative_stride = stride;
    }
    PARAMETERS_HERE

    if (classes && wrong && N) {  // nothing is written
        const int64_t place = (int64_t) draw() % N, right = classes[place];
        classes[place] = draw() % 2 ? K : -1;
        expect(entry->function(&call) == place + 1, "the row with a class out of range is not named");
        expect(*total == -7, "the total was written");
        for (int64_t i = 0; i < losses; i++) expect(!memcmp(loss + i, &guard, sizeof guard), "a loss was written");
        for (int64_t i = 0; i < size; i++) expect(!memcmp(out + i, &guard, sizeof guard), "a derivative was written");
        classes[place] = right;
    }
    expect(entry->function(&call) == 0, "not 0");
    expect(!memcmp(logits, kept, bytes), "the logits were written to");
    for (int64_t i = 0; i < size; i++) {
        const int64_t n = (i - off) / stride, k = (i - off) % stride;
        const int inside = i >= off && k < K;
        if (!inside || !call.derivative) {
            expect(!memcmp(out + i, &guard, sizeof guard), "what lies between the rows was written");
        } else if (classes && classes[n] == -100) {
            expect(load(out[i]) == 0, "a row that does not count has a derivative");
        } else if (!special) {
            expect(load(out[i]) - load(out[i]) == 0, "a derivative is not finite");
        }
    }
    for (int64_t i = 0; i < losses; i++) {
        if (!call.losses) expect(!memcmp(loss + i, &guard, sizeof guard), "a loss was written");
        else if (classes && classes[i] == -100) expect(load(loss[i]) == 0, "a row that does not count has a loss");
        else if (!special) expect(load(loss[i]) - load(loss[i]) == 0, "a loss is not finite");
    }
    expect(call.total ? *total != -7 : *total == -7, "the total");
    if (in_place && call.derivative) {  // again, with more threads or fewer, over the logits
        const double before = *total;
        storage *same = copied(loss, (size_t) losses * sizeof(storage));
        call.derivative = logits + off;
        call.threads = two_threads ? 1 : 3;
        expect(entry->function(&call) == 0, "not 0");
        expect(!memcmp(total, &before, sizeof before), "in place, the total is another");
        expect(!memcmp(loss, same, (size_t) losses * sizeof(storage)), "in place, a loss is another");
        for (int64_t i = 0; i < size; i++) {
            const int inside = i >= off && (i - off) % stride < K;
            const storage *right = inside ? out + i : kept + i;
            expect(!memcmp(logits + i, right, sizeof guard), "in place, the derivative is another");
        }
        free(same);
    }
    mix(loss, (size_t) losses * sizeof(storage)), mix(out, bytes), mix(total, sizeof(double));
    free(logits), free(kept), free(classes), free(target), free(v), free(weight), free(cotangent), free(total);
    free(loss), free(out);
    FREE_HERE
}

int main(void)
{
    static const int64_t CLASSES[] = {1, 2, 3, 7, 8, 9, 17, 63, 64, 65, 128, 129, 257};
    static const int64_t ROWS[] = {0, 1, 7, 63, 64, 65, 130};
    int calls = 0;
    for (size_t k = 0; k < sizeof CLASSES / sizeof *CLASSES; k++)
        for (size_t n = 0; n < sizeof ROWS / sizeof *ROWS; n++)
            for (size_t e = 0; e < sizeof ENTRIES / sizeof *ENTRIES; e++)
                for (int i = 0; i < 2 && ROWS[n] * CLASSES[k] < (i ? 9000 : 40000); i++, calls++)
                    one(ENTRIES + e, ROWS[n], CLASSES[k], (unsigned) draw() % 2048);
    printf("%d calls, %016llx\n", calls, (unsigned long long) mixed);
    return failed;
}
"""


def program(name: str) -> str:
    """The C program that calls every entry of a loss in many ways."""
    text = (SOURCES / f"{name}.c").read_text()
    kernel = import_module(f"symce_kernels.native.{name}").KERNEL
    exported = re.findall(r"EXPORT int64_t symce_(\w+)\(", text)
    assert {e.split("_")[0] for e in exported} == {"value", "hvp"}
    entries = []
    for entry in exported:
        kinds = ["BY_INDEX"] if entry.endswith("_index") else []
        kinds += ["WITH_TARGET"] if entry.endswith("_dense") else []
        kinds += ["WITH_V"] if entry.startswith("hvp") else ["WITH_VALUE"]
        kinds += [] if re.fullmatch("value(_index|_dense)?", entry) else ["WITH_DERIVATIVE"]
        entries.append(f'{{"{entry}", symce_{entry}, {" | ".join(kinds)}}}')
    fields = re.findall(
        r"^    (double|const real \*)\s*(\w+);$", text.split("int64_t options, threads;")[1], re.MULTILINE
    )
    assert len(fields) == len(kernel.params)
    set_up, free = [], []
    for (_, field), param in zip(fields, kernel.params, strict=True):
        if param.shape == "":
            set_up.append(f"call.{field} = how >> 9 & 1 ? {param.default!r} : 0.75;")
        else:
            set_up.append(f"real *const given_{field} = reals({'K' if param.shape == 'K' else 'N * K'});")
            set_up.append(f"call.{field} = given_{field};")
            free.append(f"free(given_{field});")
    filled = {
        "KERNEL": str(SOURCES / f"{name}.c"),
        "ENTRIES_HERE": ", ".join(entries),
        "MULTILABEL_HERE": str(int(kernel.elementwise)),
        "PARAMETERS_HERE": "\n    ".join(set_up),
        "FREE_HERE": "\n    ".join(free),
    }
    return re.sub("|".join(sorted(filled, key=len, reverse=True)), lambda m: filled[m[0]], MAIN)


@pytest.mark.long
@pytest.mark.parametrize(("name", "dtype", "wide"), PROGRAMS)
def test_no_wrong_access_and_no_undefined_behaviour(name: str, dtype: str, wide: bool, tmp_path: Path) -> None:
    main, executable = tmp_path / "main.c", tmp_path / "main"
    main.write_text(program(name))
    flags = [*FLAGS, f"-DSYMCE_{dtype}", *(["-DSYMCE_WIDE"] if wide else [])]
    subprocess.run([os.environ.get("CC", "cc"), *flags, str(main), "-o", str(executable), "-lm"], check=True)
    said = set()
    for fill in (0x00, 0xFF):  # what memory holds that nobody has written to: zeros, and then NaN
        done = subprocess.run(
            [str(executable)],
            env={**os.environ, "ASAN_OPTIONS": f"max_malloc_fill_size=268435456:malloc_fill_byte={fill}"},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, (done.stdout + done.stderr)[:4000]
        assert done.stderr == ""
        assert re.fullmatch(r"\d{3,4} calls, [0-9a-f]{16}\n", done.stdout)
        said.add(done.stdout)
    assert len(said) == 1, "a result depends on memory that nobody has written to"
