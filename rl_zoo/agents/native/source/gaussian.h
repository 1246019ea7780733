// The squashed Gaussian policy of SAC: a = tanh(mean + std * noise).
#pragma once

#include <cmath>
#include <cstddef>

#include "elementary.h"
#include "panels.h"

struct SquashedGaussian {
    static constexpr float LOG_STD_MIN = -20, LOG_STD_MAX = 2;  // SB3's
    static constexpr float TANH_EPSILON = 1e-6f;                // SB3's, inside the logarithm
    static constexpr float HALF_LOG_2PI = 0.9189385332046727f;
    int n_actions;
    Matrix noise, std, log_prob;

    SquashedGaussian(int actions, int batch)
        : n_actions(actions), noise(actions, batch), std(actions, batch), log_prob(1, batch) {}

    // noise: (batch, n_actions), standard normal.
    void take_noise(const float* given) {
        const Panels& to = noise.view;
        for (int p = 0; p < to.count(); ++p)
            for (int b = 0; b < to.lanes(p); ++b)
                for (int j = 0; j < n_actions; ++j)
                    to.row(p, j)[b] = given[(long(p) * WIDTH + b) * n_actions + j];
    }

    // heads: means, then log standard deviations. Writes the actions and their log probabilities.
    void sample(const Panels& heads, const Panels& actions) {
        for (int p = 0; p < heads.count(); ++p) {
            float* __restrict log_p = log_prob.view.row(p, 0);
            for (int b = 0; b < WIDTH; ++b) log_p[b] = 0;
            for (int j = 0; j < n_actions; ++j)
                sample_row(heads.row(p, j), heads.row(p, n_actions + j), noise.view.row(p, j),
                           std.view.row(p, j), actions.row(p, j), log_p);
        }
    }

    // Gradient of mean(coefficient * log_prob + rest) with respect to the heads, where `d_actions` is
    // that of `rest` with respect to the actions.
    void backward(const Panels& heads, const Panels& actions, const Panels& d_actions, float coefficient,
                  const Panels& d_heads) const {
        const float weight = coefficient / float(heads.batch);
        for (int p = 0; p < heads.count(); ++p)
            for (int j = 0; j < n_actions; ++j) {
                const float* a = actions.row(p, j);
                const float* log_std = heads.row(p, n_actions + j);
                for (int b = 0; b < heads.lanes(p); ++b) {
                    const float slope = 1 - a[b] * a[b];
                    float d = d_actions.row(p, j)[b] + weight * 2 * a[b] / (slope + TANH_EPSILON);
                    d *= slope;
                    d_heads.row(p, j)[b] = d;
                    const bool inside = log_std[b] >= LOG_STD_MIN && log_std[b] <= LOG_STD_MAX;
                    const float spread = d * std.view.row(p, j)[b] * noise.view.row(p, j)[b];
                    d_heads.row(p, n_actions + j)[b] = inside ? spread - weight : 0;
                }
            }
    }

   private:
    // One action of WIDTH transitions. Apart, or the compiler exchanges this loop with its caller's.
    static __attribute__((noinline)) void sample_row(
        const float* __restrict mean, const float* __restrict log_std, const float* __restrict e,
        float* __restrict s, float* __restrict a, float* __restrict log_p) {
        for (int b = 0; b < WIDTH; ++b) {
            const float low = log_std[b] < LOG_STD_MIN ? LOG_STD_MIN : log_std[b];
            const float l = low > LOG_STD_MAX ? LOG_STD_MAX : low;
            s[b] = fast_exp(l);
            a[b] = fast_tanh(mean[b] + s[b] * e[b]);
            log_p[b] += -0.5f * e[b] * e[b] - l - HALF_LOG_2PI;
            log_p[b] -= fast_log(1 - a[b] * a[b] + TANH_EPSILON);
        }
    }
};
