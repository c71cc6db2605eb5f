#include "attention.h"
#include "inline.h"

// Keys of the tile that row r may see, as [first, last) within the tile.
INLINE void visible(const int32_t *low, const int32_t *high, int32_t first_key, size_t keys, size_t r, size_t *first,
                    size_t *last) {
    int64_t a = (int64_t)low[r] - first_key, b = (int64_t)high[r] - first_key;
    if (a < 0) a = 0;
    if (b > (int64_t)keys) b = (int64_t)keys;
    if (b < a) b = a = 0;
    *first = (size_t)a;
    *last = (size_t)b;
}

INLINE float row_maximum(const float *s, size_t n, struct bound bound) {
    float lanes[LANES], slope;
    for (int j = 0; j < LANES; j++) lanes[j] = -INFINITY;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++) lanes[j] = s[i + j] > lanes[j] ? s[i + j] : lanes[j];
    for (int j = 0; i < n; i++, j++) lanes[j] = s[i] > lanes[j] ? s[i] : lanes[j];
    float m = lanes[0];
    for (int j = 1; j < LANES; j++) m = lanes[j] > m ? lanes[j] : m;
    return bounded_score(m, bound, &slope);  // it is increasing, so the maximum commutes with it
}

INLINE float row_exponentials(const float *s, void *p, int p_bf16, size_t n, float m, struct bound bound) {
    float lanes[LANES] = {0}, slope;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++) {
            float e = exp_below(bounded_score(s[i + j], bound, &slope) - m);
            lanes[j] += e;
            store_plain(p, i + j, e, p_bf16);
        }
    for (int j = 0; i < n; i++, j++) {
        float e = exp_below(bounded_score(s[i], bound, &slope) - m);
        lanes[j] += e;
        store_plain(p, i, e, p_bf16);
    }
    return sum_lanes(lanes);
}

INLINE void clear(void *p, int bf16, size_t first, size_t last) {
    if (last > first) memset(at_mutable(p, first, bf16), 0, (last - first) * (bf16 ? 2 : 4));
}

INLINE void softmax_rows(const float *scores, size_t stride, void *p, int p_bf16, const int32_t *low,
                         const int32_t *high, int32_t first_key, struct bound bound, float *maximum, float *sum, float *output,
                         size_t output_stride, size_t size, size_t rows, size_t keys) {
    for (size_t r = 0; r < rows; r++) {
        size_t first, last;
        visible(low, high, first_key, keys, r, &first, &last);
        void *row = at_mutable(p, r * stride, p_bf16);
        clear(row, p_bf16, 0, first);
        clear(row, p_bf16, last, keys);
        if (first == last) continue;
        const float *s = scores + r * stride + first;
        float m = row_maximum(s, last - first, bound);
        if (m > maximum[r]) {
            float factor = fast_exp(maximum[r] - m);
            sum[r] *= factor;
            float *o = output + r * output_stride;
            for (size_t i = 0; i < size; i++) o[i] *= factor;
            maximum[r] = m;
        }
        sum[r] += row_exponentials(s, at_mutable(row, first, p_bf16), p_bf16, last - first, maximum[r], bound);
    }
}

INLINE void graft_softmax_tile_body(const float *scores, size_t stride, void *p, int p_bf16, const int32_t *low,
                                    const int32_t *high, int32_t first_key, float scale, float softcap, float *maximum,
                                    float *sum, float *output, size_t output_stride, size_t size, size_t rows,
                                    size_t keys) {
    BY_TYPE(BF16, p_bf16,
            BY_TYPE(BOUNDED, softcap > 0,
                    softmax_rows(scores, stride, p, BF16, low, high, first_key, make_bound(BOUNDED, scale, softcap),
                                 maximum, sum, output, output_stride, size, rows, keys)))
}
KERNEL(graft_softmax_tile,
       (const float *scores, size_t stride, void *p, int p_bf16, const int32_t *low, const int32_t *high,
        int32_t first_key, float scale, float softcap, float *maximum, float *sum, float *output, size_t output_stride,
        size_t size, size_t rows, size_t keys),
       (scores, stride, p, p_bf16, low, high, first_key, scale, softcap, maximum, sum, output, output_stride, size, rows,
        keys))

