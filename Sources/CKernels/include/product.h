#pragma once
#include <stddef.h>
#include <stdint.h>

/// How the numbers of a matrix are stored: ggml's number of the type, and a block's numbers and bytes (of plain numbers
/// 1 and their size).
struct graft_stored {
    uint32_t type;
    size_t numbers, bytes;
};

/// A [rows × inner] · B [inner × columns]. A's row r begins at r·a_stride; B's element (r, c) lies at r·b_stride + c,
/// or at c·b_stride + r when transposed. Strides count elements; those of B fill whole blocks.
struct graft_factors {
    const void *a, *b;
    size_t a_stride, b_stride, inner;
    int b_transposed;
    struct graft_stored b_stored;
};

/// The most columns of A that a product's second pair of factors may have.
enum { GRAFT_SECOND_INNER = 256 };
/// Whether graft_product is the fastest way to multiply here: bfloat16 with AVX512-BF16 and without AMX, floats with
/// AVX2.
int graft_has_product(int bf16);
/// C [rows × columns] = first, plus second unless it is null, added to C with `accumulate`; on the pool, or on the
/// calling thread alone inside a parallel region.
///
/// With `bf16` A is bfloat16 and B, however it is stored, rounded to it; otherwise both are floats. `second`, an
/// adapter's low rank, holds plain numbers of that type and has an inner dimension of at most GRAFT_SECOND_INNER, even
/// in bfloat16. Sums are float, taken in an order that depends on the inner dimensions and on how B is stored alone:
/// the number of threads changes no bit.
void graft_product(int bf16, const struct graft_factors *first, const struct graft_factors *second, float *c,
                   size_t c_stride, size_t rows, size_t columns, int accumulate);
