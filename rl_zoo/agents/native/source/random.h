// Dropout masks from xoshiro128+ (Blackman & Vigna 2021), one generator per lane. Its lowest bits are
// weak; here the highest decide.
#pragma once

#include <cstdint>

#include "panels.h"

class LaneRandom {
   public:
    explicit LaneRandom(uint64_t seed) {
        for (auto& word : state_)
            for (uint32_t& lane : word) lane = uint32_t(split_mix(seed) >> 32);
    }

    // Fill rows of WIDTH numbers: 0 with the probability of dropping, else `kept`.
    void mask_rows(float* rows, int n, uint32_t threshold, float kept) {
        for (int b = 0; b < WIDTH; b += 2 * LANES) {  // two at once: each waits for its last number
            Words s[2][4];
            for (int i = 0; i < 4; ++i) {
                std::memcpy(&s[0][i], state_[i] + b, sizeof(Words));
                std::memcpy(&s[1][i], state_[i] + b + LANES, sizeof(Words));
            }
            for (int row = 0; row < n; ++row) {
                float* at = rows + row * WIDTH + b;
                store(at, next(s[0]) < threshold ? Vector{} : Vector{} + kept);
                store(at + LANES, next(s[1]) < threshold ? Vector{} : Vector{} + kept);
            }
            for (int i = 0; i < 4; ++i) {
                std::memcpy(state_[i] + b, &s[0][i], sizeof(Words));
                std::memcpy(state_[i] + b + LANES, &s[1][i], sizeof(Words));
            }
        }
    }

    // The whole state, to be copied out or in: SIZE numbers.
    static constexpr int SIZE = 4 * WIDTH;
    uint32_t* state() { return state_[0]; }

   private:
    typedef uint32_t Words __attribute__((vector_size(LANES * 4)));

    static Words next(Words* s) {
        const Words drawn = s[0] + s[3], shifted = s[1] << 9;
        s[2] ^= s[0], s[3] ^= s[1], s[1] ^= s[2], s[0] ^= s[3];
        s[2] ^= shifted;
        s[3] = (s[3] << 11) | (s[3] >> 21);
        return drawn;
    }

    // Steele, Lea & Flood (2014): spreads a seed.
    static uint64_t split_mix(uint64_t& state) {
        uint64_t z = state += 0x9e3779b97f4a7c15ULL;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31);
    }

    uint32_t state_[4][WIDTH];
};
