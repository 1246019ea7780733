// The matrix product: nearly all the time of an update is spent in `tile`.
#pragma once

#include <algorithm>

#include "panels.h"

// How entry (m, k) of the left factor is found: data[m * stride + k] or data[k * stride + m].
enum class Order { rows, columns };

struct Left {
    const float* data;
    long stride;
    int chunk;          // entries along k until the next chunk
    long chunk_stride;  // from one chunk to the next
};

// Compute M rows by two vectors of left x right in registers.
template <int M, Order ORDER, class Finish>
static inline __attribute__((always_inline)) void tile(
    const Left& left, int first, const float* right, int depth, const Finish& finish) {
    Vector sum[M][2];
#pragma GCC unroll 16
    for (int i = 0; i < M; ++i) sum[i][0] = sum[i][1] = Vector{};
    const float* start = left.data + (ORDER == Order::rows ? first * left.stride : first);
    for (int done = 0; done < depth; done += left.chunk, start += left.chunk_stride) {
        const float* a = start;
        const int n = std::min(left.chunk, depth - done);
        for (int k = 0; k < n; ++k, right += WIDTH) {
            const Vector r0 = load(right), r1 = load(right + LANES);
#pragma GCC unroll 16
            for (int i = 0; i < M; ++i) {
                const float x = ORDER == Order::rows ? a[i * left.stride] : a[i];
                sum[i][0] += x * r0;
                sum[i][1] += x * r1;
            }
            a += ORDER == Order::rows ? 1 : left.stride;
        }
    }
#pragma GCC unroll 16
    for (int i = 0; i < M; ++i) finish(first + i, sum[i][0], sum[i][1]);
}

// Compute the last `rows` < M rows.
template <int M, Order ORDER, class Finish>
static inline void tail(
    int rows, const Left& left, int first, const float* right, int depth, const Finish& finish) {
    if constexpr (M > 0) {
        if (rows == M)
            tile<M, ORDER>(left, first, right, depth, finish);
        else
            tail<M - 1, ORDER>(rows, left, first, right, depth, finish);
    }
}

// Multiply `rows` x `depth` by the panel `right` of `depth` rows.
// finish(row, column in the panel, two vectors) stores the result.
template <Order ORDER, class Finish>
static inline void multiply_panel(
    const Left& left, int rows, const float* right, int depth, const Finish& finish) {
    for (int column = 0; column < WIDTH; column += 2 * LANES) {
        const auto at = [&](int row, Vector v0, Vector v1) __attribute__((always_inline)) {
            finish(row, column, v0, v1);
        };
        int row = 0;
        for (; row + TILE_ROWS <= rows; row += TILE_ROWS)
            tile<TILE_ROWS, ORDER>(left, row, right + column, depth, at);
        tail<TILE_ROWS - 1, ORDER>(rows - row, left, row, right + column, depth, at);
    }
}

// Exchange blocks of STEP x STEP across the diagonal; one stage of a transposition.
template <int STEP>
static inline __attribute__((always_inline)) void exchange(Vector* rows) {
    Lanes upper, lower;
    for (int l = 0; l < LANES; ++l) {
        upper[l] = l & STEP ? l - STEP + LANES : l;
        lower[l] = l & STEP ? l + LANES : l + STEP;
    }
#pragma GCC unroll 16
    for (int i = 0; i < LANES; ++i) {
        if (i & STEP) continue;
        const Vector a = rows[i], b = rows[i + STEP];
        rows[i] = permute(a, b, upper);
        rows[i + STEP] = permute(a, b, lower);
    }
    if constexpr (STEP > 1) exchange<STEP / 2>(rows);
}

// Transpose a square of LANES x LANES, in registers.
static inline void transpose_square(const float* from, float* to) {
    Vector rows[LANES];
#pragma GCC unroll 16
    for (int i = 0; i < LANES; ++i) rows[i] = load(from + i * WIDTH);
    exchange<LANES / 2>(rows);
#pragma GCC unroll 16
    for (int i = 0; i < LANES; ++i) store(to + i * WIDTH, rows[i]);
}

// Transpose up to WIDTH rows of a panel: to[b * WIDTH + f] = from[f * WIDTH + b].
static inline void transpose(const float* from, int rows, float* to) {
    if (rows < WIDTH) {
        for (int f = 0; f < rows; ++f)
            for (int b = 0; b < WIDTH; ++b) to[b * WIDTH + f] = from[f * WIDTH + b];
        return;
    }
    for (int f = 0; f < WIDTH; f += LANES)
        for (int b = 0; b < WIDTH; b += LANES)
            transpose_square(from + f * WIDTH + b, to + b * WIDTH + f);
}
