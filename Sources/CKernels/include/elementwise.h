#pragma once
#include <stddef.h>
#include <stdint.h>

/// to[r][c] += scale·from[r][c].
void graft_add(const void *from, size_t from_stride, int from_bf16, float *to, size_t to_stride, float scale,
               size_t rows, size_t columns);
/// y[r][c] = a[r][c] + scale·b[r][c], all float, contiguous n elements.
void graft_sum(const float *a, const void *b, int b_bf16, float scale, float *y, size_t n);
/// y[r][c] += bias[c].
void graft_add_bias(float *y, size_t stride, const float *bias, size_t rows, size_t columns);
/// sums[c] += Σ_r g[r][c], rows in order.
void graft_sum_rows(const void *g, size_t stride, int bf16, float *sums, size_t rows, size_t columns);
/// Multiplies x by a dropout mask in place of a copy: y[r][c] = keep ? x/(1−p) : 0. The decision depends on
/// (key, first_row + r, c) alone, so that it is the same however a batch is cut.
void graft_dropout(const void *x, size_t x_stride, int x_bf16, void *y, size_t y_stride, int y_bf16, uint64_t key,
                   uint64_t first_row, float probability, size_t rows, size_t columns);
