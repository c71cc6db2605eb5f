#pragma once
#include <stddef.h>
#include <stdint.h>

/// to[r][c] = scale·from[r][c] over a rows × columns block with row strides counted in elements.
void graft_convert(const void *from, size_t from_stride, int from_bf16, void *to, size_t to_stride, int to_bf16,
                   float scale, size_t rows, size_t columns);
/// As graft_convert with a factor for every column.
void graft_convert_columns(const float *from, size_t from_stride, void *to, size_t to_stride, int to_bf16,
                           const float *scale, size_t rows, size_t columns);
/// to[c][r] = from[r][c] for floats: rows × columns → columns × rows.
void graft_transpose(const float *from, size_t rows, size_t columns, float *to);
