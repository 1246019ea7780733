// Dropout masks from xoshiro128++ (Blackman & Vigna 2021), one generator per lane.
#pragma once

#include <cstdint>

#include "panels.h"

class LaneRandom {
   public:
    explicit LaneRandom(uint64_t seed) {
        for (auto& word : state_)
            for (uint32_t& lane : word) lane = uint32_t(split_mix(seed) >> 32);
    }

    // Fill a row of WIDTH numbers: 0 with the probability of dropping, else `kept`.
    void mask_row(float* row, uint32_t threshold, float kept) {
        for (int i = 0; i < WIDTH; ++i) {
            uint32_t *s0 = state_[0], *s1 = state_[1], *s2 = state_[2], *s3 = state_[3];
            const uint32_t sum = s0[i] + s3[i];
            const uint32_t drawn = ((sum << 7) | (sum >> 25)) + s0[i];
            const uint32_t shifted = s1[i] << 9;
            s2[i] ^= s0[i], s3[i] ^= s1[i], s1[i] ^= s2[i], s0[i] ^= s3[i];
            s2[i] ^= shifted;
            s3[i] = (s3[i] << 11) | (s3[i] >> 21);
            row[i] = drawn < threshold ? 0.0f : kept;
        }
    }

   private:
    // Steele, Lea & Flood (2014): spreads a seed.
    static uint64_t split_mix(uint64_t& state) {
        uint64_t z = state += 0x9e3779b97f4a7c15ULL;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31);
    }

    uint32_t state_[4][WIDTH];
};
