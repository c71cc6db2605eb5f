// Attention of one query over cached keys and values, read once for all query heads that share them.
#include "decode_inline.h"

enum { CHUNK = 256 };  // keys whose scores are held at a time

// scores[h][j] = q[h]·k[j] for H heads.
INLINE void score(const float *q, int H, size_t size, const uint8_t *k, size_t k_bytes, int format, size_t keys,
                  float *scores) {
    size_t whole = size / 16 * 16;
    for (size_t j = 0; j < keys; j++) {
        v16 sums[4], key, query;
        UNROLL for (int h = 0; h < H; h++) sums[h] = (v16){0};
        for (size_t i = 0; i < whole; i += 16) {
            read16(k + j * k_bytes, i, format, &key);
            UNROLL for (int h = 0; h < H; h++) {
                memcpy(&query, q + h * size + i, 64);
                sums[h] += key * query;
            }
        }
        if (whole < size) {
            read_rest(k + j * k_bytes, whole, size - whole, format, &key);
            UNROLL for (int h = 0; h < H; h++) {
                read_rest((const uint8_t *)(q + h * size), whole, size - whole, FORMAT_F32, &query);
                sums[h] += key * query;
            }
        }
        UNROLL for (int h = 0; h < H; h++) scores[h * CHUNK + j] = sum16(&sums[h]);
    }
}

// Turns a head's scores into weights e^(s − m) in place; the output so far shrinks when the maximum grows.
INLINE void weigh(float *scores, size_t keys, float scale, float softcap, float *maximum, float *sum, float *output,
                  size_t value_size) {
    float largest[LANES];
    for (int l = 0; l < LANES; l++) largest[l] = -INFINITY;
    for (size_t j = keys; j < (keys + LANES - 1) / LANES * LANES; j++) scores[j] = -INFINITY;
    for (size_t j = 0; j < keys; j += LANES)
        for (int l = 0; l < LANES; l++) {
            float s = scores[j + l] * scale;
            s = softcap > 0 ? softcap * fast_tanh(s / softcap) : s;
            scores[j + l] = s = j + l < keys ? s : -INFINITY;
            largest[l] = s > largest[l] ? s : largest[l];
        }
    float m = *maximum, sums[LANES] = {0};
    for (int l = 0; l < LANES; l++) m = largest[l] > m ? largest[l] : m;
    for (size_t j = 0; j < keys; j += LANES)
        for (int l = 0; l < LANES; l++) sums[l] += scores[j + l] = fast_exp(scores[j + l] - m);
    float shrink = *maximum == m ? 1.0f : fast_exp(*maximum - m);
    if (shrink != 1.0f)
        for (size_t i = 0; i < value_size; i++) output[i] *= shrink;
    *sum = *sum * shrink + sum_lanes(sums);
    *maximum = m;
}

// output[h][c…c+16·V) += Σ_j weights[h][j]·v[j][c…] for H heads.
INLINE void mix(const float *weights, int H, const uint8_t *v, size_t v_bytes, int format, size_t first, int V,
                size_t keys, float *output, size_t value_size) {
    v16 sums[4][4], value;
    UNROLL for (int h = 0; h < H; h++) {
        UNROLL for (int c = 0; c < V; c++) memcpy(&sums[h][c], output + h * value_size + first + 16 * c, 64);
    }
    for (size_t j = 0; j < keys; j++) {
        UNROLL for (int c = 0; c < V; c++) {
            read16(v + j * v_bytes, first + 16 * c, format, &value);
            UNROLL for (int h = 0; h < H; h++) sums[h][c] += value * weights[h * CHUNK + j];
        }
    }
    UNROLL for (int h = 0; h < H; h++) {
        UNROLL for (int c = 0; c < V; c++) memcpy(output + h * value_size + first + 16 * c, &sums[h][c], 64);
    }
}

INLINE void mix_all(const float *weights, int H, const uint8_t *v, size_t v_bytes, int bf16, size_t keys, float *output,
                    size_t value_size) {
    int format = bf16 ? FORMAT_BF16 : FORMAT_F32;
    size_t c = 0;
    for (; c + 64 <= value_size; c += 64) mix(weights, H, v, v_bytes, format, c, 4, keys, output, value_size);
    for (; c + 16 <= value_size; c += 16) mix(weights, H, v, v_bytes, format, c, 1, keys, output, value_size);
    for (size_t j = 0; c < value_size && j < keys; j++)
        for (int h = 0; h < H; h++)
            for (size_t i = c; i < value_size; i++)
                output[h * value_size + i] += weights[h * CHUNK + j] * load(v + j * v_bytes, i, bf16);
}

