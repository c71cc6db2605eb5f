// What choosing the next token needs over a whole vocabulary.
#include "decode_inline.h"

INLINE void graft_find_largest_body(const float *x, size_t n, float *result, int *odd) {
    float m[LANES];
    int bad[LANES] = {0};
    for (int l = 0; l < LANES; l++) m[l] = -INFINITY;
    size_t whole = n / LANES * LANES;
    for (size_t i = 0; i < whole; i += LANES)
        for (int l = 0; l < LANES; l++) {
            m[l] = x[i + l] > m[l] ? x[i + l] : m[l];
            bad[l] |= x[i + l] != x[i + l];
        }
    for (size_t i = whole; i < n; i++) {
        m[0] = x[i] > m[0] ? x[i] : m[0];
        bad[0] |= x[i] != x[i];
    }
    *result = m[0];
    *odd = 0;
    for (int l = 0; l < LANES; l++) {
        *result = m[l] > *result ? m[l] : *result;
        *odd |= bad[l];
    }
}
KERNEL(graft_find_largest, (const float *x, size_t n, float *result, int *odd), (x, n, result, odd))

ptrdiff_t graft_largest(const float *x, size_t n) {
    float m;
    int odd;
    graft_find_largest(x, n, &m, &odd);
    if (odd) return -1;
    for (size_t i = 0; i < n; i++)
        if (x[i] == m) return (ptrdiff_t)i;
    return -1;
}

INLINE void graft_sum_exponentials_body(const float *x, size_t n, float maximum, float scale, float *weights, double *result) {
    double sum = 0;
    for (size_t first = 0; first < n; first += 4096) {
        size_t end = first + 4096 < n ? first + 4096 : n, i = first;
        float sums[LANES] = {0};
        for (; i + LANES <= end; i += LANES)
            for (int l = 0; l < LANES; l++) sums[l] += weights[i + l] = fast_exp((x[i + l] - maximum) * scale);
        for (; i < end; i++) sums[0] += weights[i] = fast_exp((x[i] - maximum) * scale);
        sum += (double)sum_lanes(sums);
    }
    *result = sum;
}
KERNEL(graft_sum_exponentials, (const float *x, size_t n, float maximum, float scale, float *weights, double *result),
              (x, n, maximum, scale, weights, result))

double graft_exponentials(const float *x, size_t n, float maximum, float scale, float *weights) {
    double sum;
    graft_sum_exponentials(x, n, maximum, scale, weights, &sum);
    return sum;
}
