#pragma once
#include <stddef.h>
#include <stdint.h>

enum graft_activation {
    GRAFT_SILU, GRAFT_GELU_TANH, GRAFT_GELU, GRAFT_RELU, GRAFT_RELU_SQUARED, GRAFT_SIGMOID
};

/// h = act(gate)·up, or act(gate) when `up` is null. When `kept_gate`/`kept_up` are not null, the inputs are stored
/// there (contiguous, type of `h`) for the backward pass.
void graft_activation(int kind, const void *gate, size_t gate_stride, const void *up, size_t up_stride, int in_bf16,
                      void *h, size_t h_stride, int h_bf16, void *kept_gate, void *kept_up, size_t rows, size_t columns);
/// From gate, up (both `kept_bf16`, contiguous) and dh (float): dgate, dup (`out_bf16`) and, when not null, h again.
void graft_activation_backward(int kind, const void *gate, const void *up, int kept_bf16, const float *dh,
                               size_t dh_stride, void *dgate, void *dup, void *h, int out_bf16, size_t rows,
                               size_t columns);
