// Products of a few rows with a stored matrix: at memory's speed, for the matrix is read once whatever its format.
#include "decode_inline.h"
#include "blocks.h"

// R rows of x times O rows of W, which lie w_apart bytes from each other and whose results y_apart; sums in registers.
INLINE void dots(int format, const uint8_t *w, size_t w_apart, int O, const float *x, size_t x_stride, int R,
                 size_t inner, float *y, size_t y_stride, size_t y_apart, int accumulate) {
    v16 sums[4][4];
    UNROLL for (int o = 0; o < O; o++) {
        UNROLL for (int r = 0; r < R; r++) sums[o][r] = (v16){0};
    }
    size_t whole = inner / 16 * 16;
    for (size_t k = 0; k < whole; k += 16) {
        v16 weights[4], numbers;
        UNROLL for (int o = 0; o < O; o++) read16(w + o * w_apart, k, format, &weights[o]);
        UNROLL for (int r = 0; r < R; r++) {
            memcpy(&numbers, x + r * x_stride + k, 64);
            UNROLL for (int o = 0; o < O; o++) sums[o][r] += weights[o] * numbers;
        }
    }
    if (whole < inner) {
        v16 weights, numbers;
        for (int o = 0; o < O; o++) {
            read_rest(w + o * w_apart, whole, inner - whole, format, &weights);
            for (int r = 0; r < R; r++) {
                read_rest((const uint8_t *)(x + r * x_stride), whole, inner - whole, FORMAT_F32, &numbers);
                sums[o][r] += weights * numbers;
            }
        }
    }
    UNROLL for (int r = 0; r < R; r++) {
        const v16 *own[4] = {&sums[0][r], &sums[1][r], &sums[2][r], &sums[3][r]};
        store_sums(own, O, y + r * y_stride, y_apart, accumulate);
    }
}

INLINE void dots_of_rows(int format, const uint8_t *w, size_t w_apart, int O, const float *x, size_t x_stride, size_t rows,
                         size_t inner, float *y, size_t y_stride, size_t y_apart, int accumulate) {
    size_t r = 0;
    for (; r + 4 <= rows; r += 4)
        dots(format, w, w_apart, O, x + r * x_stride, x_stride, 4, inner, y + r * y_stride, y_stride, y_apart, accumulate);
    const float *rest = x + r * x_stride;
    float *to = y + r * y_stride;
    if (rows - r == 3) dots(format, w, w_apart, O, rest, x_stride, 3, inner, to, y_stride, y_apart, accumulate);
    if (rows - r == 2) dots(format, w, w_apart, O, rest, x_stride, 2, inner, to, y_stride, y_apart, accumulate);
    if (rows - r == 1) dots(format, w, w_apart, O, rest, x_stride, 1, inner, to, y_stride, y_apart, accumulate);
}

// Four rows of W at a time, one from each quarter of the range: their addresses are four long streams, which processors
// follow by themselves. Four neighbouring rows would be short ones. One row of x needs one stream only.
INLINE void rows_body(int format, const uint8_t *w, size_t row_bytes, const float *x, size_t x_stride, size_t rows,
                      size_t inner, float *y, size_t y_stride, int accumulate, size_t begin, size_t end) {
    size_t quarter = rows > 1 ? (end - begin) / 4 : 0, o = begin;
    for (; o < begin + quarter; o++)
        dots_of_rows(format, w + o * row_bytes, quarter * row_bytes, 4, x, x_stride, rows, inner, y + o, y_stride, quarter,
                     accumulate);
    for (o = begin + 4 * quarter; o < end; o++)
        dots_of_rows(format, w + o * row_bytes, 0, 1, x, x_stride, rows, inner, y + o, y_stride, 0, accumulate);
}

#define ROWS(name, format)                                                                                              \
    INLINE void graft_##name##_body(const uint8_t *w, size_t row_bytes, const float *x, size_t x_stride, size_t rows,           \
                            size_t inner, float *y, size_t y_stride, int accumulate, size_t begin, size_t end) {        \
        rows_body(format, w, row_bytes, x, x_stride, rows, inner, y, y_stride, accumulate, begin, end);                 \
    }                                                                                                                   \
    KERNEL(graft_##name,                                                                                                 \
                  (const uint8_t *w, size_t row_bytes, const float *x, size_t x_stride, size_t rows, size_t inner,      \
                   float *y, size_t y_stride, int accumulate, size_t begin, size_t end),                                \
                  (w, row_bytes, x, x_stride, rows, inner, y, y_stride, accumulate, begin, end))
ROWS(rows_f32, FORMAT_F32)
ROWS(rows_f16, FORMAT_F16)
ROWS(rows_bf16, FORMAT_BF16)
ROWS(rows_q8_0, FORMAT_Q8_0)

// Other block formats: four rows at a time are expanded into the first-level cache, a stretch of their columns after
// the other. A stretch holds whole blocks of every format.
enum { STRETCH = 1024 };

static int rows_expanded(uint32_t type, const uint8_t *w, size_t row_bytes, const float *x, size_t x_stride,
                         size_t rows, size_t inner, float *y, size_t y_stride, int accumulate, size_t begin,
                         size_t end) {
    float panel[4 * STRETCH] __attribute__((aligned(64)));
    for (size_t o = begin; o < end; o += 4) {
        size_t count = end - o < 4 ? end - o : 4;
        for (size_t k = 0; k < inner; k += STRETCH) {
            size_t width = inner - k < STRETCH ? inner - k : STRETCH;
            for (size_t i = 0; i < count; i++) {
                const uint8_t *from = w + (o + i) * row_bytes + row_bytes * k / inner;
                if (!graft_expand(type, from, width, panel + i * STRETCH, 0)) return 0;
            }
            graft_rows_f32((const uint8_t *)panel, STRETCH * 4, x + k, x_stride, rows, width, y + o, y_stride,
                     accumulate || k > 0, 0, count);
        }
    }
    return 1;
}

int graft_few_rows(uint32_t type, const void *w, size_t row_bytes, const float *x, size_t x_stride, size_t rows,
                   size_t inner, float *y, size_t y_stride, int accumulate, size_t begin, size_t end) {
    switch (type) {
        case FORMAT_F32:
            graft_rows_f32(w, row_bytes, x, x_stride, rows, inner, y, y_stride, accumulate, begin, end);
            return 1;
        case FORMAT_F16:
            graft_rows_f16(w, row_bytes, x, x_stride, rows, inner, y, y_stride, accumulate, begin, end);
            return 1;
        case FORMAT_BF16:
            graft_rows_bf16(w, row_bytes, x, x_stride, rows, inner, y, y_stride, accumulate, begin, end);
            return 1;
        case FORMAT_Q8_0:
            graft_rows_q8_0(w, row_bytes, x, x_stride, rows, inner, y, y_stride, accumulate, begin, end);
            return 1;
        default: return rows_expanded(type, w, row_bytes, x, x_stride, rows, inner, y, y_stride, accumulate, begin, end);
    }
}
