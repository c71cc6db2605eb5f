#pragma once
// A product's inner loops: tiles of C that stay in registers, and the packing of B that they read. Both count along the
// inner dimension in units of four bytes: a float, or a pair of bfloat16, which one instruction multiplies by another
// pair and adds up.
#include "decode_inline.h"
#include "product.h"

enum { UNIT = 4 };

// A tile of C: what the units of `a` and then of `second` add up to with one panel's.
struct tile {
    const char *a, *second;
    size_t a_row, second_row;  // bytes from row to row
    const char *b;
    size_t units, second_units, c_stride, width;
    float *c;
    int accumulate;
};

// Part of a B in memory, whose rows or, when transposed, columns are `stride` bytes from each other.
struct packing {
    const char *from;
    size_t stride, columns, inner;  // `inner` elements of each column
    int transposed;
    char *to;
    size_t apart;                   // bytes from panel to panel
};

// The inner loops for one type of operand, at one level of instructions.
struct product_kernel {
    size_t rows, panel;  // of a tile: as many sums as there are registers for
    void (*tile)(size_t rows, const struct tile *t);
    void (*pack)(const struct packing *p);
};
enum { MOST_ROWS = 12, MOST_PANEL = 32 };

// Those of this processor; null where a library is faster.
const struct product_kernel *graft_product_kernel(int bf16);

void graft_product_pack_pairs_v4(const struct packing *p);
void graft_product_pack_floats_v4(const struct packing *p);
void graft_product_pack_floats_v3(const struct packing *p);
