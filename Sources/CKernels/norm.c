#include "norm.h"
#include "inline.h"

INLINE float lane_sum(const void *x, int bf16, size_t n) {
    float lanes[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++) lanes[j] += load(x, i + j, bf16);
    for (int j = 0; i < n; i++, j++) lanes[j] += load(x, i, bf16);
    return sum_lanes(lanes);
}

INLINE float lane_squares(const void *x, int bf16, float mean, size_t n) {
    float lanes[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++) {
            float v = load(x, i + j, bf16) - mean;
            lanes[j] += v * v;
        }
    for (int j = 0; i < n; i++, j++) {
        float v = load(x, i, bf16) - mean;
        lanes[j] += v * v;
    }
    return sum_lanes(lanes);
}

INLINE void norm_row(const void *x, int x_bf16, const float *w, const float *b, float mean, float inverse, void *y,
                     int y_bf16, size_t n) {
    if (w && b) for (size_t i = 0; i < n; i++) store(y, i, (load(x, i, x_bf16) - mean) * inverse * w[i] + b[i], y_bf16);
    else if (w) for (size_t i = 0; i < n; i++) store(y, i, (load(x, i, x_bf16) - mean) * inverse * w[i], y_bf16);
    else for (size_t i = 0; i < n; i++) store(y, i, (load(x, i, x_bf16) - mean) * inverse, y_bf16);
}

INLINE void norm_rows(const void *x, size_t x_stride, int x_bf16, const float *weight, const float *bias, float epsilon,
                      int centred, void *y, size_t y_stride, int y_bf16, float *statistics, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++) {
        const void *a = at(x, r * x_stride, x_bf16);
        float mean = centred ? lane_sum(a, x_bf16, columns) / (float)columns : 0.0f;
        float inverse = 1.0f / sqrtf(lane_squares(a, x_bf16, mean, columns) / (float)columns + epsilon);
        statistics[2 * r] = mean;
        statistics[2 * r + 1] = inverse;
        norm_row(a, x_bf16, weight, bias, mean, inverse, at_mutable(y, r * y_stride, y_bf16), y_bf16, columns);
    }
}

INLINE void graft_norm_body(const void *x, size_t x_stride, int x_bf16, const float *weight, const float *bias,
                            float epsilon, int centred, void *y, size_t y_stride, int y_bf16, float *statistics,
                            size_t rows, size_t columns) {
    BY_TYPE(X, x_bf16,
            BY_TYPE(Y, y_bf16,
                    norm_rows(x, x_stride, X, weight, bias, epsilon, centred, y, y_stride, Y, statistics, rows, columns)))
}
KERNEL(graft_norm,
       (const void *x, size_t x_stride, int x_bf16, const float *weight, const float *bias, float epsilon, int centred,
        void *y, size_t y_stride, int y_bf16, float *statistics, size_t rows, size_t columns),
       (x, x_stride, x_bf16, weight, bias, epsilon, centred, y, y_stride, y_bf16, statistics, rows, columns))

// With u = g·w and x̂ = (x − mean)·s:  dx = s·(u − x̂·mean(u·x̂) [− mean(u) when centred]).
INLINE void norm_backward_rows(const void *x, size_t x_stride, int x_bf16, const float *statistics, const float *weight,
                               int centred, const void *g, size_t g_stride, int g_bf16, float *dx, size_t dx_stride,
                               int adds, void *copy, int copy_bf16, float copy_scale, float *dweight, float *dbias,
                               size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++) {
        const void *a = at(x, r * x_stride, x_bf16), *b = at(g, r * g_stride, g_bf16);
        float *d = dx + r * dx_stride;
        float mean = statistics[2 * r], s = statistics[2 * r + 1];
        float along_lanes[LANES] = {0}, sum[LANES] = {0};
        size_t i = 0;
        for (; i + LANES <= columns; i += LANES)
            for (int j = 0; j < LANES; j++) {
                float u = load(b, i + j, g_bf16) * (weight ? weight[i + j] : 1.0f);
                along_lanes[j] += u * (load(a, i + j, x_bf16) - mean);
                sum[j] += u;
            }
        for (int j = 0; i < columns; i++, j++) {
            float u = load(b, i, g_bf16) * (weight ? weight[i] : 1.0f);
            along_lanes[j] += u * (load(a, i, x_bf16) - mean);
            sum[j] += u;
        }
        float along = sum_lanes(along_lanes) * s * s / (float)columns;
        float shift = centred ? sum_lanes(sum) / (float)columns : 0.0f;
        if (adds)
            for (size_t c = 0; c < columns; c++) {
                float u = load(b, c, g_bf16) * (weight ? weight[c] : 1.0f);
                d[c] += s * (u - shift - (load(a, c, x_bf16) - mean) * along);
            }
        else
            for (size_t c = 0; c < columns; c++) {
                float u = load(b, c, g_bf16) * (weight ? weight[c] : 1.0f);
                d[c] = s * (u - shift - (load(a, c, x_bf16) - mean) * along);
            }
        if (copy) {
            void *e = at_mutable(copy, r * columns, copy_bf16);
            if (copy_bf16) for (size_t c = 0; c < columns; c++) store(e, c, d[c] * copy_scale, 1);
            else for (size_t c = 0; c < columns; c++) store(e, c, d[c] * copy_scale, 0);
        }
        if (dweight)
            for (size_t c = 0; c < columns; c++) dweight[c] += load(b, c, g_bf16) * (load(a, c, x_bf16) - mean) * s;
        if (dbias)
            for (size_t c = 0; c < columns; c++) dbias[c] += load(b, c, g_bf16);
    }
}

INLINE void graft_norm_backward_body(const void *x, size_t x_stride, int x_bf16, const float *statistics,
                                     const float *weight, int centred, const void *g, size_t g_stride, int g_bf16,
                                     float *dx, size_t dx_stride, int adds, void *copy, int copy_bf16, float copy_scale,
                                     float *dweight, float *dbias, size_t rows, size_t columns) {
    BY_TYPE(X, x_bf16,
            BY_TYPE(G, g_bf16,
                    norm_backward_rows(x, x_stride, X, statistics, weight, centred, g, g_stride, G, dx, dx_stride, adds,
                                       copy, copy_bf16, copy_scale, dweight, dbias, rows, columns)))
}
KERNEL(graft_norm_backward,
       (const void *x, size_t x_stride, int x_bf16, const float *statistics, const float *weight, int centred,
        const void *g, size_t g_stride, int g_bf16, float *dx, size_t dx_stride, int adds, void *copy, int copy_bf16,
        float copy_scale, float *dweight, float *dbias, size_t rows, size_t columns),
       (x, x_stride, x_bf16, statistics, weight, centred, g, g_stride, g_bf16, dx, dx_stride, adds, copy, copy_bf16,
        copy_scale, dweight, dbias, rows, columns))
