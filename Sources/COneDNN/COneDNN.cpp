// One matrix product through oneDNN; compiles against 2.x and 3.x, whose matmul descriptors differ.
#include "COneDNN.h"
#include <algorithm>
#include <cstring>
#include <dnnl.hpp>
#include <iterator>
#include <string>
#include <unordered_map>
#include <vector>

using namespace dnnl;

namespace {

struct Key {
    int64_t rows, columns, inner, a_stride, b_stride, c_stride;
    int64_t flags;
    bool operator==(const Key &o) const { return !std::memcmp(this, &o, sizeof(Key)); }
};

struct Hash {
    size_t operator()(const Key &k) const {
        const int64_t *words = reinterpret_cast<const int64_t *>(&k);
        uint64_t h = 0xcbf29ce484222325ull;
        for (size_t i = 0; i < sizeof(Key) / 8; i++) h = (h ^ (uint64_t)words[i]) * 0x9e3779b97f4a7c15ull, h ^= h >> 29;
        return (size_t)h;
    }
};

struct Product {
    matmul primitive;
    memory::desc a, b, c;
    uint64_t used = 0;
};

engine &processor() {
    // oneDNN keeps primitives as well, for all threads together; what nobody uses any more must not stay there.
    static engine e = [] {
        dnnl_set_primitive_cache_capacity(256);
        return engine(engine::kind::cpu, 0);
    }();
    return e;
}

memory::desc describe(int64_t rows, int64_t columns, int64_t stride, bool transposed, memory::data_type type) {
    return memory::desc({rows, columns}, type, transposed ? memory::dims{1, stride} : memory::dims{stride, 1});
}

matmul create(const memory::desc &a, const memory::desc &b, const memory::desc &c, bool accumulate) {
    primitive_attr attributes;
    if (accumulate) {
        post_ops operations;
        operations.append_sum(1.0f);
        attributes.set_post_ops(operations);
    }
#if DNNL_VERSION_MAJOR >= 3
    return matmul(matmul::primitive_desc(processor(), a, b, c, attributes));
#else
    return matmul(matmul::primitive_desc(matmul::desc(a, b, c), attributes, processor()));
#endif
}

// Each thread keeps its own primitives (about 95 KB a shape); beyond this many the half not used for longest goes.
constexpr size_t cache_limit = 256;
thread_local std::unordered_map<Key, Product, Hash> cache;

void forget_half() {
    std::vector<uint64_t> uses;
    for (const auto &entry : cache) uses.push_back(entry.second.used);
    std::nth_element(uses.begin(), uses.begin() + uses.size() / 2, uses.end());
    uint64_t middle = uses[uses.size() / 2];
    for (auto entry = cache.begin(); entry != cache.end();)
        entry = entry->second.used < middle ? cache.erase(entry) : std::next(entry);
}

}  // namespace

extern "C" const char *graft_dnn_product(graft_dnn_operand a, graft_dnn_operand b, void *c, int64_t c_stride,
                                         int64_t rows, int64_t columns, int64_t inner, int bf16, int c_bf16,
                                         int accumulate, int run_time) {
    static thread_local uint64_t uses = 0;
    static thread_local std::string failure;
    static thread_local stream queue(processor());
    try {
        auto in = bf16 ? memory::data_type::bf16 : memory::data_type::f32;
        auto out = c_bf16 ? memory::data_type::bf16 : memory::data_type::f32;
        int64_t flags = (bf16 ? 1 : 0) | (c_bf16 ? 2 : 0) | (accumulate ? 4 : 0) | (a.transposed ? 8 : 0)
            | (b.transposed ? 16 : 0) | (run_time ? 32 : 0);
        // With A transposed it is the inner dimension that varies: the rows that a gradient sums over.
        bool any_rows = run_time && !a.transposed, any_inner = run_time && a.transposed;
        Key key{any_rows ? -1 : rows, columns, any_inner ? -1 : inner, a.stride, b.stride, c_stride, flags};
        auto found = cache.find(key);
        if (found == cache.end()) {
            if (cache.size() >= cache_limit) forget_half();
            int64_t m = any_rows ? DNNL_RUNTIME_DIM_VAL : rows, k = any_inner ? DNNL_RUNTIME_DIM_VAL : inner;
            auto da = describe(m, k, a.stride, a.transposed, in);
            auto db = describe(k, columns, b.stride, b.transposed, in);
            auto dc = describe(m, columns, c_stride, false, out);
            found = cache.emplace(key, Product{create(da, db, dc, accumulate), da, db, dc}).first;
        }
        Product &p = found->second;
        p.used = ++uses;
        auto da = run_time ? describe(rows, inner, a.stride, a.transposed, in) : p.a;
        auto db = any_inner ? describe(inner, columns, b.stride, b.transposed, in) : p.b;
        auto dc = any_rows ? describe(rows, columns, c_stride, false, out) : p.c;
        memory ma(da, processor(), const_cast<void *>(a.data)), mb(db, processor(), const_cast<void *>(b.data)),
            mc(dc, processor(), c);
        p.primitive.execute(queue, {{DNNL_ARG_SRC, ma}, {DNNL_ARG_WEIGHTS, mb}, {DNNL_ARG_DST, mc}});
        queue.wait();
        return nullptr;
    } catch (const std::exception &e) {
        failure = e.what();
        return failure.c_str();
    }
}

extern "C" int graft_dnn_prepared(void) { return (int)cache.size(); }
extern "C" int graft_dnn_most_prepared(void) { return (int)cache_limit; }

extern "C" int graft_dnn_version(void) {
    const dnnl_version_t *v = dnnl_version();
    return v->major * 100 + v->minor;
}
