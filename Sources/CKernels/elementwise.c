#include "elementwise.h"
#include "inline.h"

INLINE void add_rows(const void *from, size_t from_stride, int bf16, float *to, size_t to_stride, float scale,
                     size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++) {
        const void *a = at(from, r * from_stride, bf16);
        float *b = to + r * to_stride;
        for (size_t c = 0; c < columns; c++) b[c] += scale * load(a, c, bf16);
    }
}
INLINE void graft_add_body(const void *from, size_t from_stride, int from_bf16, float *to, size_t to_stride,
                           float scale, size_t rows, size_t columns) {
    BY_TYPE(FROM, from_bf16, add_rows(from, from_stride, FROM, to, to_stride, scale, rows, columns))
}
KERNEL(graft_add,
       (const void *from, size_t from_stride, int from_bf16, float *to, size_t to_stride, float scale, size_t rows,
        size_t columns),
       (from, from_stride, from_bf16, to, to_stride, scale, rows, columns))

INLINE void graft_sum_body(const float *a, const void *b, int b_bf16, float scale, float *y, size_t n) {
    if (b_bf16) for (size_t i = 0; i < n; i++) y[i] = a[i] + scale * load(b, i, 1);
    else for (size_t i = 0; i < n; i++) y[i] = a[i] + scale * load(b, i, 0);
}
KERNEL(graft_sum, (const float *a, const void *b, int b_bf16, float scale, float *y, size_t n),
       (a, b, b_bf16, scale, y, n))

INLINE void graft_add_bias_body(float *y, size_t stride, const float *bias, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++) y[r * stride + c] += bias[c];
}
KERNEL(graft_add_bias, (float *y, size_t stride, const float *bias, size_t rows, size_t columns),
       (y, stride, bias, rows, columns))

INLINE void graft_sum_rows_body(const void *g, size_t stride, int bf16, float *sums, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++) {
        const void *a = at(g, r * stride, bf16);
        if (bf16) for (size_t c = 0; c < columns; c++) sums[c] += load(a, c, 1);
        else for (size_t c = 0; c < columns; c++) sums[c] += load(a, c, 0);
    }
}
KERNEL(graft_sum_rows, (const void *g, size_t stride, int bf16, float *sums, size_t rows, size_t columns),
       (g, stride, bf16, sums, rows, columns))

// SplitMix64's finaliser for a row, and one of 32 bits for its columns, which runs in lanes (Wellons, "lowbias32").
INLINE uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}
INLINE uint32_t mix_lane(uint32_t z) {
    z = (z ^ (z >> 16)) * 0x7feb352du;
    z = (z ^ (z >> 15)) * 0x846ca68bu;
    return z ^ (z >> 16);
}

INLINE void dropout_rows(const void *x, size_t x_stride, int x_bf16, void *y, size_t y_stride, int y_bf16, uint64_t key,
                         uint64_t first_row, float probability, size_t rows, size_t columns) {
    uint32_t threshold = (uint32_t)((double)probability * 4294967296.0);
    float scale = 1.0f / (1.0f - probability);
    for (size_t r = 0; r < rows; r++) {
        uint64_t row_key = mix(key + 0x9e3779b97f4a7c15ull * (first_row + r + 1));
        uint32_t low = (uint32_t)row_key, high = (uint32_t)(row_key >> 32);
        const void *a = at(x, r * x_stride, x_bf16);
        void *b = at_mutable(y, r * y_stride, y_bf16);
        for (uint32_t c = 0; c < (uint32_t)columns; c++) {
            uint32_t draw = mix_lane(mix_lane(c + low) ^ high);
            store(b, c, load(a, c, x_bf16) * (draw >= threshold ? scale : 0.0f), y_bf16);
        }
    }
}
INLINE void graft_dropout_body(const void *x, size_t x_stride, int x_bf16, void *y, size_t y_stride, int y_bf16,
                               uint64_t key, uint64_t first_row, float probability, size_t rows, size_t columns) {
    BY_TYPE(X, x_bf16,
            BY_TYPE(Y, y_bf16,
                    dropout_rows(x, x_stride, X, y, y_stride, Y, key, first_row, probability, rows, columns)))
}
KERNEL(graft_dropout,
       (const void *x, size_t x_stride, int x_bf16, void *y, size_t y_stride, int y_bf16, uint64_t key,
        uint64_t first_row, float probability, size_t rows, size_t columns),
       (x, x_stride, x_bf16, y, y_stride, y_bf16, key, first_row, probability, rows, columns))
