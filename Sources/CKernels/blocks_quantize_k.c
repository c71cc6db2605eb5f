// Floats to Q4_K, Q5_K and Q6_K. Each sub-block tries sixteen scales at once, one in each lane of a vector: no sum runs
// across lanes, and the result is the same on every processor. Of each trial the best scale (and minimum) for the
// integers it gives follows by weighted least squares; the trial with the smallest weighted error wins.
#include "blocks_inline.h"
#include "blocks_quantize.h"
#pragma STDC FP_CONTRACT OFF

typedef float lanes_f __attribute__((vector_size(64)));
typedef int32_t lanes_i __attribute__((vector_size(64)));
#define TRIALS 16

// The nearest integer, ties to even, of numbers below 2^22: adding 1.5·2^23 leaves it in the last bits.
INLINE int nearest(float x) { return (int)(bits_of_float(x + 12582912.0f) - 0x4b400000u); }
INLINE int clamp(int x, int low, int high) { return x < low ? low : (x > high ? high : x); }

INLINE float sum(const float *x, int count) {
    float lanes[LANES] = {0};
    for (int i = 0; i < count; i += LANES)
        for (int j = 0; j < LANES; j++) lanes[j] += x[i + j];
    return sum_lanes(lanes);
}

// For each of sixteen inverse scales, with y = x·inverse, q = round(y) in [low, high] and the remainder r = y − q: the
// weighted sums that a least-squares correction of scale and offset needs. Remainders are small, so that no sum
// cancels.
struct trial_sums {
    float q[TRIALS], qq[TRIALS], r[TRIALS], rq[TRIALS], rr[TRIALS];
};

INLINE void try_scales(const float *x, const float *w, int count, const float *inverses, int low, int high,
                       struct trial_sums *sums) {
    lanes_f inverse, q1 = {0}, q2 = {0}, r1 = {0}, rq = {0}, r2 = {0};
    lanes_i lowest = (lanes_i){0} + low, highest = (lanes_i){0} + high;
    memcpy(&inverse, inverses, sizeof inverse);
    for (int j = 0; j < count; j++) {
        lanes_f y = inverse * x[j];
        lanes_i i = (lanes_i)(y + 12582912.0f) - 0x4b400000;
        i = __builtin_elementwise_max(__builtin_elementwise_min(i, highest), lowest);
        lanes_f q = __builtin_convertvector(i, lanes_f), r = y - q, wq = q * w[j], wr = r * w[j];
        q1 += wq;
        q2 += wq * q;
        r1 += wr;
        rq += wr * q;
        r2 += wr * r;
    }
    memcpy(sums->q, &q1, sizeof q1);
    memcpy(sums->qq, &q2, sizeof q2);
    memcpy(sums->r, &r1, sizeof r1);
    memcpy(sums->rq, &rq, sizeof rq);
    memcpy(sums->rr, &r2, sizeof r2);
}

// x ≈ scale·q − minimum with q in 0…top and both factors ≥ 0, for 32 numbers; `middle` is the mean of q. Larger numbers
// weigh more. Trials begin at (top + first) steps from the least to the largest number and go on by `step`.
INLINE void fit_scale_and_minimum(const float *x, int top, float first, float step, float *scale, float *minimum,
                                  float *middle, int *outlying) {
    float squares[32], w[32], above[32];
    for (int j = 0; j < 32; j++) squares[j] = x[j] * x[j];
    float rms = __builtin_sqrtf(sum(squares, 32) / 32);
    float least = 0, most = x[0];
    for (int j = 0; j < 32; j++) {
        least = x[j] < least ? x[j] : least;
        most = x[j] > most ? x[j] : most;
        w[j] = rms + __builtin_fabsf(x[j]);
    }
    for (int j = 0; j < 32; j++) above[j] = x[j] - least;
    float best = INFINITY, sw = sum(w, 32), errors[TRIALS], scales[TRIALS], minimums[TRIALS];
    *middle = (float)top / 2;
    *scale = (most - least) / (float)top;
    *minimum = -least;
    *outlying = most - least > 5 * rms;
    if (most <= least) return;

    // Where one number is far from all others a finer scale that cuts it off can be the better one: twice as many
    // trials.
    for (int round = 0; round <= *outlying; round++) {
        float inverses[TRIALS], begin = (float)top + first + step * (float)(round * TRIALS);
        struct trial_sums s;
        for (int t = 0; t < TRIALS; t++) inverses[t] = (begin + step * (float)t) / (most - least);
        try_scales(above, w, 32, inverses, 0, top, &s);
        for (int t = 0; t < TRIALS; t++) {
            // In units of the trial's scale: x ≈ (1 + a)·q + m − limit, where m may not exceed limit, or the minimum
            // would be negative.
            float q = s.q[t], qq = s.qq[t], r = s.r[t], rq = s.rq[t], unit = 1 / inverses[t];
            float limit = -least * inverses[t], determinant = sw * qq - q * q;
            float a = (sw * rq - r * q) / determinant, m = (qq * r - q * rq) / determinant;
            float at_limit = (rq - limit * q) / qq;
            a = m > limit ? at_limit : a;
            m = m > limit ? limit : m;
            float error = s.rr[t] + a * a * qq + m * m * sw + 2 * (a * m * q - a * rq - m * r);
            errors[t] = determinant > 0 ? error * unit * unit : INFINITY;
            scales[t] = (1 + a) * unit;
            minimums[t] = (limit - m) * unit;
        }
        for (int t = 0; t < TRIALS; t++) {
            if (errors[t] < best) {
                best = errors[t];
                *scale = scales[t];
                *minimum = minimums[t];
                *middle = s.q[t] / sw;
            }
        }
    }
}

