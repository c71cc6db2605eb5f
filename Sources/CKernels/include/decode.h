#pragma once
#include <stddef.h>
#include <stdint.h>

/// y[r][o] (+)= Σ_k x[r][k]·W[o][k] for a few rows x (float) and the stored rows [begin, end) of W, read once. `type`
/// is ggml's number of the format; a row of W is `row_bytes` long and lies at any address. y points at output 0. The
/// order of a sum depends on neither the number of rows nor the range, so a row's result does not depend on its
/// company. Returns 0 for a format it does not know.
int graft_few_rows(uint32_t type, const void *w, size_t row_bytes, const float *x, size_t x_stride, size_t rows,
                   size_t inner, float *y, size_t y_stride, int accumulate, size_t begin, size_t end);
/// The same for x and W both in bfloat16, by the processor's own dot products. Only where graft_has_bf16_dots().
void graft_few_rows_bf16(const void *w, size_t w_stride, const void *x, size_t x_stride, size_t rows, size_t inner,
                         float *y, size_t y_stride, int accumulate, size_t begin, size_t end);
/// Whether the processor has dot products of bfloat16 on vectors (AVX512-BF16) and no cap forbids them.
int graft_has_bf16_dots(void);
/// y[r][o] (+)= Σ_k x[r][k]·W[k][o] for outputs [begin, end) of a W stored inputs first, as float, f16 or bf16.
int graft_few_rows_inputs_first(uint32_t type, const void *w, size_t w_stride, const float *x, size_t x_stride,
                                size_t rows, size_t inner, float *y, size_t y_stride, int accumulate, size_t begin,
                                size_t end);

/// One query's part of softmax attention: `heads` query heads (float, `size` numbers each, one after the other) that
/// share the keys and values of `keys` positions. Writes each head's maximum, sum of weights and unnormalised sum of
/// values.
void graft_query_attention(const float *q, size_t heads, size_t size, size_t value_size, const void *k, size_t k_stride,
                           const void *v, size_t v_stride, int bf16, size_t keys, float scale, float softcap,
                           float *maximum, float *sum, float *output);
/// Joins the parts (each [maximum × heads][sum × heads][output × heads × value_size], `part_stride` floats apart) and
/// stores heads × value_size numbers. `sinks`: a score a head that joins the softmax and is dropped, or null.
void graft_query_attention_join(const float *parts, size_t count, size_t part_stride, size_t heads, size_t value_size,
                                const float *sinks, void *result, int result_bf16);

/// The first position of the largest number; −1 when a number is NaN.
ptrdiff_t graft_largest(const float *x, size_t n);
/// weights[i] = e^((x[i] − maximum)·scale); returns their sum.
double graft_exponentials(const float *x, size_t n, float maximum, float scale, float *weights);
