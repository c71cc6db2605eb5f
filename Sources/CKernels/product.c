// Matrix products: B is packed block by block into panels, and tiles of C that stay in registers run down them (Goto
// and van de Geijn, Anatomy of High-Performance Matrix Multiplication). Meanwhile memory is asked for the next block of
// B: frozen weights are larger than any cache, and waiting for them costs 4 % of a product's time. A B whose numbers
// are stored in another format is expanded on its way into the panels, so it is read from memory as small as it is
// stored.
#include "blocks.h"
#include "parallel.h"
#include "product_inline.h"
#include <stdlib.h>
#include <sys/mman.h>

// A packed block of B stays in a second-level cache of a megabyte, and pages of it are few.
enum { UNITS = 512, COLUMNS = 384, HUGE_PAGE = 2 << 20 };
// What is expanded at once: of a transposed B 256 elements of a panel's columns, otherwise 16 rows of a block.
enum { WIDE = 256, WIDE_ROW = 4 * WIDE + 64, HIGH = 16, HIGH_ROW = 4 * COLUMNS + 64 };
enum { COPY_ROW = UNIT * UNITS + 64, COPY_BYTES = MOST_ROWS * COPY_ROW, EXPANDED_BYTES = MOST_PANEL * WIDE_ROW };
_Static_assert(HIGH * HIGH_ROW <= EXPANDED_BYTES, "16 rows must fit");
_Static_assert(COPY_BYTES + EXPANDED_BYTES + (UNITS + GRAFT_SECOND_INNER) * UNIT * COLUMNS <= HUGE_PAGE,
               "scratch is too small");

int graft_has_product(int bf16) { return graft_product_kernel(bf16) != 0; }

struct product {
    const struct product_kernel *kernel;
    int bf16;
    size_t size;  // bytes of an element of A
    const struct graft_factors *first, *second;
    float *c;
    size_t c_stride, rows, columns;
    int accumulate;
    size_t row_part;                  // rows of what one call of `part` computes
    size_t bands, band, parts;        // bands of neighbouring columns, one a thread; their columns and their parts
    size_t columns_grain, least, most;  // columns of a part: whole grains, unless at the end
};

struct range {
    size_t start, count;
};

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }
static size_t quotient(size_t a, size_t b) { return (a + b - 1) / b; }
static size_t whole(size_t a, size_t b) { return quotient(a, b) * b; }

// The columns of a band's part. Each takes half of what is left: the large ones use what they packed more often, and
// the small ones at the end let a thread that is done first take some of another one's.
static struct range columns_of(const struct product *p, size_t band, size_t index) {
    size_t start = smaller(band * p->band, p->columns), end = smaller(start + p->band, p->columns);
    for (;; index--) {
        size_t count = smaller(whole(quotient(end - start, 2), p->columns_grain), p->most);
        count = smaller(count < p->least ? p->least : count, end - start);
        if (index == 0) return (struct range){start, count};
        start += count;
    }
}

static int is_operand(const struct product *p, const struct graft_factors *f) {
    return f->b_stored.type == (p->bf16 ? FORMAT_BF16 : FORMAT_F32);
}

// Elements that the parts of B must be multiples of, along its rows in memory.
static size_t grain(const struct graft_factors *f) {
    return f->b_stored.numbers > 32 ? f->b_stored.numbers : 32;
}

static size_t bytes_of(const struct graft_factors *f, size_t elements) {
    return f->b_stored.numbers == 1 ? elements * f->b_stored.bytes : elements / f->b_stored.numbers * f->b_stored.bytes;
}

static const char *b_at(const struct graft_factors *f, size_t k, size_t column) {
    size_t row = f->b_transposed ? column : k, along = f->b_transposed ? k : column;
    return (const char *)f->b + row * bytes_of(f, f->b_stride) + bytes_of(f, along);
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
    struct request r = {b_at(f, k, column), bytes_of(f, f->b_stride), 0, f->b_transposed ? columns : depth, 0, 0};
    r.width = bytes_of(f, f->b_transposed ? depth : columns);
    return r;
}

// Two megabytes for each thread, kept to the end: threads of the pool stay.
static char *scratch(void) {
    static _Thread_local char *bytes;
    if (!bytes) {
        if (!(bytes = aligned_alloc(HUGE_PAGE, HUGE_PAGE))) abort();
        madvise(bytes, HUGE_PAGE, MADV_HUGEPAGE);
    }
    return bytes;
}

// Rows of A as tiles read them: in place, or copied where their distance would put all of them into the same few lines
// of the cache, or where half a unit is left over.
static void place(const char *a, size_t row_bytes, size_t rows, size_t bytes, char *copy, struct tile *t) {
    t->a = a, t->a_row = row_bytes;
    if (row_bytes % 2048 && bytes % UNIT == 0) return;
    for (size_t r = 0; r < rows; r++) {
        memcpy(copy + r * COPY_ROW, a + r * row_bytes, bytes);
        if (bytes % UNIT) memset(copy + r * COPY_ROW + bytes, 0, UNIT - bytes % UNIT);
    }
    t->a = copy, t->a_row = COPY_ROW;
}

