#include "inline.h"
#include <stdlib.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#if defined(__x86_64__)
int graft_instruction_level = 1;
static int processor_level = 1, has_amx = 0, has_bf16_vectors = 0;

// GRAFT_MAX_LEVEL=3 keeps the kernels to AVX2, as ONEDNN_MAX_CPU_ISA=AVX2 does for oneDNN; naming only the latter caps
// both.
__attribute__((constructor)) static void choose_level(void) {
    __builtin_cpu_init();
    int level = __builtin_cpu_supports("x86-64-v4") ? 4 : __builtin_cpu_supports("x86-64-v3") ? 3 : 1;
    const char *cap = getenv("GRAFT_MAX_LEVEL");
    const char *dnn = getenv("ONEDNN_MAX_CPU_ISA");
    if (!dnn) dnn = getenv("DNNL_MAX_CPU_ISA");
    int limit = cap ? atoi(cap) : 4;
    if (dnn && (!strncmp(dnn, "AVX2", 4)) && limit > 3) limit = 3;
    if (dnn && (!strcmp(dnn, "SSE41") || !strcmp(dnn, "AVX")) && limit > 1) limit = 1;
    processor_level = level;
    // Asked for once: inside a virtual machine each of these questions costs microseconds.
    unsigned a, b, c, d;
    has_amx = __get_cpuid_count(7, 0, &a, &b, &c, &d) && ((d >> 22) & 1);
    has_bf16_vectors = __get_cpuid_count(7, 1, &a, &b, &c, &d) && ((a >> 5) & 1);
    graft_instruction_level = level < limit ? level : (limit == 2 ? 1 : limit);
}
#endif

#include "parallel.h"
#if defined(__x86_64__)
int graft_level(void) { return graft_instruction_level; }
int graft_use_level(int level) {
    int before = graft_instruction_level;
    graft_instruction_level = level < processor_level ? level : processor_level;
    return before;
}
int graft_has_amx(void) { return graft_instruction_level >= 4 && has_amx; }
int graft_has_bf16(void) { return graft_instruction_level >= 4 && (has_bf16_vectors || has_amx); }
#else
int graft_level(void) { return 1; }
int graft_use_level(int level) { return (void)level, 1; }
int graft_has_amx(void) { return 0; }
int graft_has_bf16(void) { return 0; }
#endif
