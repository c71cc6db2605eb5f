#pragma once
#include <stddef.h>
#include <stdint.h>

/// The number of 4-bit NormalFloat, which is no type of ggml's: blocks of 64 numbers, a float and 32 bytes.
enum { GRAFT_NF4 = 0x10004 };

/// Numbers in ggml's formats (`type` is ggml's number, see ElementFormat.swift) as floats, or rounded to bfloat16.
///
/// `from` holds whole blocks, at any address; `count` numbers, a multiple of the block's size, are written to `to`.
/// Equal to ggml's own dequantisation to the bit. Returns 0 for a type it does not know, having written nothing.
int graft_expand(uint32_t type, const void *from, size_t count, void *to, int to_bf16);

/// Quantises `rows` rows of `columns` floats (a multiple of the block's size) into Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K,
/// Q5_K, Q6_K or NF4, or stores them as F32, F16 or BF16. Rows lie one after the other on both sides. Numbers must be
/// finite; a block's largest must not exceed 65,504 times what its integers can count, half precision being its scale's
/// format. The first five are ggml's own bytes. Returns 0 for a type it cannot write, having written nothing.
int graft_quantize(uint32_t type, const float *from, size_t rows, size_t columns, void *to);

/// 8-bit floats (E4M3 without infinities) times a factor, as floats or rounded to bfloat16.
void graft_expand_e4m3(const uint8_t *from, size_t count, float scale, void *to, int to_bf16);

/// Blocks of 32 4-bit floats (E2M1), two a byte with the first in the low half, each block times 2^(power − 127); as
/// floats or rounded to bfloat16.
void graft_expand_e2m1(const uint8_t *from, const uint8_t *powers, size_t blocks, void *to, int to_bf16);
