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
// KERNEL(name, (parameters), (arguments)): name() runs name_body() compiled for the processor's level. Unlike
// target_clones the choice is a variable, so that a test can cap it (GRAFT_MAX_LEVEL, see level.c).
#define KERNEL(name, parameters, arguments)                                                                      \
    __attribute__((target("arch=x86-64-v4"))) static void name##_v4 parameters { name##_body arguments; }        \
    __attribute__((target("arch=x86-64-v3"))) static void name##_v3 parameters { name##_body arguments; }        \
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
    return (uint16_t)((u & 0x7fffffff) > 0x7f800000 ? 0x7fc0 : rounded);
}

INLINE float load(const void *p, size_t i, int bf16) {
    return bf16 ? from_bf16(((const uint16_t *)p)[i]) : ((const float *)p)[i];
}

INLINE void store(void *p, size_t i, float x, int bf16) {
    if (bf16) ((uint16_t *)p)[i] = to_bf16(x);
    else ((float *)p)[i] = x;
}

INLINE const void *at(const void *p, size_t i, int bf16) { return (const char *)p + i * (bf16 ? 2 : 4); }
INLINE void *at_mutable(void *p, size_t i, int bf16) { return (char *)p + i * (bf16 ? 2 : 4); }

// e^x by 2^n·e^r with a polynomial of degree 6 on |r| ≤ ln2/2: relative error ≤ 2e-7; 0 below −87.3, inf above 88.7.
INLINE float fast_exp(float x) {
    float clamped = x < -87.3f ? -87.3f : (x > 88.7f ? 88.7f : x);
    float n = __builtin_rintf(clamped * 1.44269504f);
    float r = (clamped - n * 0.693359375f) + n * 2.12194440e-4f;
    float p = 1.38888889e-3f;
    p = p * r + 8.33333333e-3f;
    p = p * r + 4.16666667e-2f;
    p = p * r + 1.66666667e-1f;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    int32_t half = (int32_t)n >> 1, rest = (int32_t)n - half;  // two factors, so that 2^128 does not overflow early
    uint32_t a = (uint32_t)(half + 127) << 23, b = (uint32_t)(rest + 127) << 23;
    float fa, fb;
    memcpy(&fa, &a, 4);
    memcpy(&fb, &b, 4);
    float y = p * fa * fb;
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

#define LANES 16
INLINE float sum_lanes(const float *lanes) {
    float s[LANES];
    for (int j = 0; j < LANES; j++) s[j] = lanes[j];
    for (int w = LANES / 2; w > 0; w /= 2)
        for (int j = 0; j < w; j++) s[j] += s[j + w];
    return s[0];
}
