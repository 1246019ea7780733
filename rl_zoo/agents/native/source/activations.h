// Activations other than the rectifier, which is part of the layers before it.
#pragma once

#include "elementary.h"
#include "panels.h"

// The order is that of layers.py.
enum class Activation { relu, tanh, elu, silu, leaky_relu, gelu };

// The normal distribution function Phi(x) = erfc(-x / sqrt(2)) / 2, by the rational Chebyshev fit of erfc
// in Press et al., Numerical Recipes, section 6.2 (1.2e-7 relative).
static inline float normal_distribution(float x) {
    const float z = (x < 0 ? -x : x) * 0.7071067811865476f;
    const float size = z > 8 ? 8 : z;
    const float t = 1 / (1 + 0.5f * size);
    float sum = 0.17087277f;
    sum = sum * t - 0.82215223f;
    sum = sum * t + 1.48851587f;
    sum = sum * t - 1.13520398f;
    sum = sum * t + 0.27886807f;
    sum = sum * t - 0.18628806f;
    sum = sum * t + 0.09678418f;
    sum = sum * t + 0.37409196f;
    sum = sum * t + 1.00002368f;
    sum = sum * t - 1.26551223f;
    const float tail = 0.5f * t * fast_exp(sum - size * size);
    return x < 0 ? tail : 1 - tail;
}

static inline float within(float x, float limit) {
    const float low = x < -limit ? -limit : x;
    return low > limit ? limit : low;
}

// Replace x by f(x) and write f'(x), for a panel of all features.
template <class Function>
static inline void activate_by(const Panels& y, const Panels& slopes, const Function& f) {
    const long n = y.stride * y.count();
    float* __restrict values = y.data;
    float* __restrict to = slopes.data;
    for (long i = 0; i < n; ++i) f(values[i], to[i]);
}

inline void activate(Activation activation, const Panels& y, const Panels& slopes) {
    switch (activation) {
        case Activation::tanh:
            return activate_by(y, slopes, [](float& x, float& slope) {
                x = fast_tanh(x);
                slope = 1 - x * x;
            });
        case Activation::elu:
            return activate_by(y, slopes, [](float& x, float& slope) {
                const float e = fast_exp(within(x > 0 ? 0 : x, 80));
                slope = x > 0 ? 1 : e;
                x = x > 0 ? x : e - 1;
            });
        case Activation::silu:
            return activate_by(y, slopes, [](float& x, float& slope) {
                const float e = fast_exp(within(-x, 80)), gate = 1 / (1 + e);
                slope = gate * (1 + x * e * gate);
                x *= gate;
            });
        case Activation::leaky_relu:
            return activate_by(y, slopes, [](float& x, float& slope) {
                slope = x > 0 ? 1 : 0.01f;
                x *= slope;
            });
        case Activation::gelu:
            return activate_by(y, slopes, [](float& x, float& slope) {
                const float share = normal_distribution(x), near = within(x, 12);
                slope = share + near * 0.3989422804014327f * fast_exp(-0.5f * near * near);
                x *= share;
            });
        case Activation::relu: return;
    }
}