// Six-bit scale and minimum of 32 numbers that are hard to hold: an outlier is among them, or in another part of the
// block, whose common factors are coarse beside these. Of sixteen pairs around what is wanted the one whose integers
// leave the smallest error; here all numbers weigh the same, or the outlier's last digit would cost all others theirs.
INLINE void choose_pair(const float *x, int top, float scale, float minimum, float middle, float d, float dmin, int *s,
                        int *m) {
    float units[TRIALS], lifts[TRIALS], inverses[TRIALS], errors[TRIALS], per_minimum = dmin > 0 ? 1 / dmin : 0;
    int some[TRIALS], mins[TRIALS];
    for (int t = 0; t < TRIALS; t++) {
        some[t] = clamp(*s - 1 + t / 4, 0, 63);
        float unit = d * (float)some[t], wanted = (minimum + (unit - scale) * middle) * per_minimum;
        mins[t] = clamp(nearest(wanted - 0.5f) - 1 + t % 4, 0, 63);
        units[t] = unit;
        lifts[t] = dmin * (float)mins[t];
        inverses[t] = unit > 0 ? 1 / unit : 0;
    }
    lanes_f unit, lift, inverse, error = {0};
    lanes_i lowest = {0}, highest = (lanes_i){0} + top;
    memcpy(&unit, units, sizeof unit);
    memcpy(&lift, lifts, sizeof lift);
    memcpy(&inverse, inverses, sizeof inverse);
    for (int j = 0; j < 32; j++) {
        lanes_i i = (lanes_i)((lift + x[j]) * inverse + 12582912.0f) - 0x4b400000;
        i = __builtin_elementwise_max(__builtin_elementwise_min(i, highest), lowest);
        lanes_f miss = unit * __builtin_convertvector(i, lanes_f) - lift - x[j];
        error += miss * miss;
    }
    memcpy(errors, &error, sizeof error);
    int best = 0;
    for (int t = 1; t < TRIALS; t++) best = errors[t] < errors[best] ? t : best;
    *s = some[best];
    *m = mins[best];
}

// Scales and minimums of a block of 256 in six bits each with a common factor; then the integers they give, in 0…top.
INLINE void quantize_with_minimums(const float *x, int top, float first, float step, uint8_t *to, uint8_t *q) {
    float scales[8], minimums[8], middles[8], largest_scale = 0, largest_minimum = 0;
    int outlying[8];
    for (int j = 0; j < 8; j++) {
        fit_scale_and_minimum(x + 32 * j, top, first, step, scales + j, minimums + j, middles + j, outlying + j);
        largest_scale = scales[j] > largest_scale ? scales[j] : largest_scale;
        largest_minimum = minimums[j] > largest_minimum ? minimums[j] : largest_minimum;
    }
    *(unaligned_u16 *)to = to_f16(largest_scale / 63);
    *(unaligned_u16 *)(to + 2) = to_f16(largest_minimum / 63);
    float d = scale_at(to), dmin = scale_at(to + 2);
    float per_scale = d > 0 ? 1 / d : 0, per_minimum = dmin > 0 ? 1 / dmin : 0;
    uint8_t *packed = to + 4;
    memset(packed, 0, 12);
    for (int j = 0; j < 8; j++) {
        int s = clamp(nearest(scales[j] * per_scale), 0, 63);
        // What rounding does to the scale, the minimum makes good in the middle of the integers.
        float wanted = minimums[j] + (d * (float)s - scales[j]) * middles[j];
        int m = clamp(nearest(wanted * per_minimum), 0, 63);
        if (scales[j] > 0 && (outlying[j] || s < 20 || dmin > 0.4f * d * (float)s))
            choose_pair(x + 32 * j, top, scales[j], minimums[j], middles[j], d, dmin, &s, &m);
        if (j < 4) {
            packed[j] |= (uint8_t)s;
            packed[j + 4] |= (uint8_t)m;
        } else {
            packed[j + 4] = (uint8_t)((s & 15) | (m & 15) << 4);
            packed[j - 4] |= (uint8_t)(s >> 4 << 6);
            packed[j] |= (uint8_t)(m >> 4 << 6);
        }
        float unit = d * (float)s, lift = dmin * (float)m, inverse = unit > 0 ? 1 / unit : 0;
        for (int i = 32 * j; i < 32 * j + 32; i++) q[i] = (uint8_t)clamp(nearest((x[i] + lift) * inverse), 0, top);
    }
}

