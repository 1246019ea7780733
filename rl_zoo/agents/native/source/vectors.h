// Vectors of the instruction set that this file is compiled for.
#pragma once

#if defined(__AVX512F__)
constexpr int LANES = 16, TILE_ROWS = 8;
#elif defined(__AVX__)
constexpr int LANES = 8, TILE_ROWS = 6;  // 12 of 16 registers hold sums
#elif defined(__ARM_NEON)
constexpr int LANES = 4, TILE_ROWS = 8;
#else
constexpr int LANES = 4, TILE_ROWS = 6;
#endif

constexpr int WIDTH = 32;  // transitions side by side in a panel, whatever the instruction set

typedef float Vector __attribute__((vector_size(LANES * 4)));
typedef int Lanes __attribute__((vector_size(LANES * 4)));
typedef float UnalignedVector __attribute__((vector_size(LANES * 4), aligned(4), may_alias));

static inline Vector load(const float* at) { return *reinterpret_cast<const UnalignedVector*>(at); }

static inline void store(float* at, Vector v) { *reinterpret_cast<UnalignedVector*>(at) = v; }

// Return v[order[0]], v[order[1]], ...
static inline Vector permute(Vector v, Lanes order) {
#ifdef __clang__
    Vector result;
    for (int i = 0; i < LANES; ++i) result[i] = v[order[i]];
    return result;
#else
    return __builtin_shuffle(v, order);
#endif
}

// The same, from the lanes of a followed by those of b.
static inline Vector permute(Vector a, Vector b, Lanes order) {
#ifdef __clang__
    Vector result;
    for (int i = 0; i < LANES; ++i) result[i] = order[i] < LANES ? a[order[i]] : b[order[i] - LANES];
    return result;
#else
    return __builtin_shuffle(a, b, order);
#endif
}

static inline Vector smaller(Vector a, Vector b) { return a < b ? a : b; }
static inline Vector larger(Vector a, Vector b) { return a > b ? a : b; }

// NaN stays NaN, as in PyTorch.
static inline Vector rectified(Vector v) { return larger(Vector{}, v); }

static inline float sum_of_lanes(Vector v) {
    for (int step = LANES / 2; step > 0; step /= 2) {
        Lanes order;
        for (int i = 0; i < LANES; ++i) order[i] = (i + step) % LANES;
        v += permute(v, order);
    }
    return v[0];
}
