#pragma once
// What every inner loop shares: bfloat16, a vectorisable exp, sums in sixteen lanes, and one body compiled three times.
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// A helper that is not inlined would be compiled for the baseline only: 27 times slower inside a v4 clone.
#define INLINE static inline __attribute__((always_inline))

#if defined(__x86_64__)
extern int graft_instruction_level;
// Functions for AVX-512 and for AVX2. Vectors of 512 bits, which clang avoids unless told, are 1.4 times as fast as 256
// on a Zen 4 whose units are 256 bits wide.
#define V4 __attribute__((target("arch=x86-64-v4,no-prefer-256-bit")))
#define V3 __attribute__((target("arch=x86-64-v3")))
// KERNEL(name, (parameters), (arguments)): name() runs name_body() compiled for the processor's level. Unlike
// target_clones the choice is a variable, so that a test can cap it (GRAFT_MAX_LEVEL, see level.c).
#define KERNEL(name, parameters, arguments)                                                                      \
    V4 static void name##_v4 parameters { name##_body arguments; }                                               \
    V3 static void name##_v3 parameters { name##_body arguments; }                                               \
    void name parameters {                                                                                       \
        if (graft_instruction_level >= 4) name##_v4 arguments;                                                   \
        else if (graft_instruction_level == 3) name##_v3 arguments;                                              \
        else name##_body arguments;                                                                              \
    }
#else
#define KERNEL(name, parameters, arguments) \
    void name parameters { name##_body arguments; }
#endif

INLINE float from_bf16(uint16_t x) {
    uint32_t u = (uint32_t)x << 16;
    float f;
    memcpy(&f, &u, 4);
    return f;
}

// Round to nearest, ties to even. A NaN stays one: rounding its bits could carry into the sign.
INLINE uint16_t to_bf16(float f) {
    uint32_t u;
    memcpy(&u, &f, 4);
    uint32_t rounded = (u + 0x7fff + ((u >> 16) & 1)) >> 16;
    return (uint16_t)(f != f ? 0x7fc0 : rounded);
}

// The same for numbers that are seldom ties and whose NaNs are the processor's own: half as many instructions.
INLINE uint16_t to_bf16_plain(float f) {
    uint32_t u;
    memcpy(&u, &f, 4);
    return (uint16_t)((u + 0x8000) >> 16);
}

INLINE float load(const void *p, size_t i, int bf16) {
    return bf16 ? from_bf16(((const uint16_t *)p)[i]) : ((const float *)p)[i];
}

INLINE void store(void *p, size_t i, float x, int bf16) {
    if (bf16) ((uint16_t *)p)[i] = to_bf16(x);
    else ((float *)p)[i] = x;
}

INLINE void store_plain(void *p, size_t i, float x, int bf16) {
    if (bf16) ((uint16_t *)p)[i] = to_bf16_plain(x);
    else ((float *)p)[i] = x;
}

INLINE const void *at(const void *p, size_t i, int bf16) { return (const char *)p + i * (bf16 ? 2 : 4); }
INLINE void *at_mutable(void *p, size_t i, int bf16) { return (char *)p + i * (bf16 ? 2 : 4); }

// Calls `call` with T a constant, 1 or 0, so that no loop asks for a type: BY_TYPE(T, flag, call).
#define BY_TYPE(T, flag, call)     \
    if (flag) {                    \
        enum { T = 1 };            \
        call;                      \
    } else {                       \
        enum { T = 0 };            \
        call;                      \
    }

// √x as an instruction; sqrtf may set errno, which keeps loops from being vectorised.
INLINE float root(float x) { return __builtin_elementwise_sqrt(x); }

// e^x for x below 88.7, by 2^n·e^r with a polynomial of degree 6 on |r| ≤ ln2/2: relative error ≤ 2.5e-7. Below −87.3
// it stays at 1e-38.
INLINE float exp_below(float x) {
    float clamped = x < -87.3f ? -87.3f : x;
    const float magic = 12582912.0f;  // 1.5·2²³: adding it rounds, and leaves n in the lowest bits
    float shifted = clamped * 1.44269504f + magic;
    float n = shifted - magic;
    float r = (clamped - n * 0.693359375f) + n * 2.12194440e-4f;
    float p = 1.38888889e-3f;
    p = p * r + 8.33333333e-3f;
    p = p * r + 4.16666667e-2f;
    p = p * r + 1.66666667e-1f;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    uint32_t bits, exponent;  // p·2ⁿ is a normal number for every clamped x: n is added to its exponent
    memcpy(&bits, &p, 4);
    memcpy(&exponent, &shifted, 4);
    bits += exponent << 23;
    float y;
    memcpy(&y, &bits, 4);
    return y;
}

// e^x: 0 below −87.3, inf above 88.7.
INLINE float fast_exp(float x) {
    float y = exp_below(x > 88.7f ? 88.7f : x);
    y = x < -87.3f ? 0.0f : y;
    return x > 88.7f ? INFINITY : (x != x ? x : y);
}

INLINE float sigmoid(float x) { return 1.0f / (1.0f + fast_exp(-x)); }

INLINE float fast_tanh(float x) {
    float a = x < 0 ? -x : x;
    float e = fast_exp(-2.0f * a);
    float big = (1.0f - e) / (1.0f + e);
    float s = x * x;  // near zero the quotient cancels: odd polynomial instead
    float small = a * (1.0f + s * (-0.333333333f + s * (0.133333333f + s * (-0.0539682540f + s * 0.0218694885f))));
    float y = a < 0.25f ? small : big;
    return x < 0 ? -y : y;
}

// A score or logit s becomes scale·s or, when `bounded`, softcap·tanh(scale·s/softcap); `slope` is its derivative.
struct bound {
    int bounded;
    float scale, softcap, inner;  // inner = scale/softcap
};
INLINE struct bound make_bound(int bounded, float scale, float softcap) {
    struct bound b = {bounded, scale, softcap, bounded ? scale / softcap : 0.0f};
    return b;
}
INLINE float bounded_score(float s, struct bound b, float *slope) {
    if (!b.bounded) {
        *slope = b.scale;
        return b.scale * s;
    }
    float t = fast_tanh(s * b.inner);
    *slope = b.scale * (1.0f - t * t);
    return b.softcap * t;
}

#define LANES 16
INLINE float sum_lanes(const float *lanes) {
    float s[LANES];
    for (int j = 0; j < LANES; j++) s[j] = lanes[j];
    for (int w = LANES / 2; w > 0; w /= 2)
        for (int j = 0; j < w; j++) s[j] += s[j + w];
    return s[0];
}
