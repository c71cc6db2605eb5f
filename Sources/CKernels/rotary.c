#include "rotary.h"
#include "inline.h"

INLINE void rotate_halves(const void *x, int x_bf16, void *y, int y_bf16, const float *c, const float *s, float sign,
                          size_t half) {
    for (size_t i = 0; i < half; i++) {
        float a = load(x, i, x_bf16), b = load(x, i + half, x_bf16), t = sign * s[i];
        store(y, i, a * c[i] - b * t, y_bf16);
        store(y, i + half, b * c[i] + a * t, y_bf16);
    }
}
INLINE void rotate_pairs(const void *x, int x_bf16, void *y, int y_bf16, const float *c, const float *s, float sign,
                         size_t half) {
    for (size_t i = 0; i < half; i++) {
        float a = load(x, 2 * i, x_bf16), b = load(x, 2 * i + 1, x_bf16), t = sign * s[i];
        store(y, 2 * i, a * c[i] - b * t, y_bf16);
        store(y, 2 * i + 1, b * c[i] + a * t, y_bf16);
    }
}

INLINE void rotary_rows(const void *x, size_t x_stride, int x_bf16, void *y, size_t y_stride, int y_bf16,
                        const float *cosines, const float *sines, const int32_t *positions, float sign, int interleaved,
                        size_t dims, size_t head_size, size_t heads, size_t rows) {
    size_t half = dims / 2;
    for (size_t r = 0; r < rows; r++) {
        const float *c = cosines + (size_t)positions[r] * half, *s = sines + (size_t)positions[r] * half;
        for (size_t h = 0; h < heads; h++) {
            const void *a = at(x, r * x_stride + h * head_size, x_bf16);
            void *b = at_mutable(y, r * y_stride + h * head_size, y_bf16);
            if (interleaved) rotate_pairs(a, x_bf16, b, y_bf16, c, s, sign, half);
            else rotate_halves(a, x_bf16, b, y_bf16, c, s, sign, half);
            for (size_t i = dims; i < head_size; i++) store(b, i, load(a, i, x_bf16), y_bf16);
        }
    }
}

INLINE void graft_rotary_body(const void *x, size_t x_stride, int x_bf16, void *y, size_t y_stride, int y_bf16,
                              const float *cosines, const float *sines, const int32_t *positions, float sign,
                              int interleaved, size_t dims, size_t head_size, size_t heads, size_t rows) {
    BY_TYPE(X, x_bf16,
            BY_TYPE(Y, y_bf16,
                    rotary_rows(x, x_stride, X, y, y_stride, Y, cosines, sines, positions, sign, interleaved, dims,
                                head_size, heads, rows)))
}
KERNEL(graft_rotary,
       (const void *x, size_t x_stride, int x_bf16, void *y, size_t y_stride, int y_bf16, const float *cosines,
        const float *sines, const int32_t *positions, float sign, int interleaved, size_t dims, size_t head_size,
        size_t heads, size_t rows),
       (x, x_stride, x_bf16, y, y_stride, y_bf16, cosines, sines, positions, sign, interleaved, dims, head_size, heads,
        rows))
