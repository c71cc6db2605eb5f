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

// Rows are worked on in blocks of floats that stay in the first-level cache: types are asked for once a block, and each
// nonlinearity is compiled once for all of them.
enum { BLOCK = 256 };

// A block as floats: where it is, or widened into the buffer.
INLINE const float *widened(const void *p, int bf16, float *buffer, size_t n) {
    if (!bf16) return p;
    for (size_t i = 0; i < n; i++) buffer[i] = from_bf16(((const uint16_t *)p)[i]);
    return buffer;
}

// Where to compute a block that goes to p.
INLINE float *place(void *p, int bf16, float *buffer) { return bf16 || !p ? buffer : p; }

INLINE void narrow(const float *block, void *p, int bf16, size_t n) {
    if (bf16 && p) for (size_t i = 0; i < n; i++) ((uint16_t *)p)[i] = to_bf16(block[i]);
}

INLINE void keep(const float *block, void *p, int bf16, size_t n) {
    if (bf16) narrow(block, p, 1, n);
    else memcpy(p, block, n * sizeof(float));
}

INLINE void forward_block(int kind, const float *g, const float *u, float *y, size_t n) {
    float value, slope;
    if (u)
        for (size_t i = 0; i < n; i++) {
            activate(kind, g[i], &value, &slope);
            y[i] = value * u[i];
        }
    else
        for (size_t i = 0; i < n; i++) {
            activate(kind, g[i], &value, &slope);
            y[i] = value;
        }
}

INLINE void backward_block(int kind, const float *g, const float *u, const float *d, float *dg, float *du, float *y,
                           size_t n) {
    float value, slope;
    if (u)
        for (size_t i = 0; i < n; i++) {
            float a = d[i], b = u[i];
            activate(kind, g[i], &value, &slope);
            dg[i] = a * b * slope;
            du[i] = a * value;
            y[i] = value * b;
        }
    else
        for (size_t i = 0; i < n; i++) {
            float a = d[i];
            activate(kind, g[i], &value, &slope);
            dg[i] = a * slope;
            y[i] = value;
        }
}

#define BY_KIND(call)                                                          \
    switch (kind) {                                                            \
    case GRAFT_SILU: { enum { K = GRAFT_SILU }; call; break; }                 \
    case GRAFT_GELU_TANH: { enum { K = GRAFT_GELU_TANH }; call; break; }       \
    case GRAFT_GELU: { enum { K = GRAFT_GELU }; call; break; }                 \
    case GRAFT_RELU: { enum { K = GRAFT_RELU }; call; break; }                 \
    case GRAFT_RELU_SQUARED: { enum { K = GRAFT_RELU_SQUARED }; call; break; } \
    default: { enum { K = GRAFT_SIGMOID }; call; break; }                      \
    }

INLINE void graft_activation_body(int kind, const void *gate, size_t gate_stride, const void *up, size_t up_stride,
                                  int in_bf16, void *h, size_t h_stride, int h_bf16, void *kept_gate, void *kept_up,
                                  size_t rows, size_t columns) {
    float gates[BLOCK], ups[BLOCK], results[BLOCK];
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c += BLOCK) {
            size_t n = columns - c < BLOCK ? columns - c : BLOCK, kept = r * columns + c;
            const float *g = widened(at(gate, r * gate_stride + c, in_bf16), in_bf16, gates, n);
            const float *u = up ? widened(at(up, r * up_stride + c, in_bf16), in_bf16, ups, n) : NULL;
            void *out = at_mutable(h, r * h_stride + c, h_bf16);
            float *y = place(out, h_bf16, results);
            BY_KIND(forward_block(K, g, u, y, n))
            narrow(y, out, h_bf16, n);
            if (kept_gate) keep(g, at_mutable(kept_gate, kept, h_bf16), h_bf16, n);
            if (kept_up && u) keep(u, at_mutable(kept_up, kept, h_bf16), h_bf16, n);
        }
}
KERNEL(graft_activation,
       (int kind, const void *gate, size_t gate_stride, const void *up, size_t up_stride, int in_bf16, void *h,
        size_t h_stride, int h_bf16, void *kept_gate, void *kept_up, size_t rows, size_t columns),
       (kind, gate, gate_stride, up, up_stride, in_bf16, h, h_stride, h_bf16, kept_gate, kept_up, rows, columns))

INLINE void graft_activation_backward_body(int kind, const void *gate, const void *up, int kept_bf16, const float *dh,
                                           size_t dh_stride, void *dgate, void *dup, void *h, int out_bf16,
                                           size_t rows, size_t columns) {
    float gates[BLOCK], ups[BLOCK], dgates[BLOCK], dups[BLOCK], results[BLOCK];
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c += BLOCK) {
            size_t n = columns - c < BLOCK ? columns - c : BLOCK, i = r * columns + c;
            const float *g = widened(at(gate, i, kept_bf16), kept_bf16, gates, n);
            const float *u = up ? widened(at(up, i, kept_bf16), kept_bf16, ups, n) : NULL;
            void *dg_out = at_mutable(dgate, i, out_bf16), *du_out = dup ? at_mutable(dup, i, out_bf16) : NULL;
            void *h_out = h ? at_mutable(h, i, out_bf16) : NULL;
            float *dg = place(dg_out, out_bf16, dgates), *du = place(du_out, out_bf16, dups);
            float *y = place(h_out, out_bf16, results);
            BY_KIND(backward_block(K, g, u, dh + r * dh_stride + c, dg, du, y, n))
            narrow(dg, dg_out, out_bf16, n);
            narrow(du, du_out, out_bf16, n);
            narrow(y, h_out, out_bf16, n);
        }
}
KERNEL(graft_activation_backward,
       (int kind, const void *gate, const void *up, int kept_bf16, const float *dh, size_t dh_stride, void *dgate,
        void *dup, void *h, int out_bf16, size_t rows, size_t columns),
       (kind, gate, up, kept_bf16, dh, dh_stride, dgate, dup, h, out_bf16, rows, columns))
