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
    for (int p = 0; p < values.count(); ++p) {
        const int lanes = values.lanes(p);
        for (int i = 0; i < n; ++i) {
            const float level = (float(i) + 0.5f) / float(n);
            const float* value = values.row(p, i);
            float slope[WIDTH] = {}, loss[WIDTH] = {};
            for (int j = 0; j < n_targets; ++j) {
                const float* target = targets.row(p, j);
                for (int b = 0; b < WIDTH; ++b) {
                    const float error = target[b] - value[b];
                    const float weight = error < 0 ? 1 - level : level;
                    const float low = error < -1.0f ? -1.0f : error;
                    const float clipped = low > 1.0f ? 1.0f : low;
                    slope[b] -= weight * clipped;
                    loss[b] += weight * clipped * (error - 0.5f * clipped);
                }
            }
            for (int b = 0; b < lanes; ++b) {
                gradient.row(p, i)[b] = slope[b] * scale;
                total += loss[b];
            }
        }
    }
    return total * scale;
}
