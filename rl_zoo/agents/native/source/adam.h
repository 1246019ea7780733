// Parameters, their gradients, and the two ways in which they change.
#pragma once

#include <cmath>

#include "panels.h"

// A parameter in PyTorch's own memory, with the state of its optimiser (null for targets).
struct Block {
    float* value;
    float* mean;    // exp_avg
    float* square;  // exp_avg_sq
    float* step;    // one number
    long size;
};

struct Adam {
    double learning_rate, beta1, beta2, epsilon, weight_decay;
};

// Kingma & Ba (2015), algorithm 1, in the order of operations of torch.optim.Adam.
inline void adam_step(const Adam& adam, const Block& block, const float* gradient) {
    const double step = *block.step += 1;
    const float rate = float(adam.learning_rate / (1 - std::pow(adam.beta1, step)));
    const float inverse_root = float(1 / std::sqrt(1 - std::pow(adam.beta2, step)));
    const float keep = float(adam.beta2), epsilon = float(adam.epsilon);
    const float new1 = float(1 - adam.beta1), new2 = float(1 - adam.beta2);
    const float decay = float(adam.weight_decay);
    float* __restrict p = block.value;
    float* __restrict m = block.mean;
    float* __restrict v = block.square;
    const float* __restrict g = gradient;
    for (long i = 0; i < block.size; ++i) {
        const float d = g[i] + decay * p[i];
        m[i] += (d - m[i]) * new1;
        v[i] = v[i] * keep + new2 * d * d;
        p[i] -= rate * (m[i] / (std::sqrt(v[i]) * inverse_root + epsilon));
    }
}

// target <- (1 - tau) target + tau source
inline void polyak(const Block& target, const Block& source, float tau) {
    float* __restrict t = target.value;
    const float* __restrict s = source.value;
    const float rest = 1 - tau;
    for (long i = 0; i < target.size; ++i) t[i] = t[i] * rest + tau * s[i];
}
