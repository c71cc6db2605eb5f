#pragma once
#include <stddef.h>
#include <stdint.h>

/// Takes `blocks` blocks of 64 bytes into a SHA-256 state (FIPS 180-4); with the processor's instructions where it has
/// them.
void graft_sha256(uint32_t state[8], const uint8_t *bytes, size_t blocks);
/// The same without those instructions.
void graft_sha256_plain(uint32_t state[8], const uint8_t *bytes, size_t blocks);
