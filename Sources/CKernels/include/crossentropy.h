#pragma once
#include <stddef.h>
#include <stdint.h>

/// One slice of vocabulary of a streaming softmax. logits [rows × n] belong to ids first…first+n−1. Logits become
/// scale·l, then softcap·tanh(l/softcap) when softcap > 0. Updates maximum and sum (the target's own weight included),
/// notes the target's final logit and its slope, and, when `weights` is not null, writes e^(l−m)·slope there (0 in the
/// target's column) and rescales the row of `dx` when the maximum grows.
void graft_cross_entropy_slice(const float *logits, size_t stride, int32_t first, size_t n, float scale, float softcap,
                               const int32_t *targets, float *maximum, float *sum, float *target_logit,
                               float *target_slope, void *weights, size_t weights_stride, int weights_bf16, float *dx,
                               size_t size, size_t rows);
/// loss[r] = log-sum-exp − target's logit; dx[r] = dx[r]/Z + (p_target − 1)·slope·target_rows[r], when dx is not null.
void graft_cross_entropy_finish(const float *maximum, const float *sum, const float *target_logit,
                                const float *target_slope, const float *target_rows, float *dx, size_t size,
                                float *loss, size_t rows);
/// weights[r][j] = (e^(l − lse) − [j is the target])·slope, for the second sweep of a trained head.
void graft_cross_entropy_gradient(const float *logits, size_t stride, int32_t first, size_t n, float scale,
                                  float softcap, const int32_t *targets, const float *lse, void *weights,
                                  size_t weights_stride, int weights_bf16, size_t rows);
