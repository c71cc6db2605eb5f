#pragma once
// What the kernels of block formats share: half precision, unaligned reads, and a pair of kernels for each format.
#include "blocks.h"
#include "inline.h"

// The result must be ggml's to the bit on every processor: no fused multiply-add.
#pragma STDC FP_CONTRACT OFF

typedef uint16_t __attribute__((aligned(1), may_alias)) unaligned_u16;
typedef uint32_t __attribute__((aligned(1), may_alias)) unaligned_u32;
typedef float __attribute__((aligned(1), may_alias)) unaligned_float;

INLINE float float_of_bits(uint32_t u) {
    float f;
    memcpy(&f, &u, 4);
    return f;
}

INLINE uint32_t bits_of_float(float f) {
    uint32_t u;
    memcpy(&u, &f, 4);
    return u;
}

// Half precision to float, exactly, subnormals and NaN included, by arithmetic that vectorises without F16C:
// the exponent is rebased by an addition and a multiplication; subnormals are placed behind 0.5 and it is taken away.
INLINE float from_f16(uint16_t h) {
    uint32_t w = (uint32_t)h << 16, sign = w & 0x80000000u, twice = w + w;
    float normal = float_of_bits((twice >> 4) + (0xe0u << 23)) * 0x1p-112f;
    float subnormal = float_of_bits((twice >> 17) | 0x3f000000u) - 0.5f;
    return float_of_bits(sign | bits_of_float(twice < (1u << 27) ? subnormal : normal));
}

// Float to half precision, to nearest, ties to even; beyond its range infinity; a NaN becomes the quiet one.
INLINE uint16_t to_f16(float f) {
    uint32_t u = bits_of_float(f), sign = u & 0x80000000u, magnitude = u ^ sign;
    // Adding a power of two whose last place is the half's last place lets the addition do the rounding.
    uint32_t exponent = magnitude & 0x7f800000u;
    uint32_t base = (exponent < 0x38800000u ? 0x38800000u : exponent) + 0x06800000u;
    uint32_t sum = bits_of_float(float_of_bits(magnitude) + float_of_bits(base));
    uint32_t mantissa = sum - base;  // the half's mantissa with its leading one, rounded
    uint32_t biased = (base - 0x06800000u - 0x38800000u) >> 13;
    uint32_t half = biased + mantissa;
    half = magnitude >= 0x477ff000u ? 0x7c00u : half;  // 65520 and above
    half = magnitude > 0x7f800000u ? 0x7e00u : half;
    return (uint16_t)(sign >> 16 | half);
}

INLINE float scale_at(const uint8_t *p) { return from_f16(*(const unaligned_u16 *)p); }

// EXPAND(name, size, bytes): from name_block(block, to, at, to_bf16), which writes one block's numbers at to[at…],
// the functions graft_expand_name(from, blocks, to) for floats and graft_expand_name_bf16 for bfloat16.
#define EXPAND(name, size, bytes)                                                                             \
    INLINE void graft_expand_##name##_body(const uint8_t *from, size_t blocks, float *restrict to) {          \
        for (size_t b = 0; b < blocks; b++) name##_block(from + b * (bytes), to + b * (size), 0);             \
    }                                                                                                         \
    INLINE void graft_expand_##name##_bf16_body(const uint8_t *from, size_t blocks, uint16_t *restrict to) {  \
        for (size_t b = 0; b < blocks; b++) name##_block(from + b * (bytes), to + b * (size), 1);             \
    }                                                                                                         \
    KERNEL(graft_expand_##name, (const uint8_t *from, size_t blocks, float *to), (from, blocks, to))          \
    KERNEL(graft_expand_##name##_bf16, (const uint8_t *from, size_t blocks, uint16_t *to), (from, blocks, to))

#define DECLARE_EXPAND(name)                                                    \
    void graft_expand_##name(const uint8_t *from, size_t blocks, float *to);    \
    void graft_expand_##name##_bf16(const uint8_t *from, size_t blocks, uint16_t *to);

DECLARE_EXPAND(f32) DECLARE_EXPAND(f16) DECLARE_EXPAND(bf16)
DECLARE_EXPAND(q8_0) DECLARE_EXPAND(q4_0) DECLARE_EXPAND(q4_1) DECLARE_EXPAND(q5_0) DECLARE_EXPAND(q5_1)
DECLARE_EXPAND(q2_k) DECLARE_EXPAND(q3_k) DECLARE_EXPAND(q4_k) DECLARE_EXPAND(q5_k) DECLARE_EXPAND(q6_k)
DECLARE_EXPAND(iq4_nl) DECLARE_EXPAND(iq4_xs) DECLARE_EXPAND(mxfp4) DECLARE_EXPAND(nf4)

// The scale and minimum of sub-block j (0…7) in the 12 bytes of Q4_K and Q5_K: six bits each, the upper two of the
// last four stored above the first four's.
INLINE void scale_and_minimum(const uint8_t *packed, int j, int *scale, int *minimum) {
    *scale = j < 4 ? packed[j] & 63 : (packed[j + 4] & 15) | (packed[j - 4] >> 6) << 4;
    *minimum = j < 4 ? packed[j + 4] & 63 : packed[j + 4] >> 4 | (packed[j] >> 6) << 4;
}
