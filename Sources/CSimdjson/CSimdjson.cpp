// simdjson's document, flattened into nodes that a C caller can walk without knowing C++.
#include "CSimdjson.h"
#include <simdjson.h>
#include <charconv>
#include <string>
#include <vector>

using namespace simdjson;

struct graft_json_parser {
    dom::parser parser;
    std::vector<graft_json_node> nodes;
    // The document with its whole numbers beyond 64 bits in quotes, and which of its strings these are.
    std::string quoted;
    std::vector<size_t> large;
};

// Where the flattening stands among the document's strings and those of them that are numbers.
struct string_place {
    size_t count = 0;
    std::vector<size_t>::const_iterator next{}, end{};
};

static graft_json_node node(graft_json_kind kind, int64_t count = 0) {
    graft_json_node n{};
    n.kind = kind;
    n.count = count;
    return n;
}

static graft_json_node string_node(std::string_view text, string_place &at) {
    bool isLarge = at.next != at.end && *at.next == at.count++;
    if (isLarge) at.next++;
    graft_json_node n = node(isLarge ? GRAFT_JSON_LARGE : GRAFT_JSON_STRING, (int64_t)text.size());
    n.text = text.data();
    return n;
}

static bool is_number(char c) { return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'; }

// Whether the text is a whole number, as JSON writes it, that 64 bits do not hold.
static bool is_large(std::string_view text) {
    std::string_view digits = text.substr(text[0] == '-');
    if (digits.size() < 19 || digits[0] == '0' || digits.find_first_not_of("0123456789") != digits.npos) return false;
    const char *end = text.data() + text.size();
    int64_t whole;
    uint64_t natural;
    return std::from_chars(text.data(), end, whole).ec == std::errc::result_out_of_range
        && (text[0] == '-' || std::from_chars(text.data(), end, natural).ec == std::errc::result_out_of_range);
}

// Puts whole numbers beyond 64 bits, which JSON allows and simdjson does not, in quotes; false when there are none.
static bool quote_large(std::string_view bytes, graft_json_parser &p) {
    p.quoted.clear();
    p.large.clear();
    size_t strings = 0;
    for (size_t at = 0; at < bytes.size();) {
        size_t end = at + 1;
        if (bytes[at] == '"') {
            while (end < bytes.size() && bytes[end] != '"') end += bytes[end] == '\\' ? 2 : 1;
            end = end < bytes.size() ? end + 1 : bytes.size();
            strings++;
        } else if (is_number(bytes[at])) {
            while (end < bytes.size() && is_number(bytes[end])) end++;
        }
        std::string_view part = bytes.substr(at, end - at);
        if (is_large(part)) {
            p.large.push_back(strings++);
            p.quoted.append("\"").append(part).append("\"");
        } else {
            p.quoted.append(part);
        }
        at = end;
    }
    return !p.large.empty();
}

// Nesting is bounded by simdjson's own limit (1,024), so the recursion is too.
static void flatten(dom::element e, std::vector<graft_json_node> &out, string_place &at) {
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
    case dom::element_type::STRING: out.push_back(string_node(std::string_view(e), at)); break;
    case dom::element_type::ARRAY: {
        size_t head = out.size();
        out.push_back(node(GRAFT_JSON_ARRAY));
        int64_t count = 0;
        for (dom::element child : dom::array(e)) { flatten(child, out, at); count++; }
        out[head].count = count;
        break;
    }
    case dom::element_type::OBJECT: {
        size_t head = out.size();
        out.push_back(node(GRAFT_JSON_OBJECT));
        int64_t count = 0;
        for (auto member : dom::object(e)) {
            out.push_back(string_node(member.key, at));
            flatten(member.value, out, at);
            count++;
        }
        out[head].count = count;
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
        string_place at;
        if (error == NUMBER_ERROR && quote_large({bytes, length}, *p)) {
            error = p->parser.parse(p->quoted).get(root);
            at.next = p->large.begin();
            at.end = p->large.end();
        }
        if (error) return error_message(error);
        flatten(root, p->nodes, at);
    } catch (const std::exception &e) {
        return "not enough memory for this JSON document";
    }
    *nodes = p->nodes.data();
    *count = p->nodes.size();
    return nullptr;
}