INLINE void finish_rows(const float *output, size_t output_stride, const float *maximum, const float *sum, int has_sink,
                        float sink, void *result, size_t result_stride, int result_bf16, float *lse, size_t lse_stride,
                        size_t rows, size_t size) {
    for (size_t r = 0; r < rows; r++) {
        float m = maximum[r], z = sum[r];
        if (has_sink) z += expf(sink - m);
        float inverse = z > 0 ? 1.0f / z : 0.0f;
        const float *o = output + r * output_stride;
        void *y = at_mutable(result, r * result_stride, result_bf16);
        for (size_t i = 0; i < size; i++) store(y, i, o[i] * inverse, result_bf16);
        lse[r * lse_stride] = m + logf(z);
    }
}
INLINE void graft_softmax_finish_body(const float *output, size_t output_stride, const float *maximum, const float *sum,
                                      int has_sink, float sink, void *result, size_t result_stride, int result_bf16,
                                      float *lse, size_t lse_stride, size_t rows, size_t size) {
    BY_TYPE(BF16, result_bf16,
            finish_rows(output, output_stride, maximum, sum, has_sink, sink, result, result_stride, BF16, lse,
                        lse_stride, rows, size))
}
KERNEL(graft_softmax_finish,
       (const float *output, size_t output_stride, const float *maximum, const float *sum, int has_sink, float sink,
        void *result, size_t result_stride, int result_bf16, float *lse, size_t lse_stride, size_t rows, size_t size),
       (output, output_stride, maximum, sum, has_sink, sink, result, result_stride, result_bf16, lse, lse_stride, rows,
        size))

INLINE void dots(const void *a, size_t a_stride, const void *b, size_t b_stride, int a_bf16, int b_bf16, float *delta,
                 size_t delta_stride, size_t rows, size_t size) {
    for (size_t r = 0; r < rows; r++) {
        const void *x = at(a, r * a_stride, a_bf16), *y = at(b, r * b_stride, b_bf16);
        float lanes[LANES] = {0};
        size_t i = 0;
        for (; i + LANES <= size; i += LANES)
            for (int j = 0; j < LANES; j++) lanes[j] += load(x, i + j, a_bf16) * load(y, i + j, b_bf16);
        for (int j = 0; i < size; i++, j++) lanes[j] += load(x, i, a_bf16) * load(y, i, b_bf16);
        delta[r * delta_stride] = sum_lanes(lanes);
    }
}
INLINE void graft_row_dots_body(const void *a, size_t a_stride, const void *b, size_t b_stride, int a_bf16, int b_bf16,
                                float *delta, size_t delta_stride, size_t rows, size_t size) {
    BY_TYPE(A, a_bf16, BY_TYPE(B, b_bf16, dots(a, a_stride, b, b_stride, A, B, delta, delta_stride, rows, size)))
}
KERNEL(graft_row_dots,
       (const void *a, size_t a_stride, const void *b, size_t b_stride, int a_bf16, int b_bf16, float *delta,
        size_t delta_stride, size_t rows, size_t size),
       (a, a_stride, b, b_stride, a_bf16, b_bf16, delta, delta_stride, rows, size))

INLINE void backward_rows(const float *scores, const float *dp, size_t stride, void *p, void *ds, int bf16,
                          const int32_t *low, const int32_t *high, int32_t first_key, struct bound bound,
                          const float *lse, size_t lse_stride, const float *delta, size_t delta_stride, size_t rows,
                          size_t keys) {
    for (size_t r = 0; r < rows; r++) {
        size_t first, last;
        visible(low, high, first_key, keys, r, &first, &last);
        void *prow = at_mutable(p, r * stride, bf16), *drow = at_mutable(ds, r * stride, bf16);
        clear(prow, bf16, 0, first);
        clear(prow, bf16, last, keys);
        clear(drow, bf16, 0, first);
        clear(drow, bf16, last, keys);
        const float *s = scores + r * stride, *d = dp + r * stride;
        float l = lse[r * lse_stride], mean = delta[r * delta_stride];
        for (size_t i = first; i < last; i++) {
            float slope, e = exp_below(bounded_score(s[i], bound, &slope) - l);
            store_plain(prow, i, e, bf16);
            store_plain(drow, i, e * (d[i] - mean) * slope, bf16);
        }
    }
}
INLINE void graft_softmax_tile_backward_body(const float *scores, const float *dp, size_t stride, void *p, void *ds,
                                             int bf16, const int32_t *low, const int32_t *high, int32_t first_key,
                                             float scale, float softcap, const float *lse, size_t lse_stride,
                                             const float *delta, size_t delta_stride, size_t rows, size_t keys) {
    BY_TYPE(BF16, bf16,
            BY_TYPE(BOUNDED, softcap > 0,
                    backward_rows(scores, dp, stride, p, ds, BF16, low, high, first_key,
                                  make_bound(BOUNDED, scale, softcap), lse, lse_stride, delta, delta_stride, rows,
                                  keys)))
}
KERNEL(graft_softmax_tile_backward,
       (const float *scores, const float *dp, size_t stride, void *p, void *ds, int bf16, const int32_t *low,
        const int32_t *high, int32_t first_key, float scale, float softcap, const float *lse, size_t lse_stride,
        const float *delta, size_t delta_stride, size_t rows, size_t keys),
       (scores, dp, stride, p, ds, bf16, low, high, first_key, scale, softcap, lse, lse_stride, delta, delta_stride, rows,
        keys))
