#pragma once
#include <stddef.h>
#include <stdint.h>

/// One tile of streaming softmax. scores [rows × keys] (stride) are q·kᵀ for keys first_key…; row r may see keys
/// low[r] ≤ key < high[r]. Updates the running maximum and sum, rescales the row of `output` (size numbers) when the
/// maximum grows and writes the unnormalised weights to p (same stride). softcap 0 = none.
void graft_softmax_tile(const float *scores, size_t stride, void *p, int p_bf16, const int32_t *low,
                        const int32_t *high, int32_t first_key, float scale, float softcap, float *maximum, float *sum,
                        float *output, size_t output_stride, size_t size, size_t rows, size_t keys);
/// Divides by the sum (plus the sink's weight when has_sink) and stores the result and its log-sum-exp.
void graft_softmax_finish(const float *output, size_t output_stride, const float *maximum, const float *sum,
                          int has_sink, float sink, void *result, size_t result_stride, int result_bf16, float *lse,
                          size_t lse_stride, size_t rows, size_t size);
/// delta[r] = Σ dO[r]·O[r].
void graft_row_dots(const void *a, size_t a_stride, const void *b, size_t b_stride, int a_bf16, int b_bf16, float *delta,
                    size_t delta_stride, size_t rows, size_t size);
/// p = e^(s·scale − lse) and ds = p·(dp − delta)·scale of a tile, both in the operand type.
void graft_softmax_tile_backward(const float *scores, const float *dp, size_t stride, void *p, void *ds, int bf16,
                                 const int32_t *low, const int32_t *high, int32_t first_key, float scale, float softcap,
                                 const float *lse, size_t lse_stride, const float *delta, size_t delta_stride,
                                 size_t rows, size_t keys);