INLINE void graft_quantize_q4_k_body(const float *from, size_t blocks, uint8_t *restrict to) {
    for (size_t b = 0; b < blocks; b++, from += 256, to += 144) {
        uint8_t q[256];
        quantize_with_minimums(from, 15, -1.1f, 0.1f, to, q);
        for (int pair = 0; pair < 4; pair++)
            for (int j = 0; j < 32; j++)
                to[16 + 32 * pair + j] = (uint8_t)(q[64 * pair + j] | q[64 * pair + 32 + j] << 4);
    }
}
KERNEL(graft_quantize_q4_k, (const float *from, size_t blocks, uint8_t *to), (from, blocks, to))

INLINE void graft_quantize_q5_k_body(const float *from, size_t blocks, uint8_t *restrict to) {
    for (size_t b = 0; b < blocks; b++, from += 256, to += 176) {
        uint8_t q[256];
        quantize_with_minimums(from, 31, -1.2f, 0.12f, to, q);
        for (int j = 0; j < 32; j++) {
            int fifth = 0;
            for (int sub = 0; sub < 8; sub++) fifth |= (q[32 * sub + j] >> 4) << sub;
            to[16 + j] = (uint8_t)fifth;
        }
        for (int pair = 0; pair < 4; pair++)
            for (int j = 0; j < 32; j++)
                to[48 + 32 * pair + j] = (uint8_t)((q[64 * pair + j] & 15) | (q[64 * pair + 32 + j] & 15) << 4);
    }
}
KERNEL(graft_quantize_q5_k, (const float *from, size_t blocks, uint8_t *to), (from, blocks, to))

// x ≈ scale·q with q in −32…31, for 16 numbers weighted by their squares; the scale may be negative.
INLINE float fit_scale(const float *x) {
    float w[16], extreme = 0, best = INFINITY, scale = 0;
    for (int j = 0; j < 16; j++) {
        extreme = __builtin_fabsf(x[j]) > __builtin_fabsf(extreme) ? x[j] : extreme;
        w[j] = x[j] * x[j];
    }
    if (__builtin_fabsf(extreme) < 1e-15f) return 0;
    float inverses[TRIALS];
    struct trial_sums s;
    // The plain scale comes first and wins among equals, where rounding alone would decide: hence the margin.
    for (int t = 0; t < TRIALS; t++) inverses[t] = -(t == 0 ? 32 : 31.1f + 1.8f / 14 * (float)(t - 1)) / extreme;
    try_scales(x, w, 16, inverses, -32, 31, &s);
    for (int t = 0; t < TRIALS; t++) {
        float unit = 1 / inverses[t], margin = t == 0 ? 0 : 1e-9f * s.qq[t];
        float error = (s.rr[t] - s.rq[t] * s.rq[t] / s.qq[t] + margin) * unit * unit;
        if (s.qq[t] > 0 && error < best) {
            best = error;
            scale = (1 + s.rq[t] / s.qq[t]) * unit;
        }
    }
    return scale;
}

INLINE void graft_quantize_q6_k_body(const float *from, size_t blocks, uint8_t *restrict to) {
    for (size_t b = 0; b < blocks; b++, from += 256, to += 210) {
        float scales[16], extreme = 0;
        for (int j = 0; j < 16; j++) {
            scales[j] = fit_scale(from + 16 * j);
            extreme = __builtin_fabsf(scales[j]) > __builtin_fabsf(extreme) ? scales[j] : extreme;
        }
        float to_eight = extreme != 0 ? -128 / extreme : 0;
        *(unaligned_u16 *)(to + 208) = to_f16(extreme / -128);
        float d = scale_at(to + 208);
        uint8_t q[256];
        for (int j = 0; j < 16; j++) {
            int s = clamp(nearest(scales[j] * to_eight), -128, 127);
            to[192 + j] = (uint8_t)s;
            float unit = d * (float)s, inverse = unit != 0 ? 1 / unit : 0;
            for (int i = 16 * j; i < 16 * j + 16; i++)
                q[i] = (uint8_t)(clamp(nearest(from[i] * inverse), -32, 31) + 32);
        }
        for (int half = 0; half < 2; half++) {
            const uint8_t *p = q + 128 * half;
            for (int j = 0; j < 64; j++) to[64 * half + j] = (uint8_t)((p[j] & 15) | (p[j + 64] & 15) << 4);
            for (int j = 0; j < 32; j++)
                to[128 + 32 * half + j] =
                    (uint8_t)(p[j] >> 4 | p[j + 32] >> 4 << 2 | p[j + 64] >> 4 << 4 | p[j + 96] >> 4 << 6);
        }
    }
}
KERNEL(graft_quantize_q6_k, (const float *from, size_t blocks, uint8_t *to), (from, blocks, to))
