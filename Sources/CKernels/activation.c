#include "activation.h"
#include "inline.h"

// erf by Abramowitz & Stegun 7.1.26: absolute error ≤ 1.5e-7.
INLINE float fast_erf(float x) {
    float a = x < 0 ? -x : x;
    float t = 1.0f / (1.0f + 0.3275911f * a);
    float p = t * (0.254829592f + t * (-0.284496736f + t * (1.421413741f + t * (-1.453152027f + t * 1.061405429f))));
    float y = 1.0f - p * fast_exp(-a * a);
    return x < 0 ? -y : y;
}

// Value and slope of an activation; `kind` is a constant wherever this is inlined.
INLINE void activate(int kind, float x, float *value, float *slope) {
    switch (kind) {
    case GRAFT_SILU: {
        float s = sigmoid(x);
        *value = x * s;
        *slope = s * (1.0f + x * (1.0f - s));
        break;
    }
    case GRAFT_GELU_TANH: {
        const float k = 0.7978845608f;  // √(2/π)
        float t = fast_tanh(k * (x + 0.044715f * x * x * x));
        *value = 0.5f * x * (1.0f + t);
        *slope = 0.5f * (1.0f + t) + 0.5f * x * (1.0f - t * t) * k * (1.0f + 0.134145f * x * x);
        break;
    }
    case GRAFT_GELU: {
        float e = fast_erf(x * 0.7071067812f);
        *value = 0.5f * x * (1.0f + e);
        *slope = 0.5f * (1.0f + e) + x * 0.3989422804f * fast_exp(-0.5f * x * x);
        break;
    }
    case GRAFT_RELU: *value = x > 0 ? x : 0; *slope = x > 0; break;
    case GRAFT_RELU_SQUARED: *value = x > 0 ? x * x : 0; *slope = x > 0 ? 2 * x : 0; break;
    default: {
        float s = sigmoid(x);
        *value = s;
        *slope = s * (1.0f - s);
    }
    }
}

INLINE void forward_rows(int kind, const void *gate, size_t gate_stride, const void *up, size_t up_stride, int in,
                         void *h, size_t h_stride, int out, void *kept_gate, void *kept_up, size_t rows,
                         size_t columns) {
    for (size_t r = 0; r < rows; r++) {
        const void *g = at(gate, r * gate_stride, in), *u = up ? at(up, r * up_stride, in) : NULL;
        void *y = at_mutable(h, r * h_stride, out);
        float value, slope;
        if (u && kept_gate) {
            void *kg = at_mutable(kept_gate, r * columns, out), *ku = at_mutable(kept_up, r * columns, out);
            for (size_t i = 0; i < columns; i++) {
                float a = load(g, i, in), b = load(u, i, in);
                activate(kind, a, &value, &slope);
                store(y, i, value * b, out);
                store(kg, i, a, out);
                store(ku, i, b, out);
            }
        } else if (u) {
            for (size_t i = 0; i < columns; i++) {
                activate(kind, load(g, i, in), &value, &slope);
                store(y, i, value * load(u, i, in), out);
            }
        } else {
            void *kg = kept_gate ? at_mutable(kept_gate, r * columns, out) : NULL;
            for (size_t i = 0; i < columns; i++) {
                float a = load(g, i, in);
                activate(kind, a, &value, &slope);
                store(y, i, value, out);
                if (kg) store(kg, i, a, out);
            }
        }
    }
}

#define BY_KIND(call)                                              \
    switch (kind) {                                                \
    case GRAFT_SILU: { enum { K = GRAFT_SILU }; call; break; }     \
    case GRAFT_GELU_TANH: { enum { K = GRAFT_GELU_TANH }; call; break; } \
    case GRAFT_GELU: { enum { K = GRAFT_GELU }; call; break; }     \
    case GRAFT_RELU: { enum { K = GRAFT_RELU }; call; break; }     \
    case GRAFT_RELU_SQUARED: { enum { K = GRAFT_RELU_SQUARED }; call; break; } \
    default: { enum { K = GRAFT_SIGMOID }; call; break; }          \
    }

