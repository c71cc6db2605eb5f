// Blocks of 256 numbers in sub-blocks with scales of their own, as ggml defines them, expanded to floats or bfloat16.
#include "blocks_inline.h"
#pragma STDC FP_CONTRACT OFF

extern const float graft_iq4_levels[16];

// Q4_K: scale, scale of minimums, 12 bytes of six-bit scales and minimums, 128 bytes. Of every 64 numbers the first 32
// are low halves of 32 bytes, the others their high halves. x = (d·s)·q − (dmin·m).
INLINE void q4_k_block(const uint8_t *block, void *restrict to, int bf16) {
    float d = scale_at(block), dmin = scale_at(block + 2);
    for (int pair = 0; pair < 4; pair++) {
        const uint8_t *q = block + 16 + 32 * pair;
        int s0, m0, s1, m1;
        scale_and_minimum(block + 4, 2 * pair, &s0, &m0);
        scale_and_minimum(block + 4, 2 * pair + 1, &s1, &m1);
        float d0 = d * (float)s0, l0 = dmin * (float)m0, d1 = d * (float)s1, l1 = dmin * (float)m1;
        for (int j = 0; j < 32; j++) store(to, 64 * pair + j, d0 * (float)(q[j] & 15) - l0, bf16);
        for (int j = 0; j < 32; j++) store(to, 64 * pair + 32 + j, d1 * (float)(q[j] >> 4) - l1, bf16);
    }
}
EXPAND(q4_k, 256, 144)

// Q5_K: as Q4_K with 32 bytes of fifth bits before the halves: bit 2p and 2p + 1 of byte j belong to pair p.
INLINE void q5_k_block(const uint8_t *block, void *restrict to, int bf16) {
    float d = scale_at(block), dmin = scale_at(block + 2);
    const uint8_t *fifth = block + 16;
    for (int pair = 0; pair < 4; pair++) {
        const uint8_t *q = block + 48 + 32 * pair;
        int s0, m0, s1, m1;
        scale_and_minimum(block + 4, 2 * pair, &s0, &m0);
        scale_and_minimum(block + 4, 2 * pair + 1, &s1, &m1);
        float d0 = d * (float)s0, l0 = dmin * (float)m0, d1 = d * (float)s1, l1 = dmin * (float)m1;
        for (int j = 0; j < 32; j++)
            store(to, 64 * pair + j, d0 * (float)((q[j] & 15) | (fifth[j] >> (2 * pair) & 1) << 4) - l0, bf16);
        for (int j = 0; j < 32; j++)
            store(to, 64 * pair + 32 + j, d1 * (float)(q[j] >> 4 | (fifth[j] >> (2 * pair + 1) & 1) << 4) - l1, bf16);
    }
}
EXPAND(q5_k, 256, 176)

// Q6_K: 128 bytes of low four bits, 64 bytes of upper two, 16 signed scales, scale. x = (d·s)·(q − 32).
INLINE void q6_k_block(const uint8_t *block, void *restrict to, int bf16) {
    float d = scale_at(block + 208);
    for (int half = 0; half < 2; half++) {
        const uint8_t *low = block + 64 * half, *high = block + 128 + 32 * half;
        const int8_t *scales = (const int8_t *)(block + 192 + 8 * half);
        for (int quarter = 0; quarter < 4; quarter++) {
            const uint8_t *l = low + 32 * (quarter & 1);
            int low_shift = 4 * (quarter >> 1), high_shift = 2 * quarter;
            for (int side = 0; side < 2; side++) {
                float s = d * (float)scales[2 * quarter + side];
                for (int j = 16 * side; j < 16 * side + 16; j++) {
                    int q = ((l[j] >> low_shift) & 15) | ((high[j] >> high_shift) & 3) << 4;
                    store(to, 128 * half + 32 * quarter + j, s * (float)(q - 32), bf16);
                }
            }
        }
    }
}
EXPAND(q6_k, 256, 210)

// Q2_K: 16 bytes of four-bit scales and minimums, 64 bytes, scale, scale of minimums. x = (d·s)·q − (dmin·m).
INLINE void q2_k_block(const uint8_t *block, void *restrict to, int bf16) {
    float d = scale_at(block + 80), dmin = scale_at(block + 82);
    for (int sub = 0; sub < 16; sub++) {
        const uint8_t *q = block + 16 + 32 * (sub / 8) + 16 * (sub & 1);
        int shift = 2 * (sub / 2 & 3);
        float s = d * (float)(block[sub] & 15), m = dmin * (float)(block[sub] >> 4);
        for (int j = 0; j < 16; j++) store(to, 16 * sub + j, s * (float)((q[j] >> shift) & 3) - m, bf16);
    }
}
EXPAND(q2_k, 256, 84)

// Scale of sub-block j (0…15) in the 12 bytes of Q3_K: four low bits in the first eight, two upper bits in the rest.
INLINE int q3_k_scale(const uint8_t *packed, int j) {
    int low = j < 8 ? packed[j] & 15 : packed[j - 8] >> 4;
    return (low | (packed[8 + (j & 3)] >> (2 * (j / 4)) & 3) << 4) - 32;
}

// Q3_K: 32 bytes of third bits (inverted sign), 64 bytes of low two bits, 12 bytes of scales, scale. x = (d·s)·q.
INLINE void q3_k_block(const uint8_t *block, void *restrict to, int bf16) {
    float d = scale_at(block + 108);
    for (int sub = 0; sub < 16; sub++) {
        const uint8_t *third = block + 16 * (sub & 1), *q = block + 32 + 32 * (sub / 8) + 16 * (sub & 1);
        int shift = 2 * (sub / 2 & 3), bit = sub / 2;
        float s = d * (float)q3_k_scale(block + 96, sub);
        for (int j = 0; j < 16; j++) {
            int low = (q[j] >> shift) & 3;
            store(to, 16 * sub + j, s * (float)(low - 4 + 4 * (third[j] >> bit & 1)), bf16);
        }
    }
}
EXPAND(q3_k, 256, 110)

// IQ4_XS: scale, upper two bits of eight scales, four low bits of them, 128 bytes. x = (d·(s − 32))·level[q].
INLINE void iq4_xs_block(const uint8_t *block, void *restrict to, int bf16) {
    float d = scale_at(block);
    int high = *(const unaligned_u16 *)(block + 2);
    for (int sub = 0; sub < 8; sub++) {
        const uint8_t *q = block + 8 + 16 * sub;
        int s = (block[4 + sub / 2] >> 4 * (sub & 1) & 15) | (high >> 2 * sub & 3) << 4;
        float ds = d * (float)(s - 32);
        for (int j = 0; j < 16; j++) store(to, 32 * sub + j, graft_iq4_levels[q[j] & 15] * ds, bf16);
        for (int j = 0; j < 16; j++) store(to, 32 * sub + 16 + j, graft_iq4_levels[q[j] >> 4] * ds, bf16);
    }
}
EXPAND(iq4_xs, 256, 136)
