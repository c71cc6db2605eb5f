// Matrix products: B is packed block by block into panels, and tiles of C that stay in registers run down them (Goto and
// van de Geijn, Anatomy of High-Performance Matrix Multiplication). Meanwhile memory is asked for the next block of B:
// frozen weights are larger than any cache, and waiting for them costs 4 % of a product's time.
#include "parallel.h"
#include "product_inline.h"
#include <stdlib.h>
#include <sys/mman.h>

// A packed block of B stays in a second-level cache of a megabyte, and pages of it are few.
enum { PAIRS = 512, SECOND_PAIRS = GRAFT_SECOND_INNER / 2, COLUMNS = 384, HUGE_PAGE = 2 << 20 };
enum { COPY_ROW = 4 * PAIRS + 64, COPY_BYTES = TILE_ROWS * COPY_ROW };
_Static_assert(COPY_BYTES + (PAIRS + SECOND_PAIRS) * PAIR_BYTES * (COLUMNS / PANEL) <= HUGE_PAGE, "scratch is too small");

int graft_has_product(void) { return graft_has_bf16_dots() && !graft_has_amx(); }

struct product {
    const struct graft_factors *first, *second;
    float *c;
    size_t c_stride, rows, columns;
    int accumulate;
    size_t row_part, column_part;  // rows and columns of what one call of `part` computes
    size_t bands, band;            // bands of neighbouring columns, one a thread, and how many parts make one
};

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }
static size_t quotient(size_t a, size_t b) { return (a + b - 1) / b; }

static const uint16_t *b_at(const struct graft_factors *f, size_t k, size_t column) {
    return (const uint16_t *)f->b + (f->b_transposed ? column * f->b_stride + k : k * f->b_stride + column);
}

// A part of a matrix that will be read soon, asked for line by line.
struct request {
    const char *at;
    size_t stride, width, rows, row, column;
};

static size_t lines(const struct request *r) { return r->rows * quotient(r->width, 64); }

static void ask(struct request *r, size_t count) {
    for (; count > 0 && r->row < r->rows; count--) {
        __builtin_prefetch(r->at + r->row * r->stride + r->column, 0, 2);
        r->column += 64;
        if (r->column >= r->width) r->column = 0, r->row++;
    }
}

static struct request request_b(const struct graft_factors *f, size_t k, size_t depth, size_t column, size_t columns) {
    struct request r = {(const char *)b_at(f, k, column), 2 * f->b_stride, 2 * columns, depth, 0, 0};
    if (f->b_transposed) r.width = 2 * depth, r.rows = columns;
    return r;
}

// Two megabytes for each thread, kept as long as the thread.
static char *scratch(void) {
    static _Thread_local char *bytes;
    if (!bytes) {
        if (!(bytes = aligned_alloc(HUGE_PAGE, HUGE_PAGE))) abort();
        madvise(bytes, HUGE_PAGE, MADV_HUGEPAGE);
    }
    return bytes;
}

// Rows of A as tiles read them: in place, or copied where their distance would put all of them into the same few lines of
// the cache, or where half a pair is left over.
static void place(const char *a, size_t row_bytes, size_t rows, size_t depth, char *copy, struct tile *t) {
    t->a = a, t->a_row = row_bytes;
    if (row_bytes % 2048 && depth % 2 == 0) return;
    for (size_t r = 0; r < rows; r++) {
        memcpy(copy + r * COPY_ROW, a + r * row_bytes, 2 * depth);
        if (depth % 2) memset(copy + r * COPY_ROW + 2 * depth, 0, 2);
    }
    t->a = copy, t->a_row = COPY_ROW;
}

