// simdjson's document, flattened into nodes that a C caller can walk without knowing C++.
#include "CSimdjson.h"
#include <simdjson.h>
#include <vector>

using namespace simdjson;

struct graft_json_parser {
    dom::parser parser;
    std::vector<graft_json_node> nodes;
};

static graft_json_node node(graft_json_kind kind, int64_t count = 0) {
    graft_json_node n{};
    n.kind = kind;
    n.count = count;
    return n;
}

static graft_json_node string_node(std::string_view text) {
    graft_json_node n = node(GRAFT_JSON_STRING, (int64_t)text.size());
    n.text = text.data();
    return n;
}

// Nesting is bounded by simdjson's own limit (1,024), so the recursion is too.
static void flatten(dom::element e, std::vector<graft_json_node> &out) {
    switch (e.type()) {
    case dom::element_type::NULL_VALUE: out.push_back(node(GRAFT_JSON_NULL)); break;
    case dom::element_type::BOOL: out.push_back(node(bool(e) ? GRAFT_JSON_TRUE : GRAFT_JSON_FALSE)); break;
    case dom::element_type::INT64: {
        auto n = node(GRAFT_JSON_INTEGER);
        n.integer = int64_t(e);
        out.push_back(n);
        break;
    }
    case dom::element_type::UINT64: {
        auto n = node(GRAFT_JSON_UNSIGNED);
        n.natural = uint64_t(e);
        out.push_back(n);
        break;
    }
    case dom::element_type::DOUBLE: {
        auto n = node(GRAFT_JSON_DOUBLE);
        n.number = double(e);
        out.push_back(n);
        break;
    }
    case dom::element_type::STRING: out.push_back(string_node(std::string_view(e))); break;
    case dom::element_type::ARRAY: {
        size_t at = out.size();
        out.push_back(node(GRAFT_JSON_ARRAY));
        int64_t count = 0;
        for (dom::element child : dom::array(e)) { flatten(child, out); count++; }
        out[at].count = count;
        break;
    }
    case dom::element_type::OBJECT: {
        size_t at = out.size();
        out.push_back(node(GRAFT_JSON_OBJECT));
        int64_t count = 0;
        for (auto member : dom::object(e)) {
            out.push_back(string_node(member.key));
            flatten(member.value, out);
            count++;
        }
        out[at].count = count;
        break;
    }
    }
}

extern "C" struct graft_json_parser *graft_json_parser_create(void) { return new graft_json_parser; }
extern "C" void graft_json_parser_destroy(struct graft_json_parser *p) { delete p; }

extern "C" const char *graft_json_parse(struct graft_json_parser *p, const char *bytes, size_t length,
                                        const struct graft_json_node **nodes, size_t *count) {
    p->nodes.clear();
    try {
        dom::element root;
        auto error = p->parser.parse(bytes, length).get(root);
        if (error) return error_message(error);
        flatten(root, p->nodes);
    } catch (const std::exception &e) {
        return "not enough memory for this JSON document";
    }
    *nodes = p->nodes.data();
    *count = p->nodes.size();
    return nullptr;
}
