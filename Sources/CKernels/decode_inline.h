#pragma once
// Sixteen numbers at a time for the kernels of generation, which read much and compute little: vectors of the
// compiler's own kind, so that one text serves every processor. Helpers take vectors by address: by value they would
// follow the baseline's calling convention.
#include "decode.h"
#include "inline.h"

typedef float v16 __attribute__((vector_size(64)));
typedef float v8 __attribute__((vector_size(32)));
typedef float v4 __attribute__((vector_size(16)));
typedef uint32_t u32x16 __attribute__((vector_size(64)));
typedef uint16_t u16x16 __attribute__((vector_size(32)));
typedef int8_t i8x16 __attribute__((vector_size(16)));
typedef _Float16 h16 __attribute__((vector_size(32)));

#define UNROLL _Pragma("clang loop unroll(full)")

// ggml's numbers of the formats that are read directly.
enum { FORMAT_F32 = 0, FORMAT_F16 = 1, FORMAT_Q8_0 = 8, FORMAT_BF16 = 30 };

// Bytes of number `i` of a row.
INLINE size_t format_offset(int format, size_t i) {
    return format == FORMAT_F32 ? 4 * i : format == FORMAT_Q8_0 ? i / 32 * 34 + 2 + i % 32 : 2 * i;
}

// Numbers i…i+15 of a row; `i` is a multiple of 16.
INLINE void read16(const uint8_t *row, size_t i, int format, v16 *to) {
    const uint8_t *p = row + format_offset(format, i);
    if (format == FORMAT_F32) {
        memcpy(to, p, 64);
    } else if (format == FORMAT_BF16) {
        u16x16 raw;
        memcpy(&raw, p, 32);
        u32x16 wide = __builtin_convertvector(raw, u32x16) << 16;
        memcpy(to, &wide, 64);
    } else if (format == FORMAT_F16) {
        h16 raw;
        memcpy(&raw, p, 32);
        *to = __builtin_convertvector(raw, v16);
    } else {
        i8x16 raw;
        _Float16 scale;
        memcpy(&raw, p, 16);
        memcpy(&scale, row + i / 32 * 34, 2);
        *to = __builtin_convertvector(raw, v16) * (float)scale;
    }
}

// The last `count` < 16 numbers from `i` on, zeros behind them.
INLINE void read_rest(const uint8_t *row, size_t i, size_t count, int format, v16 *to) {
    uint8_t padded[64] = {0};
    size_t width = format == FORMAT_F32 ? 4 : 2;  // rows of Q8_0 have no rest
    memcpy(padded, row + i * width, count * width);
    read16(padded, 0, format, to);
}

INLINE float sum16(const v16 *v) {
    v8 a = __builtin_shufflevector(*v, *v, 0, 1, 2, 3, 4, 5, 6, 7) + __builtin_shufflevector(*v, *v, 8, 9, 10, 11, 12, 13, 14, 15);
    v4 b = __builtin_shufflevector(a, a, 0, 1, 2, 3) + __builtin_shufflevector(a, a, 4, 5, 6, 7);
    return (b[0] + b[2]) + (b[1] + b[3]);
}

// The sums of four vectors, added as sum16 does.
INLINE void sum16_of_four(const v16 *const v[4], float to[4]) {
    v4 b[4];
    UNROLL for (int i = 0; i < 4; i++) {
        v8 a = __builtin_shufflevector(*v[i], *v[i], 0, 1, 2, 3, 4, 5, 6, 7)
            + __builtin_shufflevector(*v[i], *v[i], 8, 9, 10, 11, 12, 13, 14, 15);
        b[i] = __builtin_shufflevector(a, a, 0, 1, 2, 3) + __builtin_shufflevector(a, a, 4, 5, 6, 7);
    }
    v4 left = __builtin_shufflevector(b[0], b[1], 0, 1, 4, 5) + __builtin_shufflevector(b[0], b[1], 2, 3, 6, 7);
    v4 right = __builtin_shufflevector(b[2], b[3], 0, 1, 4, 5) + __builtin_shufflevector(b[2], b[3], 2, 3, 6, 7);
    v4 sums = __builtin_shufflevector(left, right, 0, 2, 4, 6) + __builtin_shufflevector(left, right, 1, 3, 5, 7);
    memcpy(to, &sums, 16);
}

// Stores or adds the sums of O outputs of one row, `apart` numbers from each other: O is 4 or 1.
INLINE void store_sums(const v16 *const v[4], int O, float *to, size_t apart, int accumulate) {
    float sums[4];
    if (O == 4) sum16_of_four(v, sums);
    else sums[0] = sum16(v[0]);
    UNROLL for (int o = 0; o < O; o++) to[o * apart] = accumulate ? to[o * apart] + sums[o] : sums[o];
}
