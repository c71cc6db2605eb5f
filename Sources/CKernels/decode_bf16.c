// Few rows of bfloat16 times a matrix of bfloat16 with AVX512-BF16: 32 products and their sums an instruction.
#include "decode_inline.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define DOTS __attribute__((target("arch=x86-64-v4,avx512bf16")))

int graft_has_bf16_dots(void) { return graft_instruction_level >= 4 && __builtin_cpu_supports("avx512bf16"); }

// R rows of x times O rows of W, which lie w_apart from each other and whose results y_apart. Sums of pairs are taken
// in the order of the columns, whatever R and O are. `asked` rows of W from `ahead` on are asked for meanwhile.
DOTS INLINE void dots(const uint16_t *w, size_t w_apart, int O, const uint16_t *x, size_t x_stride, int R, size_t inner,
                      float *y, size_t y_stride, size_t y_apart, int accumulate, int asked, const uint16_t *ahead) {
    __m512 sums[4][4];
    UNROLL for (int o = 0; o < O; o++) {
        UNROLL for (int r = 0; r < R; r++) sums[o][r] = _mm512_setzero_ps();
    }
    size_t whole = inner / 32 * 32;
    for (size_t k = 0; k < whole; k += 32) {
        __m512bh weights[4];
        UNROLL for (int o = 0; o < O; o++) weights[o] = (__m512bh)_mm512_loadu_si512(w + o * w_apart + k);
        UNROLL for (int a = 0; a < asked; a++) __builtin_prefetch(ahead + a * w_apart + k);
        UNROLL for (int r = 0; r < R; r++) {
            __m512bh numbers = (__m512bh)_mm512_loadu_si512(x + r * x_stride + k);
            UNROLL for (int o = 0; o < O; o++) sums[o][r] = _mm512_dpbf16_ps(sums[o][r], weights[o], numbers);
        }
    }
    if (whole < inner) {
        __mmask32 rest = ((__mmask32)1 << (inner - whole)) - 1;
        UNROLL for (int o = 0; o < O; o++) {
            __m512bh weights = (__m512bh)_mm512_maskz_loadu_epi16(rest, w + o * w_apart + whole);
            UNROLL for (int r = 0; r < R; r++) {
                __m512bh numbers = (__m512bh)_mm512_maskz_loadu_epi16(rest, x + r * x_stride + whole);
                sums[o][r] = _mm512_dpbf16_ps(sums[o][r], weights, numbers);
            }
        }
    }
    UNROLL for (int r = 0; r < R; r++) {
        v16 copies[4];
        UNROLL for (int o = 0; o < O; o++) memcpy(&copies[o], &sums[o][r], 64);
        const v16 *own[4] = {&copies[0], &copies[1], &copies[2], &copies[3]};
        store_sums(own, O, y + r * y_stride, y_apart, accumulate);
    }
}

// `next` is where the following row of each of the O rows begins: with many rows of x, each group of them asks for a
// part of those, so that memory is busy while the groups after the first compute.
DOTS INLINE void dots_of_rows(const uint16_t *w, size_t w_apart, int O, const uint16_t *x, size_t x_stride, size_t rows,
                              size_t inner, float *y, size_t y_stride, size_t y_apart, int accumulate, size_t next) {
    size_t r = 0;
    for (; r + 4 <= rows; r += 4) {
        const uint16_t *numbers = x + r * x_stride, *ahead = w + next;
        float *to = y + r * y_stride;
        if (next && rows >= 16)
            dots(w, w_apart, O, numbers, x_stride, 4, inner, to, y_stride, y_apart, accumulate, 1, ahead + r / 4 % 4 * w_apart);
        else if (next && rows >= 8 && r < 8)
            dots(w, w_apart, O, numbers, x_stride, 4, inner, to, y_stride, y_apart, accumulate, 2, ahead + r / 2 * w_apart);
        else
            dots(w, w_apart, O, numbers, x_stride, 4, inner, to, y_stride, y_apart, accumulate, 0, ahead);
    }
    const uint16_t *rest = x + r * x_stride;
    float *to = y + r * y_stride;
    if (rows - r == 3) dots(w, w_apart, O, rest, x_stride, 3, inner, to, y_stride, y_apart, accumulate, 0, w);
    if (rows - r == 2) dots(w, w_apart, O, rest, x_stride, 2, inner, to, y_stride, y_apart, accumulate, 0, w);
    if (rows - r == 1) dots(w, w_apart, O, rest, x_stride, 1, inner, to, y_stride, y_apart, accumulate, 0, w);
}

// Four rows of W are multiplied at a time, one from each quarter of the range: their addresses are four long streams,
// which processors follow by themselves. Four neighbouring rows would be short ones. One row of x needs one stream
// only.
DOTS void graft_few_rows_bf16(const void *w, size_t w_stride, const void *x, size_t x_stride, size_t rows, size_t inner,
                              float *y, size_t y_stride, int accumulate, size_t begin, size_t end) {
    const uint16_t *matrix = w;
    size_t quarter = rows > 1 ? (end - begin) / 4 : 0, o = begin;
    for (; o < begin + quarter; o++)
        dots_of_rows(matrix + o * w_stride, quarter * w_stride, 4, x, x_stride, rows, inner, y + o, y_stride, quarter,
                     accumulate, w_stride);
    for (o = begin + 4 * quarter; o < end; o++)
        dots_of_rows(matrix + o * w_stride, 0, 1, x, x_stride, rows, inner, y + o, y_stride, 0, accumulate, 0);
}

#else
int graft_has_bf16_dots(void) { return 0; }
void graft_few_rows_bf16(const void *w, size_t w_stride, const void *x, size_t x_stride, size_t rows, size_t inner,
                         float *y, size_t y_stride, int accumulate, size_t begin, size_t end) {
    (void)w, (void)w_stride, (void)x, (void)x_stride, (void)rows, (void)inner, (void)y, (void)y_stride;
    (void)accumulate, (void)begin, (void)end;
    __builtin_trap();  // graft_has_bf16_dots() says no
}
#endif
