#include "optimizer.h"
#include "inline.h"

INLINE void graft_adamw_body(float *value, const float *gradient, float *first, float *second, float gradient_scale,
                             float rate, float beta1, float beta2, float epsilon, float decay, float correction1,
                             float correction2, size_t n) {
    float root = sqrtf(correction2), size = rate / correction1, keep = 1.0f - rate * decay;
    for (size_t i = 0; i < n; i++) {
        float g = gradient[i] * gradient_scale;
        float m = beta1 * first[i] + (1.0f - beta1) * g;
        float v = beta2 * second[i] + (1.0f - beta2) * g * g;
        first[i] = m;
        second[i] = v;
        value[i] = value[i] * keep - size * m / (sqrtf(v) / root + epsilon);
    }
}
KERNEL(graft_adamw,
       (float *value, const float *gradient, float *first, float *second, float gradient_scale, float rate, float beta1,
        float beta2, float epsilon, float decay, float correction1, float correction2, size_t n),
       (value, gradient, first, second, gradient_scale, rate, beta1, beta2, epsilon, decay, correction1, correction2, n))

double graft_sum_of_squares(const float *x, size_t n) {
    double lanes[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (int j = 0; j < 8; j++) lanes[j] += (double)x[i + j] * x[i + j];
    double s = 0;
    for (int j = 0; j < 8; j++) s += lanes[j];
    for (; i < n; i++) s += (double)x[i] * x[i];
    return s;
}
