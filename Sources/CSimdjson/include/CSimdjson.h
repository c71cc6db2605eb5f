#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// What a node of a parsed document is. An array is followed by its elements, an object by key, value, key, value …
enum graft_json_kind {
    GRAFT_JSON_NULL, GRAFT_JSON_FALSE, GRAFT_JSON_TRUE, GRAFT_JSON_INTEGER, GRAFT_JSON_UNSIGNED,
    GRAFT_JSON_DOUBLE, GRAFT_JSON_STRING, GRAFT_JSON_ARRAY, GRAFT_JSON_OBJECT, GRAFT_JSON_LARGE
};

/// One value in document order. `count`: bytes of a string or of the digits of a whole number beyond 64 bits (LARGE),
/// elements of an array, members of an object.
struct graft_json_node {
    int32_t kind;
    int64_t count;
    union { int64_t integer; uint64_t natural; double number; const char *text; };
};

/// A parser with its buffers; reused from document to document, one thread at a time.
struct graft_json_parser;
struct graft_json_parser *graft_json_parser_create(void);
void graft_json_parser_destroy(struct graft_json_parser *);

/// Parses one document. Returns null on success, else a static message. The nodes live until the next call.
const char *graft_json_parse(struct graft_json_parser *, const char *bytes, size_t length,
                             const struct graft_json_node **nodes, size_t *count);

#ifdef __cplusplus
}
#endif