INLINE void graft_activation_body(int kind, const void *gate, size_t gate_stride, const void *up, size_t up_stride,
                                  int in_bf16, void *h, size_t h_stride, int h_bf16, void *kept_gate, void *kept_up,
                                  size_t rows, size_t columns) {
    if (!in_bf16 && h_bf16) {
        BY_KIND(forward_rows(K, gate, gate_stride, up, up_stride, 0, h, h_stride, 1, kept_gate, kept_up, rows, columns))
    } else if (!in_bf16) {
        BY_KIND(forward_rows(K, gate, gate_stride, up, up_stride, 0, h, h_stride, 0, kept_gate, kept_up, rows, columns))
    } else {
        BY_KIND(forward_rows(K, gate, gate_stride, up, up_stride, 1, h, h_stride, h_bf16, kept_gate, kept_up, rows, columns))
    }
}
KERNEL(graft_activation,
       (int kind, const void *gate, size_t gate_stride, const void *up, size_t up_stride, int in_bf16, void *h,
        size_t h_stride, int h_bf16, void *kept_gate, void *kept_up, size_t rows, size_t columns),
       (kind, gate, gate_stride, up, up_stride, in_bf16, h, h_stride, h_bf16, kept_gate, kept_up, rows, columns))

INLINE void backward_rows(int kind, const void *gate, const void *up, int kept, const float *dh, size_t dh_stride,
                          void *dgate, void *dup, void *h, int out, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++) {
        const void *g = at(gate, r * columns, kept), *u = up ? at(up, r * columns, kept) : NULL;
        const float *d = dh + r * dh_stride;
        void *dg = at_mutable(dgate, r * columns, out);
        float value, slope;
        if (u && h) {
            void *du = at_mutable(dup, r * columns, out), *y = at_mutable(h, r * columns, out);
            for (size_t i = 0; i < columns; i++) {
                float b = load(u, i, kept);
                activate(kind, load(g, i, kept), &value, &slope);
                store(dg, i, d[i] * b * slope, out);
                store(du, i, d[i] * value, out);
                store(y, i, value * b, out);
            }
        } else if (u) {
            void *du = at_mutable(dup, r * columns, out);
            for (size_t i = 0; i < columns; i++) {
                activate(kind, load(g, i, kept), &value, &slope);
                store(dg, i, d[i] * load(u, i, kept) * slope, out);
                store(du, i, d[i] * value, out);
            }
        } else {
            void *y = h ? at_mutable(h, r * columns, out) : NULL;
            for (size_t i = 0; i < columns; i++) {
                activate(kind, load(g, i, kept), &value, &slope);
                store(dg, i, d[i] * slope, out);
                if (y) store(y, i, value, out);
            }
        }
    }
}

INLINE void graft_activation_backward_body(int kind, const void *gate, const void *up, int kept_bf16, const float *dh,
                                           size_t dh_stride, void *dgate, void *dup, void *h, int out_bf16,
                                           size_t rows, size_t columns) {
    if (kept_bf16 && out_bf16) {
        BY_KIND(backward_rows(K, gate, up, 1, dh, dh_stride, dgate, dup, h, 1, rows, columns))
    } else {
        BY_KIND(backward_rows(K, gate, up, kept_bf16, dh, dh_stride, dgate, dup, h, out_bf16, rows, columns))
    }
}
KERNEL(graft_activation_backward,
       (int kind, const void *gate, const void *up, int kept_bf16, const float *dh, size_t dh_stride, void *dgate,
        void *dup, void *h, int out_bf16, size_t rows, size_t columns),
       (kind, gate, up, kept_bf16, dh, dh_stride, dgate, dup, h, out_bf16, rows, columns))
