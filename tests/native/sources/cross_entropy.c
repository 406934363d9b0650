/* Softmax cross-entropy, written plainly in double: what the loading and the calls of native kernels are tested with. */
#define PARAMETERS
#include "call.h"
#ifdef _OPENMP
#include <omp.h>
int symce_threads(void) {
    int n = 0;
#pragma omp parallel
#pragma omp single
    n = omp_get_num_threads();
    return n;
}
#endif

static double weight_of(const struct symce_call *c, int64_t k) {
    return c->weight ? (double)((const compute *)c->weight)[k] : 1;
}

static int kept(const struct symce_call *c, int64_t r, int index) {
    return !index || ((const int64_t *)c->target)[r] != c->ignore_index;
}

static double effective(const struct symce_call *c, int64_t r, int64_t k, int index) {
    double y;
    if (index)
        y = ((const int64_t *)c->target)[r] == k;
    else if (c->options & TARGET_IS_STORED)
        y = get((const storage *)c->target + r * c->target_stride + k);
    else
        y = ((const compute *)c->target)[r * c->target_stride + k];
    return weight_of(c, k) * ((1 - c->label_smoothing) * y + c->label_smoothing / c->classes);
}

static double row(const struct symce_call *c, int64_t r, int index, int hvp, double scale) {
    const storage *z = (const storage *)c->logits + r * c->logits_stride;
    storage *d = c->derivative ? (storage *)c->derivative + r * c->derivative_stride : NULL;
    const compute *v = hvp ? (const compute *)c->v + r * c->v_stride : NULL;
    int64_t K = c->classes;
    double top = -INFINITY, mass = 0, sum_q = 0, loss = 0, mean = 0;
    for (int64_t k = 0; k < K; k++) top = fmax(top, get(z + k));
    for (int64_t k = 0; k < K; k++) mass += exp(get(z + k) - top);
    for (int64_t k = 0; k < K; k++) {
        double q = effective(c, r, k, index);
        sum_q += q;
        if (q != 0) loss -= q * (get(z + k) - top - log(mass));
        if (hvp) mean += exp(get(z + k) - top) / mass * v[k];
    }
    if (isnan(top + mass)) loss = NAN;
    for (int64_t k = 0; d && k < K; k++) {
        double p = exp(get(z + k) - top) / mass;
        put(d + k, scale * (hvp ? sum_q * p * (v[k] - mean) : p * sum_q - effective(c, r, k, index)));
    }
    return loss;
}

static int64_t run(const struct symce_call *c, int index, int hvp) {
    double denominator = 0, total = 0;
    for (int64_t r = 0; r < c->rows; r++) {
        int64_t t = index ? ((const int64_t *)c->target)[r] : 0;
        if (index && t == c->ignore_index) continue;
        if (index && (t < 0 || t >= c->classes)) return r + 1;
        denominator += index ? weight_of(c, t) : 1;
    }
    if (c->normalizer) denominator = c->normalizer;
    int empty = c->reduction == 2 && denominator == 0;
    double *each = malloc(sizeof(double) * (c->rows + 1));
    if (!each) return -1;
#ifdef _OPENMP
    int threads = c->threads ? c->threads : omp_get_max_threads();
#pragma omp parallel for num_threads(threads) if (threads > 1)
#endif
    for (int64_t r = 0; r < c->rows; r++) {
        double scale = c->reduction == 2 ? 1 / denominator : 1;
        if (c->reduction == 0 && c->cotangent) scale = ((const compute *)c->cotangent)[r];
        each[r] = 0;
        if (kept(c, r, index) && !empty)
            each[r] = row(c, r, index, hvp, scale);
        else if (c->derivative)
            for (int64_t k = 0; k < c->classes; k++) put((storage *)c->derivative + r * c->derivative_stride + k, 0);
    }
    for (int64_t r = 0; r < c->rows; r++) {
        total += each[r];
        if (c->losses) put((storage *)c->losses + r, each[r]);
    }
    free(each);
    if (c->total) *c->total = c->reduction != 2 ? total : !empty ? total / denominator
                                                : c->options & ON_EMPTY_ZERO ? 0 : NAN;
    return 0;
}

int64_t symce_value_index(const struct symce_call *c) { return run(c, 1, 0); }
int64_t symce_value_and_grad_index(const struct symce_call *c) { return run(c, 1, 0); }
int64_t symce_hvp_index(const struct symce_call *c) { return run(c, 1, 1); }
int64_t symce_value_dense(const struct symce_call *c) { return run(c, 0, 0); }
int64_t symce_value_and_grad_dense(const struct symce_call *c) { return run(c, 0, 0); }
int64_t symce_hvp_dense(const struct symce_call *c) { return run(c, 0, 1); }
