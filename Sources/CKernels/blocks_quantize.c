// Floats to plain formats and to the simple blocks of 32, with ggml's own bytes as the result.
#include "blocks_inline.h"
#include "blocks_quantize.h"
#pragma STDC FP_CONTRACT OFF

extern const float graft_nf4_levels[16];

INLINE void graft_write_f16_body(const float *from, size_t count, uint16_t *restrict to) {
    for (size_t i = 0; i < count; i++) to[i] = to_f16(from[i]);
}
KERNEL(graft_write_f16, (const float *from, size_t count, uint16_t *to), (from, count, to))

INLINE void graft_write_bf16_body(const float *from, size_t count, uint16_t *restrict to) {
    for (size_t i = 0; i < count; i++) to[i] = to_bf16(from[i]);
}
KERNEL(graft_write_bf16, (const float *from, size_t count, uint16_t *to), (from, count, to))

// The largest |x|, by its bits: an integer maximum vectorises, a float one does not.
INLINE float largest_magnitude(const float *x, int count) {
    uint32_t largest = 0;
    for (int j = 0; j < count; j++) {
        uint32_t u = bits_of_float(x[j]) & 0x7fffffff;
        largest = u > largest ? u : largest;
    }
    return float_of_bits(largest);
}

// Q8_0: d = max|x| / 127, q = x/d rounded, halves away from zero.
INLINE void graft_quantize_q8_0_body(const float *from, size_t blocks, uint8_t *restrict to) {
    for (size_t b = 0; b < blocks; b++, from += 32, to += 34) {
        float d = largest_magnitude(from, 32) / 127, inverse = d != 0 ? 1 / d : 0;
        *(unaligned_u16 *)to = to_f16(d);
        for (int j = 0; j < 32; j++) {
            float v = from[j] * inverse;
            int whole = (int)v;
            float rest = v - (float)whole;
            to[2 + j] = (uint8_t)(whole + (rest >= 0.5f) - (rest <= -0.5f));
        }
    }
}
KERNEL(graft_quantize_q8_0, (const float *from, size_t blocks, uint8_t *to), (from, blocks, to))

// The number of largest magnitude, the first among equals.
INLINE float extreme_of(const float *x) {
    float magnitude = largest_magnitude(x, 32);
    int at = 0;
    while (at < 31 && x[at] != magnitude && x[at] != -magnitude) at++;
    return x[at];
}

INLINE int at_most(int x, int top) { return x < top ? x : top; }

// Numbers 0…15 of a block in the low halves of 16 bytes, 16…31 in the high halves; of five bits the fifth goes to 4
// bytes.
INLINE void pack_halves(const int *q, uint8_t *halves) {
    for (int j = 0; j < 16; j++) halves[j] = (uint8_t)((q[j] & 15) | (q[j + 16] & 15) << 4);
}
INLINE void pack_fifths(const int *q, uint8_t *to) {
    uint32_t fifths = 0;
    for (int j = 0; j < 32; j++) fifths |= (uint32_t)(q[j] >> 4 & 1) << j;
    *(unaligned_u32 *)to = fifths;
}

// Q4_0 and Q5_0: d = the extreme number / −half, q = x/d + half rounded, at most 2·half − 1.
INLINE void quantize_centred(const float *x, int half, uint8_t *to, int *q) {
    float d = extreme_of(x) / (float)-half, inverse = d != 0 ? 1 / d : 0, middle = (float)half + 0.5f;
    *(unaligned_u16 *)to = to_f16(d);
    for (int j = 0; j < 32; j++) q[j] = at_most((int)(x[j] * inverse + middle), 2 * half - 1);
}

// Q4_1 and Q5_1: d = (max − min) / top, q = (x − min)/d rounded.
INLINE void quantize_above(const float *x, int top, uint8_t *to, int *q) {
    float least = x[0], most = x[0];
    for (int j = 1; j < 32; j++) {
        least = x[j] < least ? x[j] : least;
        most = x[j] > most ? x[j] : most;
    }
    float d = (most - least) / (float)top, inverse = d != 0 ? 1 / d : 0;
    *(unaligned_u16 *)to = to_f16(d);
    *(unaligned_u16 *)(to + 2) = to_f16(least);
    for (int j = 0; j < 32; j++) q[j] = at_most((int)((x[j] - least) * inverse + 0.5f), top);
}

// QUANTIZE(name, bytes, statements): graft_quantize_name, whose statements write one block from x to `to` by way of q.
#define QUANTIZE(name, bytes, ...)                                                                           \
    INLINE void graft_quantize_##name##_body(const float *x, size_t blocks, uint8_t *restrict to) {          \
        for (size_t b = 0; b < blocks; b++, x += 32, to += (bytes)) {                                        \
            int q[32];                                                                                       \
            __VA_ARGS__                                                                                      \
        }                                                                                                    \
    }                                                                                                        \
    KERNEL(graft_quantize_##name, (const float *x, size_t blocks, uint8_t *to), (x, blocks, to))

QUANTIZE(q4_0, 18, quantize_centred(x, 8, to, q); pack_halves(q, to + 2);)
QUANTIZE(q4_1, 20, quantize_above(x, 15, to, q); pack_halves(q, to + 4);)
QUANTIZE(q5_0, 22, quantize_centred(x, 16, to, q); pack_fifths(q, to + 2); pack_halves(q, to + 6);)
QUANTIZE(q5_1, 24, quantize_above(x, 31, to, q); pack_fifths(q, to + 4); pack_halves(q, to + 8);)

// NF4: the nearest level, the lower of two equally near.
INLINE void graft_quantize_nf4_body(const float *x, size_t blocks, uint8_t *restrict to) {
    for (size_t b = 0; b < blocks; b++, x += 64, to += 36) {
        float largest = largest_magnitude(x, 64), inverse = largest > 0 ? 1 / largest : 0;
        int q[64] = {0};
        for (int level = 0; level < 15; level++) {
            float middle = (graft_nf4_levels[level] + graft_nf4_levels[level + 1]) / 2;
            for (int j = 0; j < 64; j++) q[j] += x[j] * inverse > middle;
        }
        *(unaligned_float *)to = largest;
        for (int j = 0; j < 32; j++) to[4 + j] = (uint8_t)(q[j] | q[j + 32] << 4);
    }
}
KERNEL(graft_quantize_nf4, (const float *x, size_t blocks, uint8_t *to), (x, blocks, to))

int graft_quantize(uint32_t type, const float *from, size_t rows, size_t columns, void *to) {
    size_t count = rows * columns;
    switch (type) {
    case 0: memcpy(to, from, count * sizeof(float)); return 1;
    case 1: graft_write_f16(from, count, to); return 1;
    case 2: graft_quantize_q4_0(from, count / 32, to); return 1;
    case 3: graft_quantize_q4_1(from, count / 32, to); return 1;
    case 6: graft_quantize_q5_0(from, count / 32, to); return 1;
    case 7: graft_quantize_q5_1(from, count / 32, to); return 1;
    case 8: graft_quantize_q8_0(from, count / 32, to); return 1;
    case 12: graft_quantize_q4_k(from, count / 256, to); return 1;
    case 13: graft_quantize_q5_k(from, count / 256, to); return 1;
    case 14: graft_quantize_q6_k(from, count / 256, to); return 1;
    case 30: graft_write_bf16(from, count, to); return 1;
    case GRAFT_NF4: graft_quantize_nf4(from, count / 64, to); return 1;
    default: return 0;
    }
}
