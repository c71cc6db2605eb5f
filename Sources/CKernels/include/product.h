#pragma once
#include <stddef.h>

/// A [rows × inner] · B [inner × columns] of bfloat16. A's row r begins at r·a_stride; B's element (r, c) lies at
/// r·b_stride + c, or at c·b_stride + r when transposed.
struct graft_factors {
    const void *a, *b;
    size_t a_stride, b_stride, inner;
    int b_transposed;
};

/// The most columns of A that a product's second pair of factors may have.
enum { GRAFT_SECOND_INNER = 256 };
/// Whether graft_product is the fastest way to multiply bfloat16 here: AVX512-BF16 without AMX.
int graft_has_product(void);
/// C [rows × columns] = first, plus second unless it is null, added to C with `accumulate`; on the pool, or on the calling
/// thread alone inside a parallel region. `second` has an even inner dimension of at most GRAFT_SECOND_INNER. Sums are
/// float, taken in an order that depends on the inner dimensions alone: the number of threads changes no bit.
void graft_product(const struct graft_factors *first, const struct graft_factors *second, float *c, size_t c_stride,
                   size_t rows, size_t columns, int accumulate);
