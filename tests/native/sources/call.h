/* What the sources of these tests share: the struct that every native kernel is called with, and the dtypes. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#if defined(SYMCE_BFLOAT16)
typedef uint16_t storage;
#elif defined(SYMCE_FLOAT16)
typedef _Float16 storage;
#elif defined(SYMCE_FLOAT32)
typedef float storage;
#elif defined(SYMCE_FLOAT64)
typedef double storage;
#endif

#if defined(SYMCE_WIDE) || defined(SYMCE_FLOAT64)
typedef double compute;
#else
typedef float compute;
#endif

#ifdef SYMCE_BFLOAT16
static compute get(const storage *p) {
    union { uint32_t bits; float value; } u = {(uint32_t)*p << 16};
    return u.value;
}
static void put(storage *p, double x) {
    union { float value; uint32_t bits; } u = {(float)x};
    *p = isnan(x) ? 0x7fc0 : (u.bits + 0x7fff + ((u.bits >> 16) & 1)) >> 16;
}
#else
static compute get(const storage *p) { return *p; }
static void put(storage *p, double x) { *p = (storage)x; }
#endif

struct symce_call {
    const void *logits;
    int64_t logits_stride;
    const void *target;
    int64_t target_stride;
    const void *v;
    int64_t v_stride;
    const void *cotangent, *weight;
    void *losses, *derivative;
    int64_t derivative_stride;
    double *total;
    int64_t rows, classes, ignore_index, reduction;
    double normalizer, label_smoothing;
    int64_t options, threads;
    PARAMETERS
};

enum { ON_EMPTY_ZERO = 1, INFINITE_LIMIT = 2, TARGET_IS_STORED = 4 };
