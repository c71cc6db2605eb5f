// Tiles of a product's result, with AVX512-BF16, AVX-512 and AVX2.
#include "parallel.h"
#include "product_inline.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define DOTS __attribute__((target("arch=x86-64-v4,avx512bf16,no-prefer-256-bit")))

// Where a tile's rows of A are: three pointers serve twelve rows, so that none of them is spilled.
struct rows {
    const char *at[3];
    size_t row;
};
INLINE struct rows rows_of(const char *a, size_t row) { return (struct rows){{a, a + 4 * row, a + 8 * row}, row}; }
INLINE const char *unit_of(const struct rows *a, int r) { return a->at[r / 4] + (size_t)(r % 4) * a->row; }
INLINE void advance(struct rows *a) {
    UNROLL for (int p = 0; p < 3; p++) {
        a->at[p] += UNIT;
        __asm__("" : "+r"(a->at[p]));  // else the compiler makes one chain of additions of all twelve addresses
    }
}

// s += A's units times a panel's, V vectors wide.
DOTS INLINE const char *add_pairs(int R, int V, v16 s[][2], struct rows a, const char *b, size_t units) {
    for (size_t k = 0; k < units; k++, b += 2 * 64) {
        __m512bh numbers[2];
        UNROLL for (int v = 0; v < V; v++) numbers[v] = (__m512bh)_mm512_load_si512(b + 64 * v);
        UNROLL for (int r = 0; r < R; r++) {
            int pair;
            memcpy(&pair, unit_of(&a, r), UNIT);
            __m512bh same = (__m512bh)_mm512_set1_epi32(pair);
            UNROLL for (int v = 0; v < V; v++) s[r][v] = (v16)_mm512_dpbf16_ps((__m512)s[r][v], same, numbers[v]);
        }
        advance(&a);
    }
    return b;
}

INLINE const char *add_floats(int R, int V, size_t panel, v16 s[][2], struct rows a, const char *b, size_t units) {
    for (size_t k = 0; k < units; k++, b += panel * UNIT) {
        v16 numbers[2];
        UNROLL for (int v = 0; v < V; v++) memcpy(&numbers[v], b + 64 * v, 64);
        UNROLL for (int r = 0; r < R; r++) {
            float number;
            memcpy(&number, unit_of(&a, r), UNIT);
            UNROLL for (int v = 0; v < V; v++) s[r][v] += number * numbers[v];
        }
        advance(&a);
    }
    return b;
}

INLINE void begin(int R, int V, v16 s[][2], const struct tile *t) {
    UNROLL for (int r = 0; r < R; r++) {
        UNROLL for (int v = 0; v < V; v++) s[r][v] = (v16){0};
        UNROLL for (int v = 0; v < V; v++) __builtin_prefetch(t->c + r * t->c_stride + 16 * v, 1, 3);
    }
}

INLINE void end(int R, int V, v16 s[][2], const struct tile *t) {
    float *c = t->c;
    if (t->width >= 16 * (size_t)V) {
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
        for (size_t j = 0; j < t->width; j++) c[j] = t->accumulate ? c[j] + line[j] : line[j];
    }
}

DOTS INLINE void tile_of_pairs(int R, int V, const struct tile *t) {
    v16 s[MOST_ROWS][2];
    begin(R, V, s, t);
    const char *b = add_pairs(R, V, s, rows_of(t->a, t->a_row), t->b, t->units);
    if (t->second_units) add_pairs(R, V, s, rows_of(t->second, t->second_row), b, t->second_units);
    end(R, V, s, t);
}

INLINE void tile_of_floats(int R, int V, size_t panel, const struct tile *t) {
    v16 s[MOST_ROWS][2];
    begin(R, V, s, t);
    const char *b = add_floats(R, V, panel, s, rows_of(t->a, t->a_row), t->b, t->units);
    if (t->second_units) add_floats(R, V, panel, s, rows_of(t->second, t->second_row), b, t->second_units);
    end(R, V, s, t);
}

#define EACH_TO_6(CASE) CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6)
#define EACH_TO_12(CASE) EACH_TO_6(CASE) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12)

DOTS static void tile_pairs_v4(size_t rows, const struct tile *t) {
#define CASE(n)                                    \
    case n:                                        \
        if (t->width > 16) tile_of_pairs(n, 2, t); \
        else tile_of_pairs(n, 1, t);               \
        break;
    switch (rows) { EACH_TO_12(CASE) }
#undef CASE
}

V4 static void tile_floats_v4(size_t rows, const struct tile *t) {
#define CASE(n)                                         \
    case n:                                             \
        if (t->width > 16) tile_of_floats(n, 2, 32, t); \
        else tile_of_floats(n, 1, 32, t);               \
        break;
    switch (rows) { EACH_TO_12(CASE) }
#undef CASE
}

V3 static void tile_floats_v3(size_t rows, const struct tile *t) {
#define CASE(n)                         \
    case n:                             \
        tile_of_floats(n, 1, 16, t);    \
        break;
    switch (rows) { EACH_TO_6(CASE) }
#undef CASE
}

const struct product_kernel *graft_product_kernel(int bf16) {
    static const struct product_kernel pairs_v4 = {12, 32, tile_pairs_v4, graft_product_pack_pairs_v4},
        floats_v4 = {12, 32, tile_floats_v4, graft_product_pack_floats_v4},
        floats_v3 = {6, 16, tile_floats_v3, graft_product_pack_floats_v3};
    if (bf16) return graft_has_bf16_dots() && !graft_has_amx() ? &pairs_v4 : 0;
    return graft_level() >= 4 ? &floats_v4 : graft_level() == 3 ? &floats_v3 : 0;
}
#else
const struct product_kernel *graft_product_kernel(int bf16) { return (void)bf16, (const struct product_kernel *)0; }
#endif
