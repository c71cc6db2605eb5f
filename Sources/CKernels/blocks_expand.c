// Plain formats and blocks of 32 numbers as ggml defines them, expanded to floats or bfloat16.
#include "blocks_inline.h"
#pragma STDC FP_CONTRACT OFF

// Sixteen numbers stand in for a block of the plain formats, so that the loop has a fixed length.
INLINE void f32_block(const uint8_t *block, void *restrict to, int bf16) {
    const unaligned_float *x = (const unaligned_float *)block;
    for (int j = 0; j < 16; j++) store(to, j, x[j], bf16);
}
EXPAND(f32, 16, 64)

INLINE void f16_block(const uint8_t *block, void *restrict to, int bf16) {
    const unaligned_u16 *x = (const unaligned_u16 *)block;
    for (int j = 0; j < 16; j++) store(to, j, from_f16(x[j]), bf16);
}
EXPAND(f16, 16, 32)

INLINE void bf16_block(const uint8_t *block, void *restrict to, int bf16) {
    const unaligned_u16 *x = (const unaligned_u16 *)block;
    for (int j = 0; j < 16; j++) {
        if (bf16) ((uint16_t *)to)[j] = x[j];
        else ((float *)to)[j] = from_bf16(x[j]);
    }
}
EXPAND(bf16, 16, 32)

// Q8_0: scale, 32 signed bytes. x = d·q.
INLINE void q8_0_block(const uint8_t *block, void *restrict to, int bf16) {
    float d = scale_at(block);
    const int8_t *q = (const int8_t *)(block + 2);
    for (int j = 0; j < 32; j++) store(to, j, (float)q[j] * d, bf16);
}
EXPAND(q8_0, 32, 34)

// Q4_0: scale, 16 bytes; the low halves are numbers 0…15, the high halves 16…31. x = d·(q − 8).
INLINE void q4_0_block(const uint8_t *block, void *restrict to, int bf16) {
    float d = scale_at(block);
    const uint8_t *q = block + 2;
    for (int j = 0; j < 16; j++) {
        store(to, j, (float)((q[j] & 15) - 8) * d, bf16);
        store(to, j + 16, (float)((q[j] >> 4) - 8) * d, bf16);
    }
}
EXPAND(q4_0, 32, 18)

// Q4_1: scale, minimum, 16 bytes. x = d·q + m.
INLINE void q4_1_block(const uint8_t *block, void *restrict to, int bf16) {
    float d = scale_at(block), m = scale_at(block + 2);
    const uint8_t *q = block + 4;
    for (int j = 0; j < 16; j++) {
        store(to, j, (float)(q[j] & 15) * d + m, bf16);
        store(to, j + 16, (float)(q[j] >> 4) * d + m, bf16);
    }
}
EXPAND(q4_1, 32, 20)

// Q5_0: scale, 32 fifth bits, 16 bytes. x = d·(q − 16).
INLINE void q5_0_block(const uint8_t *block, void *restrict to, int bf16) {
    float d = scale_at(block);
    uint32_t fifth = *(const unaligned_u32 *)(block + 2);
    const uint8_t *q = block + 6;
    for (int j = 0; j < 16; j++)
        store(to, j, (float)((int)((q[j] & 15) | (fifth >> j & 1) << 4) - 16) * d, bf16);
    for (int j = 0; j < 16; j++)
        store(to, j + 16, (float)((int)(q[j] >> 4 | (fifth >> (j + 16) & 1) << 4) - 16) * d, bf16);
}
EXPAND(q5_0, 32, 22)

// Q5_1: scale, minimum, 32 fifth bits, 16 bytes. x = d·q + m.
INLINE void q5_1_block(const uint8_t *block, void *restrict to, int bf16) {
    float d = scale_at(block), m = scale_at(block + 2);
    uint32_t fifth = *(const unaligned_u32 *)(block + 4);
    const uint8_t *q = block + 8;
    for (int j = 0; j < 16; j++)
        store(to, j, (float)(int)((q[j] & 15) | (fifth >> j & 1) << 4) * d + m, bf16);
    for (int j = 0; j < 16; j++)
        store(to, j + 16, (float)(int)(q[j] >> 4 | (fifth >> (j + 16) & 1) << 4) * d + m, bf16);
}
EXPAND(q5_1, 32, 24)

// The sixteen levels of IQ4_NL and IQ4_XS, closer together near zero.
const float graft_iq4_levels[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

// IQ4_NL: scale, 16 bytes. x = d·level[q].
INLINE void iq4_nl_block(const uint8_t *block, void *restrict to, int bf16) {
    float d = scale_at(block);
    const uint8_t *q = block + 2;
    for (int j = 0; j < 16; j++) store(to, j, graft_iq4_levels[q[j] & 15] * d, bf16);
    for (int j = 0; j < 16; j++) store(to, j + 16, graft_iq4_levels[q[j] >> 4] * d, bf16);
}
EXPAND(iq4_nl, 32, 18)

// Twice the number that four bits of floating point (sign, two of exponent, one of mantissa) stand for.
INLINE float twice_e2m1(int q) {
    int m = q & 7;
    int magnitude = m < 5 ? m : m == 5 ? 6 : m == 6 ? 8 : 12;
    return (float)(q & 8 ? -magnitude : magnitude);
}

// MXFP4: a power of two, 16 bytes. x = 2^(e − 128)·twice_e2m1(q).
INLINE void mxfp4_block(const uint8_t *block, void *restrict to, int bf16) {
    uint32_t e = block[0];
    float d = float_of_bits(e < 2 ? 0x00200000u << e : (e - 1) << 23);
    const uint8_t *q = block + 1;
    for (int j = 0; j < 16; j++) store(to, j, twice_e2m1(q[j] & 15) * d, bf16);
    for (int j = 0; j < 16; j++) store(to, j + 16, twice_e2m1(q[j] >> 4) * d, bf16);
}
EXPAND(mxfp4, 32, 17)

// The sixteen levels of NF4 (QLoRA, arXiv:2305.14314, appendix E): quantiles of the normal distribution, scaled to ±1.
const float graft_nf4_levels[16] = {
    -1.0f,                 -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f,
    -0.28444138169288635f, -0.18477343022823334f, -0.09105003625154495f, 0.0f,
    0.07958029955625534f,  0.16093020141124725f, 0.24611230194568634f, 0.33791524171829224f,
    0.44070982933044434f,  0.5626170039176941f,  0.7229568362236023f,  1.0f};

// NF4: the largest magnitude as a float, 32 bytes; low halves are numbers 0…31, high halves 32…63. x =
// largest·level[q].
INLINE void nf4_block(const uint8_t *block, void *restrict to, int bf16) {
    float largest = *(const unaligned_float *)block;
    const uint8_t *q = block + 4;
    for (int j = 0; j < 32; j++) store(to, j, graft_nf4_levels[q[j] & 15] * largest, bf16);
    for (int j = 0; j < 32; j++) store(to, j + 32, graft_nf4_levels[q[j] >> 4] * largest, bf16);
}
EXPAND(nf4, 64, 36)
