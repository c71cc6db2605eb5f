import CPCRE2

/// What can be wrong with a regular expression.
public enum PatternError: Error, Sendable, Equatable, CustomStringConvertible {
    /// It is none: why, in PCRE2's words, and where in the text that was compiled, in bytes.
    case invalid(reason: String, offset: Int)
    /// On some text there are more ways to match it than are tried.
    case tooManyWays

    /// The reason in words.
    public var description: String {
        switch self {
        case .invalid(let reason, _): reason
        case .tooManyWays:
            "there are too many ways to match the expression; write it without a repetition inside a repetition"
        }
    }
}

/// A pattern compiled by PCRE2, to machine code where that is possible, that is matched over UTF-8.
///
/// The compiled code is never written after `init`, so threads may share it: hence `nonisolated(unsafe)`.
package final class CompiledPattern: Sendable {
    private nonisolated(unsafe) let code: OpaquePointer
    private let hasMachineCode: Bool

    /// Compiles a pattern in PCRE2's syntax. Characters have Unicode's properties, and only a line feed ends a line.
    ///
    /// - Parameter isMultiline: whether `^` and `$` match at every line.
    package init(_ pattern: String, isMultiline: Bool = false) throws(PatternError) {
        var error: Int32 = 0
        var offset = 0
        let context = pcre2_compile_context_create_8(nil)
        defer { pcre2_compile_context_free_8(context) }
        pcre2_set_newline_8(context, UInt32(PCRE2_NEWLINE_LF))
        let options = PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C | (isMultiline ? PCRE2_MULTILINE : 0)
        var text = pattern
        let code = text.withUTF8 { bytes in
            pcre2_compile_8(bytes.baseAddress, bytes.count, options, &error, &offset, context)
        }
        guard let code else { throw .invalid(reason: Self.message(error), offset: offset) }
        self.code = code
        hasMachineCode = pcre2_jit_compile_8(code, UInt32(PCRE2_JIT_COMPLETE)) == 0
    }

    deinit { pcre2_code_free_8(code) }

    private static func message(_ error: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let length = pcre2_get_error_message_8(error, &buffer, buffer.count)
        return length > 0 ? String(decoding: buffer[..<Int(length)], as: UTF8.self) : "error \(error)"
    }

    /// What came of looking for a match.
    package enum Outcome: Sendable, Equatable {
        /// The bytes that match. An end before the start is possible (`\K` in a lookahead).
        case found(start: Int, end: Int)
        case none
        /// The bound on backtracking or memory was reached.
        case tooManyWays
    }

    /// Looks for the first match that begins at an offset or behind it.
    ///
    /// - Parameter whole: the match must begin there and end where the subject ends.
    package func match(
        _ subject: UnsafeBufferPointer<UInt8>, from offset: Int, whole: Bool = false, _ scratch: PatternScratch
    ) -> Outcome {
        // An empty subject has no address, which PCRE2 wants one of.
        withUnsafePointer(to: UInt8(0)) { nothing in
            let start = subject.baseAddress ?? nothing
            var outcome = PCRE2_ERROR_JIT_STACKLIMIT
            if hasMachineCode && !whole {
                outcome = pcre2_jit_match_8(
                    code, start, subject.count, offset, PCRE2_NO_UTF_CHECK, scratch.data, scratch.context)
            }
            if outcome == PCRE2_ERROR_JIT_STACKLIMIT {
                let ends = whole ? PCRE2_ANCHORED | PCRE2_ENDANCHORED : 0
                let options = ends | PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT
                outcome = pcre2_match_8(code, start, subject.count, offset, options, scratch.data, scratch.context)
            }
            if outcome == PCRE2_ERROR_NOMATCH { return .none }
            guard outcome >= 0, let ends = pcre2_get_ovector_pointer_8(scratch.data) else { return .tooManyWays }
            return .found(start: ends[0], end: ends[1])
        }
    }
}

/// What a thread needs to match: where results go, the stack of the machine code, and a bound on backtracking.
package final class PatternScratch {
    fileprivate let data: OpaquePointer?
    fileprivate let context: OpaquePointer?
    private let stack: OpaquePointer?

    /// Room for a match, with a stack that grows to 8 MiB.
    ///
    /// - Parameter mostWays: how often matching may go back and try another way.
    package init(mostWays: UInt32) {
        data = pcre2_match_data_create_8(1, nil)
        context = pcre2_match_context_create_8(nil)
        stack = pcre2_jit_stack_create_8(32 << 10, 8 << 20, nil)
        if let stack { pcre2_jit_stack_assign_8(context, nil, UnsafeMutableRawPointer(stack)) }
        pcre2_set_match_limit_8(context, mostWays)
        pcre2_set_heap_limit_8(context, 256 << 10)
    }

    deinit {
        pcre2_match_data_free_8(data)
        pcre2_match_context_free_8(context)
        if let stack { pcre2_jit_stack_free_8(stack) }
    }
}
