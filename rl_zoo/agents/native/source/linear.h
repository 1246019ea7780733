// Linear layers: y = W x + b, and the gradients of W, b and x.
#pragma once

#include <vector>

#include "adam.h"
#include "product.h"

// Gradient of one row: the sum over the batch. Padding has gradients of zero.
static inline float sum_over_batch(const Panels& d, int row) {
    Vector sum{};
    for (int p = 0; p < d.count(); ++p)
        for (int b = 0; b < WIDTH; b += LANES) sum += load(d.row(p, row) + b);
    return sum_of_lanes(sum);
}

static inline float dot_over_batch(const Panels& x, int i, const Panels& y, int j) {
    Vector sum{};
    for (int p = 0; p < x.count(); ++p)
        for (int b = 0; b < WIDTH; b += LANES) sum += load(x.row(p, i) + b) * load(y.row(p, j) + b);
    return sum_of_lanes(sum);
}

struct Linear {
    int in = 0, out = 0;
    // W, row-major (out, in), and b: PyTorch's memory, or copies of two heads below each other. A block
    // without a step counter is not learned here.
    std::vector<Block> weights, biases;
    const float* weight = nullptr;
    const float* bias = nullptr;
    Buffer stacked, weight_gradient, bias_gradient;

    void shape(int n_in, int n_out) {
        in = n_in, out = n_out;
        weight_gradient = zeros(long(in) * out);
        bias_gradient = zeros(out);
    }

    // Find W and b again after they changed.
    void refresh() {
        if (weights.size() == 1) {
            weight = weights[0].value, bias = biases[0].value;
            return;
        }
        if (!stacked) stacked = zeros((in + 1L) * out);
        float* to = stacked.get();
        weight = to, bias = to + long(in) * out;
        for (const std::vector<Block>* blocks : {&weights, &biases})
            for (const Block& block : *blocks) {
                std::memcpy(to, block.value, block.size * sizeof(float));
                to += block.size;
            }
    }

    void step(const Adam& adam) {
        step(adam, weights, weight_gradient.get());
        step(adam, biases, bias_gradient.get());
        refresh();
    }

    // y = W x + b, then max(0, y) if `rectify`.
    void forward(const Panels& x, const Panels& y, bool rectify) const {
        const Left left{weight, in, in, 0};
        for (int p = 0; p < x.count(); ++p) {
            float* result = y.row(p, 0);
            multiply_panel<Order::rows>(left, out, x.row(p, 0), in,
                [&](int row, int column, Vector v0, Vector v1) __attribute__((always_inline)) {
                    v0 += bias[row], v1 += bias[row];
                    if (rectify) v0 = rectified(v0), v1 = rectified(v1);
                    float* at = result + row * long(WIDTH) + column;
                    store(at, v0), store(at + LANES, v1);
                });
        }
    }

    // dx = W^T dy for the rows from `first` on; times [gate > 0] if there is a gate.
    void backward_input(const Panels& dy, const Panels& dx, int first, const Panels* gate) const {
        const Left left{weight + first, in, out, 0};
        for (int p = 0; p < dy.count(); ++p) {
            float* result = dx.row(p, 0);
            const float* open = gate ? gate->row(p, 0) : nullptr;
            multiply_panel<Order::columns>(left, dx.rows, dy.row(p, 0), out,
                [&](int row, int column, Vector v0, Vector v1) __attribute__((always_inline)) {
                    const long at = row * long(WIDTH) + column;
                    if (open) {
                        v0 = load(open + at) > 0 ? v0 : Vector{};
                        v1 = load(open + at + LANES) > 0 ? v1 : Vector{};
                    }
                    store(result + at, v0), store(result + at + LANES, v1);
                });
        }
    }

    // dW = dy x^T and db = the sum of dy. `scratch` holds one panel of x^T: WIDTH per transition.
    void backward_weights(const Panels& dy, const Panels& x, float* scratch) {
        for (int i = 0; i < out; ++i) bias_gradient[i] = sum_over_batch(dy, i);
        if (out <= 2) {
            for (int i = 0; i < out; ++i)
                for (int j = 0; j < in; ++j)
                    weight_gradient[i * long(in) + j] = dot_over_batch(dy, i, x, j);
            return;
        }
        const int padded = x.count() * WIDTH;
        const Left left{dy.data, WIDTH, WIDTH, dy.stride};
        for (int column0 = 0; column0 < in; column0 += WIDTH) {
            const int n = std::min(WIDTH, in - column0);
            for (int p = 0; p < x.count(); ++p)
                transpose(x.row(p, column0), n, scratch + p * long(WIDTH * WIDTH));
            float* result = weight_gradient.get() + column0;
            multiply_panel<Order::rows>(left, out, scratch, padded,
                [&](int row, int column, Vector v0, Vector v1) __attribute__((always_inline)) {
                    float* at = result + row * long(in) + column;
                    if (column + 2 * LANES <= n) {
                        store(at, v0), store(at + LANES, v1);
                        return;
                    }
                    for (int i = 0; i < LANES; ++i) {
                        if (column + i < n) at[i] = v0[i];
                        if (column + LANES + i < n) at[LANES + i] = v1[i];
                    }
                });
        }
    }

   private:
    static void step(const Adam& adam, const std::vector<Block>& blocks, const float* gradient) {
        for (const Block& block : blocks) {
            if (block.step) adam_step(adam, block, gradient);
            gradient += block.size;
        }
    }
};
