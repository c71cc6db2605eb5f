// One door to the kernels of all formats, by ggml's number of the type.
#include "blocks_inline.h"

typedef void (*to_floats)(const uint8_t *, size_t, float *);
typedef void (*to_bfloats)(const uint8_t *, size_t, uint16_t *);

static const struct format {
    size_t size, bytes;  // numbers and bytes that one step of the kernel takes
    to_floats floats;
    to_bfloats bfloats;
} formats[] = {
#define FORMAT(type, name, size, bytes) [type] = {size, bytes, graft_expand_##name, graft_expand_##name##_bf16}
    FORMAT(0, f32, 16, 64),       FORMAT(1, f16, 16, 32),       FORMAT(2, q4_0, 32, 18),     FORMAT(3, q4_1, 32, 20),
    FORMAT(6, q5_0, 32, 22),      FORMAT(7, q5_1, 32, 24),      FORMAT(8, q8_0, 32, 34),     FORMAT(10, q2_k, 256, 84),
    FORMAT(11, q3_k, 256, 110),   FORMAT(12, q4_k, 256, 144),   FORMAT(13, q5_k, 256, 176),  FORMAT(14, q6_k, 256, 210),
    FORMAT(20, iq4_nl, 32, 18),   FORMAT(23, iq4_xs, 256, 136), FORMAT(30, bf16, 16, 32),    FORMAT(39, mxfp4, 32, 17),
    FORMAT(40, nf4, 64, 36),  // ggml's 40 is a format that is not read
};

int graft_expand(uint32_t type, const void *from, size_t count, void *to, int to_bf16) {
    if (type != GRAFT_NF4 && (type >= 40 || !formats[type].size)) return 0;
    const struct format f = formats[type == GRAFT_NF4 ? 40 : type];
    size_t steps = count / f.size, rest = count % f.size;
    if (to_bf16) f.bfloats(from, steps, to);
    else f.floats(from, steps, to);
    if (rest == 0) return 1;

    // Only a plain format has a rest: it goes through a full step in a buffer.
    uint8_t last[64] = {0};
    size_t width = f.bytes / f.size;
    memcpy(last, (const uint8_t *)from + steps * f.bytes, rest * width);
    if (to_bf16) {
        uint16_t numbers[16];
        f.bfloats(last, 1, numbers);
        memcpy((uint16_t *)to + steps * f.size, numbers, rest * 2);
    } else {
        float numbers[16];
        f.floats(last, 1, numbers);
        memcpy((float *)to + steps * f.size, numbers, rest * 4);
    }
    return 1;
}
