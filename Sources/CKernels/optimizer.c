#include "optimizer.h"
#include "inline.h"

INLINE void graft_adamw_body(float *value, const float *gradient, float *first, float *second, float gradient_scale,
                             float rate, double beta1, double beta2, float epsilon, float decay, float correction1,
                             float correction2, size_t n) {
    float deviation = sqrtf(correction2), size = rate / correction1, keep = 1.0f - rate * decay;
    // 1 − 0.999f is 5e-5 away from 0.001, which would show in the first steps.
    float old1 = (float)beta1, old2 = (float)beta2, new1 = (float)(1.0 - beta1), new2 = (float)(1.0 - beta2);
    for (size_t i = 0; i < n; i++) {
        float g = gradient[i] * gradient_scale;
        float m = old1 * first[i] + new1 * g;
        float v = old2 * second[i] + new2 * g * g;
        first[i] = m;
        second[i] = v;
        value[i] = value[i] * keep - size * m / (root(v) / deviation + epsilon);
    }
}
KERNEL(graft_adamw,
       (float *value, const float *gradient, float *first, float *second, float gradient_scale, float rate, double beta1,
        double beta2, float epsilon, float decay, float correction1, float correction2, size_t n),
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
