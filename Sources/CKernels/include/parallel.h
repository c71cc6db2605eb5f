#pragma once
#include <stddef.h>

/// Calls body(context, i) for i in 0..<count on libgomp's pool, which oneDNN uses too; serial inside another region.
/// Which thread runs which index is not defined, so an index must write only what belongs to it.
void graft_parallel(size_t count, void (*body)(void *context, size_t index), void *context);
/// Sets how many threads the pool has (also oneDNN's).
void graft_set_threads(int threads);
/// How many threads the pool has.
int graft_threads(void);
/// Whether the caller runs inside graft_parallel.
int graft_in_parallel(void);
/// The level kernels are compiled for: 4 (AVX-512), 3 (AVX2 and FMA) or 1 (baseline); caps by environment counted in.
int graft_level(void);
/// Sets the level, at most the processor's own, and returns the one that was set before: for tests that compare levels.
int graft_use_level(int level);
/// Whether the processor multiplies bfloat16 natively (AVX512-BF16 or AMX) and no cap forbids it.
int graft_has_bf16(void);
/// Whether the processor has AMX's tiles of bfloat16, which multiply several times faster than AVX512-BF16.
int graft_has_amx(void);
