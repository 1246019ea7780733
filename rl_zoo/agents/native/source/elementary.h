// exp, log and tanh to about one unit in the last place, without branches: loops over them vectorise.
#pragma once

#include <cstdint>

// exp(x) = 2^n exp(r) with |r| <= log(2) / 2, and Taylor's series of exp(r). For |x| <= 80.
static inline float fast_exp(float x) {
    constexpr float ROUND = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
    const float shifted = x * 1.4426950408889634f + ROUND;
    const float n = shifted - ROUND;
    float r = x - n * 0.693145751953125f;  // log(2) in two parts: the first is exact times n
    r -= n * 1.4286068203094172e-06f;
    float sum = 1.0f / 5040;
    sum = sum * r + 1.0f / 720;
    sum = sum * r + 1.0f / 120;
    sum = sum * r + 1.0f / 24;
    sum = sum * r + 1.0f / 6;
    sum = sum * r + 0.5f;
    sum = sum * r * r + r + 1.0f;
    const int32_t power = (__builtin_bit_cast(int32_t, shifted) - __builtin_bit_cast(int32_t, ROUND) + 127) << 23;
    return sum * __builtin_bit_cast(float, power);
}

// log(m 2^e) = e log(2) + 2 artanh((m - 1) / (m + 1)) with sqrt(1/2) <= m < sqrt(2). For x > 0.
static inline float fast_log(float x) {
    constexpr int32_t ROOT_HALF = 0x3f3504f3;
    const int32_t bits = __builtin_bit_cast(int32_t, x);
    const int32_t e = (bits - ROOT_HALF) >> 23;
    const float m = __builtin_bit_cast(float, int32_t(bits - e * (1 << 23)));
    const float s = (m - 1) / (m + 1), s2 = s * s;
    float sum = 2.0f / 9;
    sum = sum * s2 + 2.0f / 7;
    sum = sum * s2 + 2.0f / 5;
    sum = sum * s2 + 2.0f / 3;
    return float(e) * 0.6931471805599453f + (sum * s2 * s + 2 * s);
}

// tanh from its series near 0, elsewhere from exp(-2 |x|).
static inline float fast_tanh(float x) {
    const float size = x < 0 ? -x : x;
    const float t = fast_exp(-2 * (size > 20 ? 20 : size));
    const float far = 1 - 2 * t / (1 + t);  // rounded once where it is near 1
    const float x2 = x * x;
    float sum = -1382.0f / 155925;
    sum = sum * x2 + 62.0f / 2835;
    sum = sum * x2 - 17.0f / 315;
    sum = sum * x2 + 2.0f / 15;
    sum = sum * x2 - 1.0f / 3;
    const float near = x + x * x2 * sum;
    return size < 0.3f ? near : (x < 0 ? -far : far);
}
