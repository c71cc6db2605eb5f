#pragma once
// A product's inner loops: tiles of C that stay in registers, and the packing of B that they read. Both count along the
// inner dimension in pairs of bfloat16, which one instruction multiplies by other pairs and adds up.
#include "decode_inline.h"
#include "product.h"

enum {
    TILE_ROWS = 12,     // × two vectors of sums, two of B and one of A: 27 of 32 registers
    PANEL = 32,         // columns of a packed panel: two vectors
    PAIR_BYTES = 128,   // of a panel: 32 pairs
};

// A tile of C: what the pairs of `a` and then of `second` add up to with one panel's.
struct tile {
    const char *a, *second;
    size_t a_row, second_row;  // bytes from row to row
    const char *b;
    size_t pairs, second_pairs, c_stride, width;
    float *c;
    int accumulate;
};

// Computes `rows` ≤ TILE_ROWS rows.
void graft_product_tile(size_t rows, const struct tile *t);
// Packs `columns` columns of B, of which `inner` elements are taken, into panels `apart` bytes from each other.
void graft_product_pack(const void *b, size_t stride, int transposed, size_t columns, size_t inner, char *to, size_t apart);

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
#undef SWAP
