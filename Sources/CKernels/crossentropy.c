#include "crossentropy.h"
#include "inline.h"

INLINE void slice_rows(const float *logits, size_t stride, int32_t first, size_t n, struct bound bound,
                       const int32_t *targets, float *maximum, float *sum, float *target_logit, float *target_slope,
                       void *weights, size_t weights_stride, int bf16, float *dx, size_t size, size_t rows) {
    for (size_t r = 0; r < rows; r++) {
        const float *l = logits + r * stride;
        float tops[LANES], slope;
        for (int j = 0; j < LANES; j++) tops[j] = -INFINITY;
        size_t i = 0;
        for (; i + LANES <= n; i += LANES)
            for (int j = 0; j < LANES; j++) tops[j] = l[i + j] > tops[j] ? l[i + j] : tops[j];
        for (int j = 0; i < n; i++, j++) tops[j] = l[i] > tops[j] ? l[i] : tops[j];
        float m = tops[0];
        for (int j = 1; j < LANES; j++) m = tops[j] > m ? tops[j] : m;
        m = bounded_score(m, bound, &slope);
        if (m > maximum[r]) {
            float factor = fast_exp(maximum[r] - m);
            sum[r] *= factor;
            if (weights) for (size_t c = 0; c < size; c++) dx[r * size + c] *= factor;
            maximum[r] = m;
        }
        m = maximum[r];
        float lanes[LANES] = {0};
        i = 0;
        if (weights) {
            void *w = at_mutable(weights, r * weights_stride, bf16);
            for (; i + LANES <= n; i += LANES)
                for (int j = 0; j < LANES; j++) {
                    float e = fast_exp(bounded_score(l[i + j], bound, &slope) - m);
                    lanes[j] += e;
                    store(w, i + j, e * slope, bf16);
                }
            for (int j = 0; i < n; i++, j++) {
                float e = fast_exp(bounded_score(l[i], bound, &slope) - m);
                lanes[j] += e;
                store(w, i, e * slope, bf16);
            }
        } else {
            for (; i + LANES <= n; i += LANES)
                for (int j = 0; j < LANES; j++) lanes[j] += fast_exp(bounded_score(l[i + j], bound, &slope) - m);
            for (int j = 0; i < n; i++, j++) lanes[j] += fast_exp(bounded_score(l[i], bound, &slope) - m);
        }
        sum[r] += sum_lanes(lanes);
        int64_t t = (int64_t)targets[r] - first;
        if (t >= 0 && t < (int64_t)n) {
            target_logit[r] = bounded_score(l[t], bound, &slope);
            target_slope[r] = slope;
            if (weights) store(weights, r * weights_stride + (size_t)t, 0, bf16);
        }
    }
}

INLINE void graft_cross_entropy_slice_body(const float *logits, size_t stride, int32_t first, size_t n, float scale,
                                           float softcap, const int32_t *targets, float *maximum, float *sum,
                                           float *target_logit, float *target_slope, void *weights,
                                           size_t weights_stride, int weights_bf16, float *dx, size_t size,
                                           size_t rows) {
    BY_TYPE(BF16, weights_bf16,
            BY_TYPE(BOUNDED, softcap > 0,
                    slice_rows(logits, stride, first, n, make_bound(BOUNDED, scale, softcap), targets, maximum, sum,
                               target_logit, target_slope, weights, weights_stride, BF16, dx, size, rows)))
}
KERNEL(graft_cross_entropy_slice,
       (const float *logits, size_t stride, int32_t first, size_t n, float scale, float softcap, const int32_t *targets,
        float *maximum, float *sum, float *target_logit, float *target_slope, void *weights, size_t weights_stride,
        int weights_bf16, float *dx, size_t size, size_t rows),
       (logits, stride, first, n, scale, softcap, targets, maximum, sum, target_logit, target_slope, weights,
        weights_stride, weights_bf16, dx, size, rows))

INLINE void graft_cross_entropy_finish_body(const float *maximum, const float *sum, const float *target_logit,
                                            const float *target_slope, const float *target_rows, float *dx, size_t size,
                                            float *loss, size_t rows) {
    for (size_t r = 0; r < rows; r++) {
        float lse = maximum[r] + logf(sum[r]);
        loss[r] = lse - target_logit[r];
        if (!dx) continue;
        float inverse = 1.0f / sum[r], own = (expf(target_logit[r] - lse) - 1.0f) * target_slope[r];
        for (size_t c = 0; c < size; c++)
            dx[r * size + c] = dx[r * size + c] * inverse + own * target_rows[r * size + c];
    }
}
KERNEL(graft_cross_entropy_finish,
       (const float *maximum, const float *sum, const float *target_logit, const float *target_slope,
        const float *target_rows, float *dx, size_t size, float *loss, size_t rows),
       (maximum, sum, target_logit, target_slope, target_rows, dx, size, loss, rows))

INLINE void gradient_rows(const float *logits, size_t stride, int32_t first, size_t n, struct bound bound,
                          const int32_t *targets, const float *lse, void *weights, size_t weights_stride, int bf16,
                          size_t rows) {
    for (size_t r = 0; r < rows; r++) {
        const float *l = logits + r * stride;
        void *w = at_mutable(weights, r * weights_stride, bf16);
        float slope, z = lse[r];
        for (size_t i = 0; i < n; i++) {
            float e = fast_exp(bounded_score(l[i], bound, &slope) - z);
            store(w, i, e * slope, bf16);
        }
        int64_t t = (int64_t)targets[r] - first;
        if (t >= 0 && t < (int64_t)n) {
            float e = fast_exp(bounded_score(l[t], bound, &slope) - z);
            store(w, (size_t)t, (e - 1.0f) * slope, bf16);
        }
    }
}
INLINE void graft_cross_entropy_gradient_body(const float *logits, size_t stride, int32_t first, size_t n, float scale,
                                              float softcap, const int32_t *targets, const float *lse, void *weights,
                                              size_t weights_stride, int weights_bf16, size_t rows) {
    BY_TYPE(BF16, weights_bf16,
            BY_TYPE(BOUNDED, softcap > 0,
                    gradient_rows(logits, stride, first, n, make_bound(BOUNDED, scale, softcap), targets, lse, weights,
                                  weights_stride, BF16, rows)))
}
KERNEL(graft_cross_entropy_gradient,
       (const float *logits, size_t stride, int32_t first, size_t n, float scale, float softcap, const int32_t *targets,
        const float *lse, void *weights, size_t weights_stride, int weights_bf16, size_t rows),
       (logits, stride, first, n, scale, softcap, targets, lse, weights, weights_stride, weights_bf16, rows))