// Packs a block of B; `k` and the columns' start are whole blocks of its format.
static void pack(const struct product *p, const struct graft_factors *f, size_t k, size_t depth, struct range columns,
                 char *to, size_t apart, char *expanded) {
    size_t row = bytes_of(f, f->b_stride), panel = p->kernel->panel, element = p->size * panel;
    uint32_t type = f->b_stored.type;
    const char *from = b_at(f, k, columns.start);
    struct packing part = {from, row, columns.count, depth, f->b_transposed, to, apart};
    if (is_operand(p, f)) {
        p->kernel->pack(&part);
    } else if (f->b_transposed) {
        for (size_t j = 0; j < columns.count; j += panel) {
            for (size_t i = 0; i < depth; i += WIDE) {
                size_t height = smaller(panel, columns.count - j), width = smaller(WIDE, depth - i);
                const char *first = from + j * row + bytes_of(f, i);
                for (size_t r = 0; r < height; r++)
                    graft_expand(type, first + r * row, width, expanded + r * WIDE_ROW, p->bf16);
                part = (struct packing){expanded, WIDE_ROW, height, width, 1, to + j / panel * apart + i * element, apart};
                p->kernel->pack(&part);
            }
        }
    } else {
        for (size_t i = 0; i < depth; i += HIGH) {
            size_t height = smaller(HIGH, depth - i);
            for (size_t r = 0; r < height; r++)
                graft_expand(type, from + (i + r) * row, columns.count, expanded + r * HIGH_ROW, p->bf16);
            part = (struct packing){expanded, HIGH_ROW, columns.count, height, 0, to + i * element, apart};
            p->kernel->pack(&part);
        }
    }
}

// One block of B, `depth` elements deep from k on, with all the part's rows of A.
static void block(const struct product *p, struct tile t, size_t row, size_t rows, struct range columns, size_t k,
                  size_t depth, struct request next, char *memory) {
    char *expanded = memory + COPY_BYTES, *packed = expanded + EXPANDED_BYTES;
    size_t panel = p->kernel->panel, panels = quotient(columns.count, panel);
    size_t height = quotient(rows, quotient(rows, p->kernel->rows)), a_row = p->size * p->first->a_stride;
    size_t panel_bytes = (t.units + t.second_units) * UNIT * panel;
    size_t share = lines(&next) / (panels * quotient(rows, height)) + 1;
    pack(p, p->first, k, depth, columns, packed, panel_bytes, expanded);
    if (t.second_units)
        pack(p, p->second, 0, p->second->inner, columns, packed + t.units * UNIT * panel, panel_bytes, expanded);
    for (size_t r = row; r < row + rows; r += height) {
        size_t left = smaller(height, row + rows - r), below = r + height;
        const char *a = (const char *)p->first->a + r * a_row + p->size * k;
        place(a, a_row, left, p->size * depth, memory, &t);
        struct request rows_below = {a + height * a_row, a_row, p->size * depth, 0, 0, 0};
        if (t.a == memory && below < row + rows) rows_below.rows = smaller(height, row + rows - below);
        size_t share_below = lines(&rows_below) / panels + 1;
        if (t.second_units) t.second = (const char *)p->second->a + r * t.second_row;
        for (size_t j = 0; j < panels; j++) {
            t.b = packed + j * panel_bytes;
            t.width = smaller(panel, columns.count - j * panel);
            t.c = p->c + r * p->c_stride + columns.start + j * panel;
            ask(&next, share);
            ask(&rows_below, share_below);
            p->kernel->tile(left, &t);
        }
    }
}

static void part(void *context, size_t index) {
    const struct product *p = context;
    const struct graft_factors *first = p->first;
    // Threads that write neighbouring columns at once would fetch each other's lines; so each has a band of its own.
    size_t in_bands = index % (p->bands * p->parts), row = index / (p->bands * p->parts) * p->row_part;
    struct range columns = columns_of(p, in_bands % p->bands, in_bands / p->bands);
    if (columns.count == 0) return;
    size_t rows = smaller(p->row_part, p->rows - row);
    size_t most = UNITS * UNIT / p->size, step = quotient(first->inner, quotient(first->inner, most));
    step = whole(step, first->b_transposed ? grain(first) : 32);
    for (size_t k = 0; k < first->inner; k += step) {
        size_t depth = smaller(step, first->inner - k), next_k = k + step;
        struct range soon = columns;
        struct tile t = {.units = quotient(depth * p->size, UNIT), .c_stride = p->c_stride,
                         .accumulate = p->accumulate || k > 0};
        if (next_k >= first->inner) {
            next_k = 0, soon = columns_of(p, in_bands % p->bands, in_bands / p->bands + 1);
            if (p->second)
                t.second_units = p->second->inner * p->size / UNIT, t.second_row = p->size * p->second->a_stride;
        }
        struct request next = {0};
        if (soon.count > 0)
            next = request_b(first, next_k, smaller(step, first->inner - next_k), soon.start, soon.count);
        block(p, t, row, rows, columns, k, depth, next, scratch());
    }
}

void graft_product(int bf16, const struct graft_factors *first, const struct graft_factors *second, float *c,
                   size_t c_stride, size_t rows, size_t columns, int accumulate) {
    size_t threads = (size_t)graft_threads();
    if (graft_in_parallel() || rows * columns * first->inner < 1 << 18) threads = 1;
    struct product p = {graft_product_kernel(bf16), bf16, bf16 ? 2 : 4, first, second, c, c_stride, rows, columns,
                        accumulate, .row_part = rows, .bands = threads};
    size_t panel = p.kernel->panel;
    p.columns_grain = first->b_transposed ? panel : grain(first);
    p.most = p.least = COLUMNS / p.columns_grain * p.columns_grain;
    if (threads > 1 && columns <= threads * panel && rows > columns) {
        // Few columns: each thread packs them all, for its own rows.
        p.row_part = whole(quotient(rows, threads), p.kernel->rows), p.bands = 1;
    } else if (threads > 1) {
        p.least = whole(2 * panel, p.columns_grain);
    }
    p.band = whole(quotient(columns, p.bands), p.columns_grain);
    while (columns_of(&p, 0, p.parts).count > 0) p.parts++;
    graft_parallel(quotient(rows, p.row_part) * p.bands * p.parts, part, &p);
}
