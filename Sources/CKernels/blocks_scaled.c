// Numbers whose scales lie apart from them: 8-bit floats with a factor a block, 4-bit floats with a power of two a
// block.
#include "blocks_inline.h"

// E4M3 without infinities: sign, four bits of exponent (bias 7), three of mantissa; all ones is NaN.
INLINE float from_e4m3(uint8_t x) {
    uint32_t magnitude = x & 0x7f;
    float normal = float_of_bits((magnitude << 20) + (120u << 23));
    float subnormal = (float)(int)magnitude * 0x1p-9f;
    float f = magnitude < 8 ? subnormal : normal;
    f = magnitude == 0x7f ? float_of_bits(0x7fc00000u) : f;
    return float_of_bits(bits_of_float(f) | (uint32_t)(x & 0x80) << 24);
}

INLINE void graft_expand_e4m3_body(const uint8_t *from, size_t count, float scale, void *restrict to, int to_bf16) {
    if (to_bf16)
        for (size_t i = 0; i < count; i++) store(to, i, from_e4m3(from[i]) * scale, 1);
    else
        for (size_t i = 0; i < count; i++) store(to, i, from_e4m3(from[i]) * scale, 0);
}
KERNEL(graft_expand_e4m3, (const uint8_t *from, size_t count, float scale, void *to, int to_bf16),
       (from, count, scale, to, to_bf16))

// Half the numbers of E2M1 (sign, two bits of exponent, one of mantissa) are whole; twice of all are.
INLINE float twice_of_e2m1(int q) {
    int m = q & 7;
    int magnitude = m < 5 ? m : m == 5 ? 6 : m == 6 ? 8 : 12;
    return (float)(q & 8 ? -magnitude : magnitude);
}

INLINE void e2m1_block(const uint8_t *from, uint32_t e, void *restrict to, size_t at, int bf16) {
    float d = float_of_bits(e < 2 ? 0x00200000u << e : (e - 1) << 23);  // 2^(e − 128)
    d = e == 255 ? float_of_bits(0x7fc00000u) : d;
    for (int j = 0; j < 16; j++) {
        store(to, at + 2 * j, twice_of_e2m1(from[j] & 15) * d, bf16);
        store(to, at + 2 * j + 1, twice_of_e2m1(from[j] >> 4) * d, bf16);
    }
}

INLINE void graft_expand_e2m1_body(const uint8_t *from, const uint8_t *powers, size_t blocks, void *restrict to,
                                   int to_bf16) {
    if (to_bf16)
        for (size_t b = 0; b < blocks; b++) e2m1_block(from + 16 * b, powers[b], to, 32 * b, 1);
    else
        for (size_t b = 0; b < blocks; b++) e2m1_block(from + 16 * b, powers[b], to, 32 * b, 0);
}
KERNEL(graft_expand_e2m1, (const uint8_t *from, const uint8_t *powers, size_t blocks, void *to, int to_bf16),
       (from, powers, blocks, to, to_bf16))
