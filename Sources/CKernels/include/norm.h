#pragma once
#include <stddef.h>
#include <stdint.h>

/// RMS norm of rows: y = x̂·w with x̂ = x/√(mean x² + ε); with `centred` LayerNorm: x̂ = (x − mean)/√(var + ε), y =
/// x̂·w + b. `weight`, `bias` may be null. `statistics` receives (mean, 1/deviation) a row.
void graft_norm(const void *x, size_t x_stride, int x_bf16, const float *weight, const float *bias, float epsilon,
                int centred, void *y, size_t y_stride, int y_bf16, float *statistics, size_t rows, size_t columns);
/// dx (+)= gradient of graft_norm; dx also goes to `copy` (bf16 or float) when that is not null. With `adds`, dx is
/// read and added to. `dweight`, `dbias`: sums over these rows are added, when not null.
void graft_norm_backward(const void *x, size_t x_stride, int x_bf16, const float *statistics, const float *weight,
                         int centred, const void *g, size_t g_stride, int g_bf16, float *dx, size_t dx_stride, int adds,
                         void *copy, int copy_bf16, float copy_scale, float *dweight, float *dbias, size_t rows,
                         size_t columns);