// One block of B, `depth` elements deep from k on, with all the part's rows of A.
static void block(const struct product *p, struct tile t, size_t row, size_t rows, size_t column, size_t columns, size_t k,
                  size_t depth, struct request next, char *memory) {
    char *packed = memory + COPY_BYTES;
    size_t panels = quotient(columns, PANEL), height = quotient(rows, quotient(rows, TILE_ROWS)), a_row = 2 * p->first->a_stride;
    size_t panel_bytes = (t.pairs + t.second_pairs) * PAIR_BYTES, share = lines(&next) / (panels * quotient(rows, height)) + 1;
    graft_product_pack(b_at(p->first, k, column), p->first->b_stride, p->first->b_transposed, columns, depth, packed,
                       panel_bytes);
    if (t.second_pairs)
        graft_product_pack(b_at(p->second, 0, column), p->second->b_stride, p->second->b_transposed, columns,
                           p->second->inner, packed + t.pairs * PAIR_BYTES, panel_bytes);
    for (size_t r = row; r < row + rows; r += height) {
        size_t left = smaller(height, row + rows - r), below = r + height;
        const char *a = (const char *)p->first->a + r * a_row + 2 * k;
        place(a, a_row, left, depth, memory, &t);
        struct request rows_below = {a + height * a_row, a_row, 2 * depth, 0, 0, 0};
        if (t.a == memory && below < row + rows) rows_below.rows = smaller(height, row + rows - below);
        size_t share_below = lines(&rows_below) / panels + 1;
        if (t.second_pairs) t.second = (const char *)p->second->a + r * t.second_row;
        for (size_t j = 0; j < panels; j++) {
            t.b = packed + j * panel_bytes;
            t.width = smaller(PANEL, columns - j * PANEL);
            t.c = p->c + r * p->c_stride + column + j * PANEL;
            ask(&next, share);
            ask(&rows_below, share_below);
            graft_product_tile(left, &t);
        }
    }
}

static void part(void *context, size_t index) {
    const struct product *p = context;
    const struct graft_factors *first = p->first;
    // Threads that write neighbouring columns at once would fetch each other's lines; so each has a band of its own.
    size_t in_bands = index % (p->bands * p->band), row = index / (p->bands * p->band) * p->row_part;
    size_t column = (in_bands % p->bands * p->band + in_bands / p->bands) * p->column_part;
    if (column >= p->columns) return;
    size_t rows = smaller(p->row_part, p->rows - row), columns = smaller(p->column_part, p->columns - column);
    size_t step = quotient(quotient(first->inner, quotient(first->inner, 2 * PAIRS)), 32) * 32;
    for (size_t k = 0; k < first->inner; k += step) {
        size_t depth = smaller(step, first->inner - k), next_k = k + step, next_column = column;
        struct tile t = {.pairs = quotient(depth, 2), .c_stride = p->c_stride, .accumulate = p->accumulate || k > 0};
        if (next_k >= first->inner) {
            next_k = 0, next_column += p->column_part;
            if (p->second) t.second_pairs = p->second->inner / 2, t.second_row = 2 * p->second->a_stride;
        }
        struct request next = {0};
        if (next_column < p->columns)
            next = request_b(first, next_k, smaller(step, first->inner - next_k), next_column,
                             smaller(p->column_part, p->columns - next_column));
        block(p, t, row, rows, column, columns, k, depth, next, scratch());
    }
}

void graft_product(const struct graft_factors *first, const struct graft_factors *second, float *c, size_t c_stride,
                   size_t rows, size_t columns, int accumulate) {
    size_t threads = (size_t)graft_threads(), parts = 1;
    if (graft_in_parallel() || rows * columns * first->inner < 1 << 18) threads = 1;
    struct product p = {first, second, c, c_stride, rows, columns, accumulate, rows, 0, threads, 1};
    if (threads > 1 && columns <= threads * PANEL && rows > columns) {
        // Few columns: each thread packs them all, for its own rows.
        p.row_part = quotient(quotient(rows, threads), TILE_ROWS) * TILE_ROWS, p.bands = 1;
    } else {
        // At least two parts a thread, so that one that is held up gives some of its own to others.
        if (threads > 1) parts = 2 * threads;
        if (parts * COLUMNS < columns) parts = quotient(quotient(columns, COLUMNS), threads) * threads;
    }
    p.column_part = smaller(quotient(quotient(columns, parts), PANEL) * PANEL, COLUMNS);
    p.band = quotient(quotient(columns, p.column_part), p.bands);
    graft_parallel(quotient(rows, p.row_part) * p.bands * p.band, part, &p);
}
