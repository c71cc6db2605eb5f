#include "parallel.h"
#include <stdatomic.h>

// libgomp's entry points, called from plain C: the Swift toolchain ships no omp.h.
extern void GOMP_parallel(void (*fn)(void *), void *data, unsigned threads, unsigned flags);
extern int omp_get_max_threads(void);
extern int omp_in_parallel(void);
extern void omp_set_num_threads(int);

struct region {
    void (*body)(void *, size_t);
    void *context;
    size_t count;
    atomic_size_t next;
};

static void work(void *data) {
    struct region *r = data;
    for (;;) {
        size_t i = atomic_fetch_add_explicit(&r->next, 1, memory_order_relaxed);
        if (i >= r->count) return;
        r->body(r->context, i);
    }
}

void graft_parallel(size_t count, void (*body)(void *, size_t), void *context) {
    int threads = omp_get_max_threads();
    if (count <= 1 || threads <= 1 || omp_in_parallel()) {
        for (size_t i = 0; i < count; i++) body(context, i);
        return;
    }
    struct region r = {body, context, count, 0};
    GOMP_parallel(work, &r, count < (size_t)threads ? (unsigned)count : (unsigned)threads, 0);
}

void graft_set_threads(int threads) { omp_set_num_threads(threads); }
int graft_threads(void) { return omp_get_max_threads(); }
int graft_in_parallel(void) { return omp_in_parallel(); }
