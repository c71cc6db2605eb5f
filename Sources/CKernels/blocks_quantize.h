#pragma once
#include <stddef.h>
#include <stdint.h>

void graft_quantize_q4_k(const float *from, size_t blocks, uint8_t *to);
void graft_quantize_q5_k(const float *from, size_t blocks, uint8_t *to);
void graft_quantize_q6_k(const float *from, size_t blocks, uint8_t *to);
