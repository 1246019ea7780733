// Independent multiply-adds in registers and nothing else: the most that a product could reach.
#include "vectors.h"

constexpr int SUMS = 16 * TILE_ROWS / 8 < 12 ? 12 : 16;  // all that fit beside the two factors

// Return the number of floating-point operations done.
extern "C" double multiply_adds(long repeats) {
    Vector sums[SUMS] = {}, x = Vector{} + 1e-9f, y = Vector{} + 0.5f;
    asm volatile("" : "+v"(x), "+v"(y));
    for (long n = 0; n < repeats; ++n)
#pragma GCC unroll 16
        for (int i = 0; i < SUMS; ++i) {
            sums[i] += x * y;
            asm volatile("" : "+v"(sums[i]));  // none may be left out
        }
    return 2.0 * SUMS * LANES * double(repeats);
}
