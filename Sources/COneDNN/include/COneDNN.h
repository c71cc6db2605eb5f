#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A matrix operand: element (r, c) lies at r·stride + c, or at c·stride + r when transposed.
struct graft_dnn_operand {
    const void *data;
    int64_t stride;
    int transposed;
};

/// C [rows × columns] = A [rows × inner] · B [inner × columns], added to C with `accumulate`. A and B are both bfloat16
/// or both float (`bf16`); C is float, or bfloat16 with `c_bf16`. `run_time` uses a primitive that serves any row
/// count, or with A transposed any inner dimension. Inside a parallel region the product runs on the calling thread
/// alone. Returns null, or a message of oneDNN.
const char *graft_dnn_product(struct graft_dnn_operand a, struct graft_dnn_operand b, void *c, int64_t c_stride,
                              int64_t rows, int64_t columns, int64_t inner, int bf16, int c_bf16, int accumulate,
                              int run_time);
/// How many products of different shapes the calling thread has prepared and keeps.
int graft_dnn_prepared(void);
/// How many it keeps at most.
int graft_dnn_most_prepared(void);
/// oneDNN's version as major·100 + minor.
int graft_dnn_version(void);

#ifdef __cplusplus
}
#endif
