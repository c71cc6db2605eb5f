// Packing of B: panels of neighbouring columns, a unit of each after the other.
#include "product_inline.h"

#if defined(__x86_64__)
typedef uint16_t u16x32 __attribute__((vector_size(64)));

// Rows and columns of 16 × 16 units change places in four steps: between two vectors w apart, for w = 8, 4, 2, 1, the
// second's groups of w units at even places and the first's at odd ones.
#define FIRST_8 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23
#define SECOND_8 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31
#define FIRST_4 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27
#define SECOND_4 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31
#define FIRST_2 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29
#define SECOND_2 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31
#define FIRST_1 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30
#define SECOND_1 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31
#define SWAP(w)                                                                       \
    UNROLL for (int i = 0; i < 16; i++) {                                             \
        if (i & w) continue;                                                          \
        v16 first = __builtin_shufflevector(r[i], r[(i + w) % 16], FIRST_##w);        \
        r[(i + w) % 16] = __builtin_shufflevector(r[i], r[(i + w) % 16], SECOND_##w); \
        r[i] = first;                                                                 \
    }
INLINE void transpose16(v16 r[16]) {
    SWAP(8) SWAP(4) SWAP(2) SWAP(1)
}

// Sixteen columns of a transposed B, whose units follow each other in memory, sixteen units at a time.
INLINE void pack_columns(size_t panel, const char *from, size_t stride, size_t columns, size_t bytes, char *to) {
    v16 r[16];
    size_t at = 0, unit = panel * UNIT;
    if (columns >= 16) {
        for (; at + 64 <= bytes; at += 64, to += 16 * unit) {
            UNROLL for (int i = 0; i < 16; i++) memcpy(&r[i], from + i * stride + at, 64);
            transpose16(r);
            UNROLL for (int i = 0; i < 16; i++) memcpy(to + i * unit, &r[i], 64);
        }
    }
    for (; at < bytes; at += 64, to += 16 * unit) {
        char rest[16][64] = {0};
        size_t count = bytes - at < 64 ? bytes - at : 64;
        for (size_t i = 0; i < columns && i < 16; i++) memcpy(rest[i], from + i * stride + at, count);
        UNROLL for (int i = 0; i < 16; i++) memcpy(&r[i], rest[i], 64);
        transpose16(r);
        UNROLL for (int i = 0; i < 16; i++)
            if (UNIT * (size_t)i < count) memcpy(to + i * unit, &r[i], 64);
    }
}

// A panel's units from one row of floats, or from two of bfloat16.
INLINE void pack_units(int BF16, size_t panel, const char *first, const char *second, char *to) {
    if (!BF16) {
        memcpy(to, first, panel * UNIT);
        return;
    }
    UNROLL for (int v = 0; v < 2; v++) {
        u16x16 one, other;
        memcpy(&one, first + 32 * v, 32);
        memcpy(&other, second + 32 * v, 32);
        u16x32 both = __builtin_shufflevector(one, other, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23, 8, 24, 9, 25,
                                              10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
        memcpy(to + 64 * v, &both, 64);
    }
}

// A panel of a B whose columns follow each other in memory.
INLINE void pack_rows(int BF16, size_t panel, const char *from, size_t stride, size_t columns, size_t inner, char *to) {
    size_t k = 0, step = BF16 ? 2 : 1, width = columns * (BF16 ? 2 : 4);
    if (columns == panel)
        for (; k + step <= inner; k += step, from += step * stride, to += panel * UNIT)
            pack_units(BF16, panel, from, from + stride, to);
    for (; k < inner; k += step, from += step * stride, to += panel * UNIT) {
        char rows[2][MOST_PANEL * UNIT] = {0};
        for (size_t i = 0; i < step && k + i < inner; i++) memcpy(rows[i], from + i * stride, width);
        pack_units(BF16, panel, rows[0], rows[1], to);
    }
}

INLINE void pack(int BF16, size_t panel, const struct packing *p) {
    size_t size = BF16 ? 2 : 4;
    char *to = p->to;
    for (size_t j = 0; j < p->columns; j += panel, to += p->apart) {
        size_t width = p->columns - j < panel ? p->columns - j : panel;
        const char *from = p->from + j * (p->transposed ? p->stride : size);
        if (!p->transposed) {
            pack_rows(BF16, panel, from, p->stride, width, p->inner, to);
            continue;
        }
        for (size_t half = 0; half < width; half += 16)
            pack_columns(panel, from + half * p->stride, p->stride, width - half, p->inner * size, to + half * UNIT);
    }
}

V4 void graft_product_pack_pairs_v4(const struct packing *p) { pack(1, 32, p); }
V4 void graft_product_pack_floats_v4(const struct packing *p) { pack(0, 32, p); }
V3 void graft_product_pack_floats_v3(const struct packing *p) { pack(0, 16, p); }
#endif
