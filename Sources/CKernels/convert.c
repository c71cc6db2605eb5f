#include "convert.h"
#include "inline.h"

INLINE void convert_rows(const void *from, size_t from_stride, int from_bf16, void *to, size_t to_stride, int to_bf16,
                         float scale, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++) {
        const void *a = at(from, r * from_stride, from_bf16);
        void *b = at_mutable(to, r * to_stride, to_bf16);
        for (size_t c = 0; c < columns; c++) store(b, c, load(a, c, from_bf16) * scale, to_bf16);
    }
}

INLINE void graft_convert_body(const void *from, size_t from_stride, int from_bf16, void *to, size_t to_stride,
                               int to_bf16, float scale, size_t rows, size_t columns) {
    BY_TYPE(FROM, from_bf16,
            BY_TYPE(TO, to_bf16, convert_rows(from, from_stride, FROM, to, to_stride, TO, scale, rows, columns)))
}
KERNEL(graft_convert,
       (const void *from, size_t from_stride, int from_bf16, void *to, size_t to_stride, int to_bf16, float scale,
        size_t rows, size_t columns),
       (from, from_stride, from_bf16, to, to_stride, to_bf16, scale, rows, columns))

INLINE void convert_columns(const float *from, size_t from_stride, void *to, size_t to_stride, int to_bf16,
                            const float *scale, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++) {
        const float *a = from + r * from_stride;
        void *b = at_mutable(to, r * to_stride, to_bf16);
        for (size_t c = 0; c < columns; c++) store(b, c, a[c] * scale[c], to_bf16);
    }
}
INLINE void graft_convert_columns_body(const float *from, size_t from_stride, void *to, size_t to_stride, int to_bf16,
                                       const float *scale, size_t rows, size_t columns) {
    BY_TYPE(TO, to_bf16, convert_columns(from, from_stride, to, to_stride, TO, scale, rows, columns))
}
KERNEL(graft_convert_columns,
       (const float *from, size_t from_stride, void *to, size_t to_stride, int to_bf16, const float *scale, size_t rows,
        size_t columns),
       (from, from_stride, to, to_stride, to_bf16, scale, rows, columns))

void graft_transpose(const float *from, size_t rows, size_t columns, float *to) {
    enum { TILE = 16 };
    for (size_t r0 = 0; r0 < rows; r0 += TILE)
        for (size_t c0 = 0; c0 < columns; c0 += TILE)
            for (size_t r = r0; r < rows && r < r0 + TILE; r++)
                for (size_t c = c0; c < columns && c < c0 + TILE; c++) to[c * rows + r] = from[r * columns + c];
}
