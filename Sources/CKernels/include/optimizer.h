#pragma once
#include <stddef.h>

/// One AdamW step with decoupled decay, as torch.optim.AdamW computes it. `gradient_scale` multiplies the gradient
/// first (clipping, mean over targets); `correction1/2` = 1 − βᵗ.
void graft_adamw(float *value, const float *gradient, float *first, float *second, float gradient_scale, float rate,
                 double beta1, double beta2, float epsilon, float decay, float correction1, float correction2, size_t n);
/// Σ x² in fixed lanes, summed in double.
double graft_sum_of_squares(const float *x, size_t n);
