#pragma once
#include <stddef.h>
#include <stdint.h>

/// Turns the first `dims` numbers of each head by its row's position: pairs (i, i + dims/2), or (2i, 2i + 1) when
/// `interleaved`. cosines, sines: [position][dims/2]. `sign` −1 turns back (the gradient). Remaining numbers are
/// copied.
void graft_rotary(const void *x, size_t x_stride, int x_bf16, void *y, size_t y_stride, int y_bf16,
                  const float *cosines, const float *sines, const int32_t *positions, float sign, int interleaved,
                  size_t dims, size_t head_size, size_t heads, size_t rows);
