import CPCRE2
import Diagnostics

/// A compiled pattern of a tokenizer file, matched by PCRE2's just-in-time compiler over UTF-8 bytes.
///
/// Patterns are written for Oniguruma (Ruby's syntax), which Hugging Face's library uses; `OnigurumaPattern` translates
/// them. The compiled code is never written after `init`, so threads may share it: hence `nonisolated(unsafe)`.
final class RegularExpression: Sendable {
    private nonisolated(unsafe) let code: OpaquePointer
    private let hasMachineCode: Bool
    /// The pattern as the file gives it.
    let pattern: String

    /// Compiles an Oniguruma pattern; throws a ``Problem`` that shows it when it is no pattern.
    convenience init(_ pattern: String) throws(Problem) {
        try self.init(pattern, translated: OnigurumaPattern.translated(pattern))
    }

    /// Compiles a pattern that matches exactly this text.
    convenience init(literal text: String) throws(Problem) {
        let escaped = text.unicodeScalars.map { scalar in
            scalar.isASCII && !scalar.properties.isAlphabetic && !("0"..."9").contains(scalar)
                ? "\\x{\(String(scalar.value, radix: 16))}" : String(scalar)
        }
        try self.init(text, translated: escaped.joined())
    }

    private init(_ pattern: String, translated: String) throws(Problem) {
        var error: Int32 = 0
        var offset = 0
        let context = pcre2_compile_context_create_8(nil)
        defer { pcre2_compile_context_free_8(context) }
        pcre2_set_newline_8(context, UInt32(PCRE2_NEWLINE_LF))
        let options = UInt32(PCRE2_UTF) | UInt32(PCRE2_UCP) | UInt32(PCRE2_MULTILINE) | UInt32(PCRE2_NEVER_BACKSLASH_C)
        var text = translated
        let code = text.withUTF8 { bytes in
            pcre2_compile_8(bytes.baseAddress, bytes.count, options, &error, &offset, context)
        }
        guard let code else {
            throw Problem(
                "the regular expression \"\(pattern)\" cannot be compiled: \(Self.message(error)) "
                    + "(at \(offset) of \"\(translated)\")")
        }
        self.code = code
        self.pattern = pattern
        hasMachineCode = pcre2_jit_compile_8(code, UInt32(PCRE2_JIT_COMPLETE)) == 0
    }

    deinit { pcre2_code_free_8(code) }

    private static func message(_ error: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let length = pcre2_get_error_message_8(error, &buffer, buffer.count)
        return length > 0 ? UTF8Text.string(buffer[..<Int(length)]) : "error \(error)"
    }

    /// What a thread needs to match: where results go, and the stack of the machine code.
    final class Matcher {
        fileprivate let data: OpaquePointer?
        fileprivate let context: OpaquePointer?
        private let stack: OpaquePointer?

        /// A matcher with a stack that grows to 8 MiB and a bound on backtracking.
        init() {
            data = pcre2_match_data_create_8(1, nil)
            context = pcre2_match_context_create_8(nil)
            stack = pcre2_jit_stack_create_8(32 << 10, 8 << 20, nil)
            if let stack { pcre2_jit_stack_assign_8(context, nil, UnsafeMutableRawPointer(stack)) }
            pcre2_set_match_limit_8(context, 20_000_000)
            pcre2_set_heap_limit_8(context, 256 << 10)
        }

        deinit {
            pcre2_match_data_free_8(data)
            pcre2_match_context_free_8(context)
            if let stack { pcre2_jit_stack_free_8(stack) }
        }
    }

    /// Calls `body` with each match in `subject`, left to right, not overlapping. An empty match counts where no match
    /// ended just before it. A pattern that exceeds the bound on backtracking matches nothing further.
    @inline(__always)
    func forEachMatch(in subject: UnsafeBufferPointer<UInt8>, _ matcher: Matcher, _ body: (Range<Int>) -> Void) {
        if let known = NewerCharacters.replaced(in: subject) {
            known.withUnsafeBufferPointer { forEachKnownMatch(in: $0, matcher, body) }
        } else {
            forEachKnownMatch(in: subject, matcher, body)
        }
    }

    private func forEachKnownMatch(
        in subject: UnsafeBufferPointer<UInt8>, _ matcher: Matcher, _ body: (Range<Int>) -> Void
    ) {
        guard let start = subject.baseAddress, let results = pcre2_get_ovector_pointer_8(matcher.data) else { return }
        var at = 0
        var lastEnd = -1
        while at <= subject.count {
            var outcome =
                hasMachineCode
                ? pcre2_jit_match_8(
                    code, start, subject.count, at, UInt32(PCRE2_NO_UTF_CHECK), matcher.data, matcher.context)
                : PCRE2_ERROR_JIT_STACKLIMIT
            if outcome == PCRE2_ERROR_JIT_STACKLIMIT {
                let options = UInt32(PCRE2_NO_UTF_CHECK) | UInt32(PCRE2_NO_JIT)
                outcome = pcre2_match_8(code, start, subject.count, at, options, matcher.data, matcher.context)
            }
            guard outcome >= 0 else { return }
            let match = (start: results[0], end: results[1])
            if match.end > match.start {
                body(match.start..<match.end)
                at = match.end
                lastEnd = match.end
            } else {
                // \K in a lookahead could put the end before the start: skip, as an empty match.
                if match.start == match.end, match.start != lastEnd { body(match.start..<match.end) }
                let next = max(match.start, at)
                guard next < subject.count else { return }
                at = next + UTF8Text.width(subject[next])
            }
        }
    }
}
