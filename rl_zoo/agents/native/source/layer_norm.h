// Dropout, then layer normalisation (Ba et al. 2016) over the features of each transition.
#pragma once

#include <cmath>

#include "linear.h"
#include "random.h"

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
        const float *const scales = scale.value, *const shifts = shift.value;
        const int n = size;
        for (int p = 0; p < y.count(); ++p)
            for (int b = 0; b < WIDTH; b += LANES) {
                float* z = y.row(p, 0) + b;
                if (mask.data) multiply(z, mask.row(p, 0) + b);
                const Vector mean = sum([&](int f) { return load(z + f * WIDTH); }) / float(size);
                const Vector squares = sum([&](int f) {
                    const Vector distance = load(z + f * WIDTH) - mean;
                    return distance * distance;
                });
                const Vector variance = squares / float(size) + EPSILON;
                Vector inverse;
                for (int i = 0; i < LANES; ++i) inverse[i] = 1 / std::sqrt(variance[i]);
                store(inverse_std.row(p, 0) + b, inverse);
                float* normal = unit.row(p, 0) + b;
                for (int f = 0; f < n; ++f) {
                    const Vector u = (load(z + f * WIDTH) - mean) * inverse;
                    store(normal + f * WIDTH, u);
                    store(z + f * WIDTH, rectified(u * scales[f] + shifts[f]));
                }
            }
    }

    // d <- the gradient of the layer's input; d comes already times [output > 0].
    void backward(const Panels& d, const Panels& mask, const Panels& unit, const Panels& inverse_std,
                  bool weights) {
        if (weights)
            for (int f = 0; f < size; ++f) {
                Vector along{}, sum{};
                for (int p = 0; p < d.count(); ++p)
                    for (int b = 0; b < WIDTH; b += LANES) {
                        const Vector slope = load(d.row(p, f) + b);
                        along += slope * load(unit.row(p, f) + b);
                        sum += slope;
                    }
                scale_gradient[f] = sum_of_lanes(along);
                shift_gradient[f] = sum_of_lanes(sum);
            }
        const float* const scales = scale.value;
        const int n = size;
        for (int p = 0; p < d.count(); ++p)
            for (int b = 0; b < WIDTH; b += LANES) {
                float* g = d.row(p, 0) + b;
                const float* normal = unit.row(p, 0) + b;
                Vector mean{}, along{};
                for (int f = 0; f < n; ++f) {
                    const Vector scaled = load(g + f * WIDTH) * scales[f];
                    mean += scaled;
                    along += scaled * load(normal + f * WIDTH);
                }
                mean /= float(n), along /= float(n);
                const Vector inverse = load(inverse_std.row(p, 0) + b);
                for (int f = 0; f < n; ++f) {
                    const Vector scaled = load(g + f * WIDTH) * scales[f];
                    store(g + f * WIDTH, (scaled - mean - load(normal + f * WIDTH) * along) * inverse);
                }
                if (mask.data) multiply(g, mask.row(p, 0) + b);
            }
    }

    void step(const Adam& adam) {
        adam_step(adam, scale, scale_gradient.get());
        adam_step(adam, shift, shift_gradient.get());
    }

   private:
    // The functions below work on LANES transitions, one vector per feature.

    void multiply(float* values, const float* factors) const {
        const int n = size;
        for (int f = 0; f < n; ++f)
            store(values + f * WIDTH, load(values + f * WIDTH) * load(factors + f * WIDTH));
    }

    // Four sums at once, because an addition waits for the one before it.
    template <class Term>
    Vector sum(const Term& term) const {
        Vector sums[4] = {};
        int f = 0;
        for (; f + 4 <= size; f += 4)
            for (int i = 0; i < 4; ++i) sums[i] += term(f + i);
        for (; f < size; ++f) sums[0] += term(f);
        return (sums[0] + sums[1]) + (sums[2] + sums[3]);
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
