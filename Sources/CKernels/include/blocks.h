#pragma once
#include <stddef.h>
#include <stdint.h>

/// Numbers in ggml's formats (`type` is ggml's number, see ElementFormat.swift) as floats, or rounded to bfloat16.
///
/// `from` holds whole blocks, at any address; `count` numbers, a multiple of the block's size, are written to `to`.
/// Equal to ggml's own dequantisation to the bit. Returns 0 for a type it does not know, having written nothing.
int graft_expand(uint32_t type, const void *from, size_t count, void *to, int to_bf16);
