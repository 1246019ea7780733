// Linear layers whose products are a library's sgemm, for scripts/bench_product.py: it puts this file
// in the place of linear.h, which becomes own_linear.h, and panels as wide as it names.
#pragma once

#include <cstdint>

#define Linear OwnLinear
#include "own_linear.h"
#undef Linear

// Fortran's sgemm. Where its integers have 32 bits, it reads the lower half of ours.
using Sgemm = void (*)(const char*, const char*, const int64_t*, const int64_t*, const int64_t*, const float*,
                       const float*, const int64_t*, const float*, const int64_t*, const float*, float*,
                       const int64_t*);
static Sgemm sgemm_of_library = nullptr;

extern "C" inline __attribute__((used)) void learner_use(void* sgemm) {
    sgemm_of_library = reinterpret_cast<Sgemm>(sgemm);
}

// A row-major matrix, or its transpose.
struct Factor {
    const float* data;
    int64_t stride;
    bool transposed;
};

// c = a b + keep c, row-major: for Fortran, which is column-major, c^T = b^T a^T.
static inline void sgemm(int64_t rows, int64_t columns, int64_t depth, const Factor& a, const Factor& b,
                         float keep, float* c, int64_t stride) {
    const float one = 1;
    sgemm_of_library(b.transposed ? "T" : "N", a.transposed ? "T" : "N", &columns, &rows, &depth, &one, b.data,
                     &b.stride, a.data, &a.stride, &keep, c, &stride);
}

struct Linear : OwnLinear {
    void forward(const Panels& x, const Panels& y, bool rectify) const {
        if (out <= 2) {  // no product of matrices: what is faster for both
            OwnLinear::forward(x, y, rectify);
            return;
        }
        for (int p = 0; p < x.count(); ++p) {
            float* result = y.row(p, 0);
            sgemm(out, WIDTH, in, {weight, in, false}, {x.row(p, 0), WIDTH, false}, 0, result, WIDTH);
            for (int i = 0; i < out; ++i)
                for (int b = 0; b < WIDTH; b += LANES) {
                    float* at = result + i * long(WIDTH) + b;
                    const Vector v = load(at) + bias[i];
                    store(at, rectify ? rectified(v) : v);
                }
        }
    }

    void backward_input(const Panels& dy, const Panels& dx, int first, const Panels* gate) const {
        if (out <= 2) {
            OwnLinear::backward_input(dy, dx, first, gate);
            return;
        }
        for (int p = 0; p < dy.count(); ++p) {
            float* result = dx.row(p, 0);
            const int used = (dy.lanes(p) + LANES - 1) / LANES * LANES;  // a selection is narrower
            sgemm(dx.rows, used, out, {weight + first, in, true}, {dy.row(p, 0), WIDTH, false}, 0, result, WIDTH);
            if (!gate) continue;
            const float* open = gate->row(p, 0);
            for (int i = 0; i < dx.rows; ++i)
                for (int b = 0; b < used; b += LANES) {
                    const long at = i * long(WIDTH) + b;
                    store(result + at, load(open + at) > 0 ? load(result + at) : Vector{});
                }
        }
    }

    void backward_weights(const Panels& dy, const Panels& x, float* scratch) {
        if (out <= 2) {
            OwnLinear::backward_weights(dy, x, scratch);
            return;
        }
        for (int i = 0; i < out; ++i) bias_gradient[i] = sum_over_batch(dy, i);
        for (int p = 0; p < x.count(); ++p)
            sgemm(out, in, WIDTH, {dy.row(p, 0), WIDTH, false}, {x.row(p, 0), WIDTH, true}, p > 0 ? 1 : 0,
                  weight_gradient.get(), in);
    }
};
