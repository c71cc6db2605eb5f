// Few rows times a matrix stored inputs first (GPT-2's Conv1D; B of an adapter): sums of 64 outputs stay in registers
// while the rows of the matrix pass by.
#include "decode_inline.h"

INLINE void columns(int format, const uint8_t *w, size_t row_bytes, int V, const float *x, size_t x_stride, int R,
                    size_t inner, float *y, size_t y_stride, int accumulate) {
    v16 sums[4][4];
    UNROLL for (int r = 0; r < R; r++) {
        UNROLL for (int v = 0; v < V; v++) {
            sums[r][v] = (v16){0};
        }
    }
    for (size_t k = 0; k < inner; k++) {
        v16 weights[4];
        UNROLL for (int v = 0; v < V; v++) read16(w + k * row_bytes, 16 * v, format, &weights[v]);
        UNROLL for (int r = 0; r < R; r++) {
            float number = x[r * x_stride + k];
            UNROLL for (int v = 0; v < V; v++) sums[r][v] += weights[v] * number;
        }
    }
    UNROLL for (int r = 0; r < R; r++) {
        UNROLL for (int v = 0; v < V; v++) {
            v16 before = {0};
            if (accumulate) memcpy(&before, y + r * y_stride + 16 * v, 64);
            before += sums[r][v];
            memcpy(y + r * y_stride + 16 * v, &before, 64);
        }
    }
}

INLINE void columns_of_rows(int format, const uint8_t *w, size_t row_bytes, int V, const float *x, size_t x_stride,
                            size_t rows, size_t inner, float *y, size_t y_stride, int accumulate) {
    size_t r = 0;
    for (; r + 4 <= rows; r += 4)
        columns(format, w, row_bytes, V, x + r * x_stride, x_stride, 4, inner, y + r * y_stride, y_stride, accumulate);
    for (; r < rows; r++)
        columns(format, w, row_bytes, V, x + r * x_stride, x_stride, 1, inner, y + r * y_stride, y_stride, accumulate);
}

INLINE void columns_body(int format, const uint8_t *w, size_t row_bytes, const float *x, size_t x_stride, size_t rows,
                         size_t inner, float *y, size_t y_stride, int accumulate, size_t begin, size_t end) {
    size_t width = format == FORMAT_F32 ? 4 : 2, o = begin;
    for (; o + 64 <= end; o += 64)
        columns_of_rows(format, w + o * width, row_bytes, 4, x, x_stride, rows, inner, y + o, y_stride, accumulate);
    for (; o + 16 <= end; o += 16)
        columns_of_rows(format, w + o * width, row_bytes, 1, x, x_stride, rows, inner, y + o, y_stride, accumulate);
    for (; o < end; o++)
        for (size_t r = 0; r < rows; r++) {
            float s = 0;
            for (size_t k = 0; k < inner; k++) {
                const uint8_t *at = w + k * row_bytes + o * width;
                float weight;
                _Float16 half;
                if (format == FORMAT_F16) {
                    memcpy(&half, at, 2);
                    weight = (float)half;
                } else {
                    weight = load(at, 0, format == FORMAT_BF16);
                }
                s += weight * x[r * x_stride + k];
            }
            y[r * y_stride + o] = accumulate ? y[r * y_stride + o] + s : s;
        }
}

#define COLUMNS(name, format)                                                                                           \
    INLINE void graft_##name##_body(const uint8_t *w, size_t row_bytes, const float *x, size_t x_stride, size_t rows,           \
                            size_t inner, float *y, size_t y_stride, int accumulate, size_t begin, size_t end) {        \
        columns_body(format, w, row_bytes, x, x_stride, rows, inner, y, y_stride, accumulate, begin, end);              \
    }                                                                                                                   \
    KERNEL(graft_##name,                                                                                                 \
                  (const uint8_t *w, size_t row_bytes, const float *x, size_t x_stride, size_t rows, size_t inner,      \
                   float *y, size_t y_stride, int accumulate, size_t begin, size_t end),                                \
                  (w, row_bytes, x, x_stride, rows, inner, y, y_stride, accumulate, begin, end))
COLUMNS(columns_f32, FORMAT_F32)
COLUMNS(columns_f16, FORMAT_F16)
COLUMNS(columns_bf16, FORMAT_BF16)

int graft_few_rows_inputs_first(uint32_t type, const void *w, size_t w_stride, const float *x, size_t x_stride,
                                size_t rows, size_t inner, float *y, size_t y_stride, int accumulate, size_t begin,
                                size_t end) {
    switch (type) {
        case FORMAT_F32:
            graft_columns_f32(w, w_stride * 4, x, x_stride, rows, inner, y, y_stride, accumulate, begin, end);
            return 1;
        case FORMAT_F16:
            graft_columns_f16(w, w_stride * 2, x, x_stride, rows, inner, y, y_stride, accumulate, begin, end);
            return 1;
        case FORMAT_BF16:
            graft_columns_bf16(w, w_stride * 2, x, x_stride, rows, inner, y, y_stride, accumulate, begin, end);
            return 1;
        default: return 0;
    }
}
