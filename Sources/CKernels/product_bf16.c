// Tiles and packing with AVX512-BF16.
#include "product_inline.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define DOTS __attribute__((target("arch=x86-64-v4,avx512bf16,no-prefer-256-bit")))

// s += A's pairs times a panel's. Three pointers serve twelve rows, so that none of them is spilled.
DOTS INLINE const char *add_products(int R, int V, v16 s[TILE_ROWS][2], const char *a, size_t row, const char *b, size_t pairs) {
    const char *rows[3] = {a, a + 4 * row, a + 8 * row};
    for (size_t k = 0; k < pairs; k++, b += PAIR_BYTES) {
        __m512bh numbers[2];
        UNROLL for (int v = 0; v < V; v++) numbers[v] = (__m512bh)_mm512_load_si512(b + 64 * v);
        UNROLL for (int r = 0; r < R; r++) {
            int pair;
            memcpy(&pair, rows[r / 4] + (size_t)(r % 4) * row, 4);
            __m512bh same = (__m512bh)_mm512_set1_epi32(pair);
            UNROLL for (int v = 0; v < V; v++) s[r][v] = (v16)_mm512_dpbf16_ps((__m512)s[r][v], same, numbers[v]);
        }
        UNROLL for (int p = 0; p < 3; p++) {
            rows[p] += 4;
            __asm__("" : "+r"(rows[p]));  // else the compiler makes one chain of additions of all twelve addresses
        }
    }
    return b;
}

DOTS INLINE void tile_of(int R, int V, const struct tile *t) {
    v16 s[TILE_ROWS][2];
    float *c = t->c;
    size_t width = t->width;
    UNROLL for (int r = 0; r < R; r++) {
        UNROLL for (int v = 0; v < V; v++) s[r][v] = (v16){0};
        UNROLL for (int v = 0; v < V; v++) __builtin_prefetch(c + r * t->c_stride + 16 * v, 1, 3);
    }
    const char *b = add_products(R, V, s, t->a, t->a_row, t->b, t->pairs);
    if (t->second_pairs) add_products(R, V, s, t->second, t->second_row, b, t->second_pairs);
    if (width >= 16 * (size_t)V) {
        UNROLL for (int r = 0; r < R; r++, c += t->c_stride) {
            UNROLL for (int v = 0; v < V; v++) {
                v16 before = {0};
                if (t->accumulate) memcpy(&before, c + 16 * v, 64);
                before += s[r][v];
                memcpy(c + 16 * v, &before, 64);
            }
        }
        return;
    }
    UNROLL for (int r = 0; r < R; r++, c += t->c_stride) {
        float line[32];
        UNROLL for (int v = 0; v < V; v++) memcpy(line + 16 * v, &s[r][v], 64);
        for (size_t j = 0; j < width; j++) c[j] = t->accumulate ? c[j] + line[j] : line[j];
    }
}

#define ROWS_CASE(n)                            \
    case n:                                     \
        if (t->width > 16) tile_of(n, 2, t);    \
        else tile_of(n, 1, t);                  \
        break;
DOTS void graft_product_tile(size_t rows, const struct tile *t) {
    switch (rows) {
        ROWS_CASE(1) ROWS_CASE(2) ROWS_CASE(3) ROWS_CASE(4) ROWS_CASE(5) ROWS_CASE(6)
        ROWS_CASE(7) ROWS_CASE(8) ROWS_CASE(9) ROWS_CASE(10) ROWS_CASE(11) ROWS_CASE(12)
    }
}

// Sixteen columns of a transposed B, whose pairs follow each other in memory, sixteen pairs at a time.
DOTS INLINE void pack_columns(const char *from, size_t stride, size_t columns, size_t bytes, char *to) {
    v16 r[16];
    size_t at = 0;
    if (columns >= 16) {
        for (; at + 64 <= bytes; at += 64, to += 16 * PAIR_BYTES) {
            UNROLL for (int i = 0; i < 16; i++) memcpy(&r[i], from + i * stride + at, 64);
            transpose16(r);
            UNROLL for (int i = 0; i < 16; i++) memcpy(to + i * PAIR_BYTES, &r[i], 64);
        }
    }
    for (; at < bytes; at += 64, to += 16 * PAIR_BYTES) {
        char rest[16][64] = {0};
        size_t count = bytes - at < 64 ? bytes - at : 64;
        for (size_t i = 0; i < columns && i < 16; i++) memcpy(rest[i], from + i * stride + at, count);
        UNROLL for (int i = 0; i < 16; i++) memcpy(&r[i], rest[i], 64);
        transpose16(r);
        UNROLL for (int i = 0; i < 16; i++)
            if (4 * (size_t)i < count) memcpy(to + i * PAIR_BYTES, &r[i], 64);
    }
}

// A panel's pairs from two rows of B.
DOTS INLINE void pack_pair(const char *first, const char *second, char *to) {
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
DOTS INLINE void pack_rows(const char *from, size_t stride, size_t columns, size_t inner, char *to) {
    size_t k = 0;
    if (columns == PANEL)
        for (; k + 2 <= inner; k += 2, from += 2 * stride, to += PAIR_BYTES) pack_pair(from, from + stride, to);
    for (; k < inner; k += 2, from += 2 * stride, to += PAIR_BYTES) {
        char rows[2][2 * PANEL] = {0};
        for (size_t i = 0; i < 2 && k + i < inner; i++) memcpy(rows[i], from + i * stride, 2 * columns);
        pack_pair(rows[0], rows[1], to);
    }
}

DOTS void graft_product_pack(const void *b, size_t stride, int transposed, size_t columns, size_t inner, char *to,
                             size_t apart) {
    for (size_t j = 0; j < columns; j += PANEL, to += apart) {
        size_t width = columns - j < PANEL ? columns - j : PANEL;
        const uint16_t *from = (const uint16_t *)b + (transposed ? j * stride : j);
        if (transposed) {
            pack_columns((const char *)from, 2 * stride, width, 2 * inner, to);
            if (width > 16) pack_columns((const char *)(from + 16 * stride), 2 * stride, width - 16, 2 * inner, to + 64);
        } else {
            pack_rows((const char *)from, 2 * stride, width, inner, to);
        }
    }
}
#else
void graft_product_tile(size_t rows, const struct tile *t) { (void)rows, (void)t, __builtin_trap(); }
void graft_product_pack(const void *b, size_t stride, int transposed, size_t columns, size_t inner, char *to,
                        size_t apart) {
    (void)b, (void)stride, (void)transposed, (void)columns, (void)inner, (void)to, (void)apart;
    __builtin_trap();  // graft_has_product() says no
}
#endif