INLINE void attend(const float *q, int H, size_t size, size_t value_size, const void *k, size_t k_stride, const void *v,
                   size_t v_stride, int bf16, size_t keys, float scale, float softcap, float *maximum, float *sum,
                   float *output) {
    float scores[4 * CHUNK] __attribute__((aligned(64)));
    for (int h = 0; h < H; h++) {
        maximum[h] = -INFINITY;
        sum[h] = 0;
    }
    for (size_t i = 0; i < (size_t)H * value_size; i++) output[i] = 0;
    for (size_t first = 0; first < keys; first += CHUNK) {
        size_t count = keys - first < CHUNK ? keys - first : CHUNK;
        const uint8_t *chunk_k = at(k, first * k_stride, bf16), *chunk_v = at(v, first * v_stride, bf16);
        size_t k_bytes = k_stride * (bf16 ? 2 : 4), v_bytes = v_stride * (bf16 ? 2 : 4);
        if (bf16) score(q, H, size, chunk_k, k_bytes, FORMAT_BF16, count, scores);
        else score(q, H, size, chunk_k, k_bytes, FORMAT_F32, count, scores);
        for (int h = 0; h < H; h++)
            weigh(scores + h * CHUNK, count, scale, softcap, maximum + h, sum + h, output + h * value_size, value_size);
        if (bf16) mix_all(scores, H, chunk_v, v_bytes, 1, count, output, value_size);
        else mix_all(scores, H, chunk_v, v_bytes, 0, count, output, value_size);
    }
}

INLINE void graft_query_attention_body(const float *q, size_t heads, size_t size, size_t value_size, const void *k,
                                       size_t k_stride, const void *v, size_t v_stride, int bf16, size_t keys,
                                       float scale, float softcap, float *maximum, float *sum, float *output) {
    size_t h = 0;
    for (; h + 4 <= heads; h += 4)
        attend(q + h * size, 4, size, value_size, k, k_stride, v, v_stride, bf16, keys, scale, softcap, maximum + h,
               sum + h, output + h * value_size);
    if (heads - h >= 2) {
        attend(q + h * size, 2, size, value_size, k, k_stride, v, v_stride, bf16, keys, scale, softcap, maximum + h,
               sum + h, output + h * value_size);
        h += 2;
    }
    if (h < heads)
        attend(q + h * size, 1, size, value_size, k, k_stride, v, v_stride, bf16, keys, scale, softcap, maximum + h,
               sum + h, output + h * value_size);
}
KERNEL(graft_query_attention,
       (const float *q, size_t heads, size_t size, size_t value_size, const void *k, size_t k_stride, const void *v,
        size_t v_stride, int bf16, size_t keys, float scale, float softcap, float *maximum, float *sum, float *output),
       (q, heads, size, value_size, k, k_stride, v, v_stride, bf16, keys, scale, softcap, maximum, sum, output))

void graft_query_attention_join(const float *parts, size_t count, size_t part_stride, size_t heads, size_t value_size,
                                const float *sinks, void *result, int result_bf16) {
    for (size_t h = 0; h < heads; h++) {
        float m = sinks ? sinks[h] : -INFINITY;
        for (size_t p = 0; p < count; p++) {
            float own = parts[p * part_stride + h];
            m = own > m ? own : m;
        }
        float total = sinks ? fast_exp(sinks[h] - m) : 0;
        for (size_t p = 0; p < count; p++)
            total += parts[p * part_stride + heads + h] * fast_exp(parts[p * part_stride + h] - m);
        for (size_t i = 0; i < value_size; i++) {
            float s = 0;
            for (size_t p = 0; p < count; p++) {
                const float *part = parts + p * part_stride;
                s += part[2 * heads + h * value_size + i] * fast_exp(part[h] - m);
            }
            store(result, h * value_size + i, s / total, result_bf16);
        }
    }
}
