/* sum_k s slope_k each_nk z_nk: no loss of anybody's, but one with a parameter of each shape and without a target. */
#define PARAMETERS double s; const compute *slope; const compute *each;
#include "call.h"

static int64_t run(const struct symce_call *c) {
    double total = 0;
    for (int64_t r = 0; r < c->rows; r++) {
        double loss = 0, scale = c->reduction == 2 ? 1 / (c->normalizer ? c->normalizer : c->rows) : 1;
        if (c->cotangent) scale = ((const compute *)c->cotangent)[r];
        for (int64_t k = 0; k < c->classes; k++) {
            double factor = c->s * c->slope[k] * c->each[r * c->classes + k];
            loss += factor * get((const storage *)c->logits + r * c->logits_stride + k);
            if (c->derivative) put((storage *)c->derivative + r * c->derivative_stride + k, scale * factor);
        }
        total += loss;
        if (c->losses) put((storage *)c->losses + r, loss);
    }
    if (c->total) *c->total = c->reduction == 2 ? total / (c->normalizer ? c->normalizer : c->rows) : total;
    return 0;
}

int64_t symce_value(const struct symce_call *c) { return run(c); }
int64_t symce_value_and_grad(const struct symce_call *c) { return run(c); }
