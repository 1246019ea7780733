// Dropout, then layer normalisation (Ba et al. 2016) over the features of each transition.
#pragma once

#include <cmath>

#include "linear.h"
#include "random.h"

struct Row {
    float values[WIDTH];
    constexpr Row() : values() {
        for (float& value : values) value = 1;
    }
};
inline constexpr Row ONES;

struct LayerNorm {
    static constexpr float EPSILON = 1e-5f;  // torch.nn.LayerNorm's
    int size = 0;
    Block scale{}, shift{};
    Buffer scale_gradient, shift_gradient;

    void shape(int n) {
        size = n;
        scale_gradient = zeros(n);
        shift_gradient = zeros(n);
    }

    // y <- max(0, scale * (z - mean) / std + shift) of z = mask * y (no data: z = y);
    // `unit` keeps (z - mean) / std.
    void forward(const Panels& y, const Panels& mask, const Panels& unit, const Panels& inverse_std) const {
        for (int p = 0; p < y.count(); ++p) {
            float mean[WIDTH] = {}, variance[WIDTH] = {};
            for (int f = 0; f < size; ++f) {
                float* __restrict z = y.row(p, f);
                const float* __restrict factor = mask.data ? mask.row(p, f) : ONES.values;
                for (int b = 0; b < WIDTH; ++b) {
                    z[b] *= factor[b];
                    mean[b] += z[b];
                }
            }
            for (int b = 0; b < WIDTH; ++b) mean[b] /= float(size);
            for (int f = 0; f < size; ++f)
                for (int b = 0; b < WIDTH; ++b) {
                    const float d = y.row(p, f)[b] - mean[b];
                    variance[b] += d * d;
                }
            float* inverse = inverse_std.row(p, 0);
            for (int b = 0; b < WIDTH; ++b)
                inverse[b] = 1 / std::sqrt(variance[b] / float(size) + EPSILON);
            for (int f = 0; f < size; ++f) {
                float* __restrict out = y.row(p, f);
                float* __restrict normal = unit.row(p, f);
                for (int b = 0; b < WIDTH; ++b) {
                    normal[b] = (out[b] - mean[b]) * inverse[b];
                    const float z = normal[b] * scale.value[f] + shift.value[f];
                    out[b] = z > 0 ? z : 0;
                }
            }
        }
    }

    // d <- the gradient of the layer's input; d comes already times [output > 0].
    void backward(const Panels& d, const Panels& mask, const Panels& unit, const Panels& inverse_std,
                  bool weights) {
        if (weights)
            for (int f = 0; f < size; ++f) {
                scale_gradient[f] = dot_over_batch(d, f, unit, f);
                shift_gradient[f] = sum_over_batch(d, f);
            }
        for (int p = 0; p < d.count(); ++p) {
            float mean[WIDTH] = {}, along[WIDTH] = {};
            for (int f = 0; f < size; ++f)
                for (int b = 0; b < WIDTH; ++b) {
                    const float g = d.row(p, f)[b] * scale.value[f];
                    mean[b] += g;
                    along[b] += g * unit.row(p, f)[b];
                }
            for (int b = 0; b < WIDTH; ++b) mean[b] /= float(size), along[b] /= float(size);
            const float* inverse = inverse_std.row(p, 0);
            for (int f = 0; f < size; ++f) {
                float* __restrict g = d.row(p, f);
                const float* __restrict normal = unit.row(p, f);
                const float* __restrict factor = mask.data ? mask.row(p, f) : ONES.values;
                for (int b = 0; b < WIDTH; ++b) {
                    const float slope = g[b] * scale.value[f] - mean[b] - normal[b] * along[b];
                    g[b] = slope * inverse[b] * factor[b];
                }
            }
        }
    }

    void step(const Adam& adam) {
        adam_step(adam, scale, scale_gradient.get());
        adam_step(adam, shift, shift_gradient.get());
    }
};

// Factors of 0 or 1 / (1 - rate), kept for the way back.
struct Dropout {
    float rate = 0;

    void draw(const Panels& mask, LaneRandom& random) const {
        const auto threshold = uint32_t(double(rate) * 4294967296.0);
        for (int p = 0; p < mask.count(); ++p)
            random.mask_rows(mask.row(p, 0), mask.rows, threshold, 1 / (1 - rate));
    }

    static void apply(const Panels& mask, const Panels& y) {
        const long n = y.stride * y.count();
        float* __restrict to = y.data;
        const float* __restrict factor = mask.data;
        for (long i = 0; i < n; ++i) to[i] *= factor[i];
    }
};
