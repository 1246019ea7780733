// The targets and the loss of TQC (Kuznetsov et al. 2020).
#pragma once

#include <cmath>
#include <vector>

#include "panels.h"

// Sort the rows of one panel, transition by transition, by exchanges that do not depend on the
// data (Batcher's merge exchange; Knuth, The Art of Computer Programming 5.2.2, algorithm M).
inline void sort_rows(float* panel, int n) {
    int top = 1;
    while (top * 2 < n) top *= 2;
    for (int p = top; p > 0; p /= 2) {
        int q = top, r = 0, d = p;
        while (true) {
            for (int i = 0; i + d < n; ++i) {
                if ((i & p) != r) continue;
                float* __restrict low = panel + i * WIDTH;
                float* __restrict high = panel + (i + d) * WIDTH;
                for (int b = 0; b < WIDTH; ++b) {
                    const float x = low[b], y = high[b];
                    low[b] = y < x ? y : x;
                    high[b] = y < x ? x : y;
                }
            }
            if (q == p) break;
            d = q - p, q /= 2, r = p;
        }
    }
}

// Quantile Huber loss of one critic against `n_targets` sorted values per transition.
// Writes the gradient times `scale`; returns the loss, times `scale` too.
inline double quantile_huber(
    const Panels& values, const Panels& targets, int n_targets, float scale, const Panels& gradient) {
    const int n = values.rows;
    double total = 0;
    for (int p = 0; p < values.count(); ++p)
        for (int b = 0; b < WIDTH; b += LANES)
            for (int i = 0; i < n; ++i) {
                const float level = (float(i) + 0.5f) / float(n);
                const Vector above = Vector{} + level, below = Vector{} + (1 - level);
                const Vector value = load(values.row(p, i) + b);
                const float* target = targets.row(p, 0) + b;
                Vector slope{}, loss{};
                for (int j = 0; j < n_targets; ++j) {
                    const Vector error = load(target + j * long(WIDTH)) - value;
                    const Vector clipped = smaller(larger(error, Vector{} - 1), Vector{} + 1);
                    const Vector weighted = (error < 0 ? below : above) * clipped;
                    slope -= weighted;
                    loss += weighted * (error - 0.5f * clipped);
                }
                for (int l = 0; l < LANES && b + l < values.lanes(p); ++l) {
                    gradient.row(p, i)[b + l] = slope[l] * scale;
                    total += loss[l];
                }
            }
    return total * scale;
}
