import Diagnostics

/// Cuts a template into tokens the way Jinja's lexer does, with `trim_blocks` and `lstrip_blocks` on.
struct Lexer {
    let source: SourceText
    var tokens: [Token] = []
    var position = 0
    /// Whether what was read last ended a line: only then may white space before a tag be dropped.
    private var lineStarting = true

    init(_ source: SourceText) { self.source = source }

    var bytes: [UInt8] { source.bytes }

    /// Reads all tokens, or those up to a mistake, which it returns; `end` is always the last.
    mutating func tokenize() -> (any Error)? {
        defer { tokens.append(Token(kind: .end, text: "", offset: position)) }
        do { try readTokens() } catch { return error }
        return nil
    }

    private mutating func readTokens() throws {
        while position < bytes.count {
            guard let tag = nextTag(from: position) else {
                addData(position..<bytes.count)
                position = bytes.count
                break
            }
            if let raw = rawBegin(at: tag) {
                addData(stripped(position..<tag, sign: raw.sign, variable: false))
                position = raw.end
                lineStarting = bytes[raw.end - 1] == 0x0a
                try readRaw()
                continue
            }
            let kind = bytes[tag + 1]
            let sign = byte(at: tag + 2).flatMap { Self.isSign($0) ? $0 : nil }
            addData(stripped(position..<tag, sign: sign, variable: kind == UInt8(ascii: "{")))
            position = tag + (sign == nil ? 2 : 3)
            lineStarting = false
            switch kind {
            case UInt8(ascii: "#"): try readComment(openedAt: tag)
            case UInt8(ascii: "{"): try readCode(openedAt: tag, variable: true)
            default: try readCode(openedAt: tag, variable: false)
            }
        }
    }

    func byte(at index: Int) -> UInt8? { index < bytes.count ? bytes[index] : nil }

    func matches(_ text: StaticString, at index: Int) -> Bool {
        let count = text.utf8CodeUnitCount
        guard index >= 0, index + count <= bytes.count else { return false }
        for i in 0..<count where bytes[index + i] != text.utf8Start[i] { return false }
        return true
    }

    static func isSign(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") }

    /// The first index from `start` on where a tag, print statement or comment opens.
    private func nextTag(from start: Int) -> Int? {
        var at = start
        while at + 1 < bytes.count {
            if bytes[at] == UInt8(ascii: "{"),
                [UInt8(ascii: "{"), UInt8(ascii: "%"), UInt8(ascii: "#")].contains(bytes[at + 1])
            {
                return at
            }
            at += 1
        }
        return nil
    }

    /// The text before a tag without the white space that the tag's sign or `lstrip_blocks` takes away.
    private func stripped(_ range: Range<Int>, sign: UInt8?, variable: Bool) -> Range<Int> {
        if sign == UInt8(ascii: "-") { return range.lowerBound..<trimmedEnd(range) }
        guard sign == nil, !variable else { return range }
        let lineStart = (bytes[range].lastIndex(of: 0x0a) ?? range.lowerBound - 1) + 1
        guard lineStart > range.lowerBound || lineStarting else { return range }
        let blank = trimmedEnd(lineStart..<range.upperBound) == lineStart
        return blank ? range.lowerBound..<lineStart : range
    }

    private func trimmedEnd(_ range: Range<Int>) -> Int {
        let text = String(decoding: bytes[range], as: UTF8.self)
        return range.lowerBound + text.trimmedScalars(leading: false, where: isPythonSpace).utf8.count
    }

    private mutating func addData(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        tokens.append(Token(kind: .data, text: String(decoding: bytes[range], as: UTF8.self), offset: range.lowerBound))
    }

    /// The index after the white space that starts at `start`.
    func skipSpace(from start: Int) -> Int {
        var at = start
        while at < bytes.count {
            let (scalar, length) = decodeScalar(bytes, at)
            guard isPythonSpace(scalar) else { break }
            at += length
        }
        return at
    }

    private mutating func readComment(openedAt tag: Int) throws {
        guard position < bytes.count else { return }
        var close = position
        while close < bytes.count, !matches("#}", at: close) { close += 1 }
        guard close < bytes.count else { throw source.problem("Missing end of comment tag", at: tag) }
        let sign = close > position ? bytes[close - 1] : 0
        position = afterClose(close + 2, sign: sign)
    }

    private mutating func readRaw() throws {
        guard position < bytes.count else { return }
        let start = position
        var at = start
        while at < bytes.count {
            if matches("{%", at: at), let close = rawEnd(at: at) {
                addData(stripped(start..<at, sign: close.sign, variable: false))
                position = close.end
                lineStarting = bytes[close.end - 1] == 0x0a
                return
            }
            at += 1
        }
        throw source.problem("Missing end of raw directive", at: start)
    }

    /// Where a comment, tag or raw section whose closing delimiter ends before `end` really ends.
    private mutating func afterClose(_ end: Int, sign: UInt8) -> Int {
        let after: Int
        switch sign {
        case UInt8(ascii: "-"): after = skipSpace(from: end)
        case UInt8(ascii: "+"): after = end
        default: after = byte(at: end) == 0x0a ? end + 1 : end
        }
        lineStarting = bytes[after - 1] == 0x0a
        return after
    }

    private func rawBegin(at tag: Int) -> (sign: UInt8?, end: Int)? {
        guard let (sign, word) = tagWord("raw", at: tag) else { return nil }
        if matches("%}", at: word) { return (sign, word + 2) }
        return matches("-%}", at: word) ? (sign, skipSpace(from: word + 3)) : nil
    }

    private func rawEnd(at tag: Int) -> (sign: UInt8?, end: Int)? {
        guard let (sign, word) = tagWord("endraw", at: tag) else { return nil }
        if matches("+%}", at: word) { return (sign, word + 3) }
        if matches("-%}", at: word) { return (sign, skipSpace(from: word + 3)) }
        guard matches("%}", at: word) else { return nil }
        return (sign, byte(at: word + 2) == 0x0a ? word + 3 : word + 2)
    }

    /// The sign of a tag that holds `word`, and the index after the word and white space.
    private func tagWord(_ word: StaticString, at tag: Int) -> (sign: UInt8?, end: Int)? {
        guard matches("{%", at: tag) else { return nil }
        let sign = byte(at: tag + 2).flatMap { Self.isSign($0) ? $0 : nil }
        let start = skipSpace(from: tag + (sign == nil ? 2 : 3))
        guard matches(word, at: start) else { return nil }
        return (sign, skipSpace(from: start + word.utf8CodeUnitCount))
    }

    /// Reads the words of a print statement or tag through its closing delimiter.
    private mutating func readCode(openedAt tag: Int, variable: Bool) throws {
        tokens.append(Token(kind: variable ? .variableBegin : .blockBegin, text: "", offset: tag))
        var open: [Token.Symbol] = []
        while position < bytes.count {
            if open.isEmpty, let end = codeEnd(variable: variable) {
                tokens.append(Token(kind: variable ? .variableEnd : .blockEnd, text: "", offset: position))
                position = end
                return
            }
            let spaceEnd = skipSpace(from: position)
            if spaceEnd > position {
                position = spaceEnd
                continue
            }
            try readWord(&open)
        }
    }

    /// The index after the closing delimiter at the current position, if there is one.
    private mutating func codeEnd(variable: Bool) -> Int? {
        if variable {
            if matches("-}}", at: position) { return afterClose(position + 3, sign: UInt8(ascii: "-")) }
            return matches("}}", at: position) ? afterClose(position + 2, sign: UInt8(ascii: "+")) : nil
        }
        if matches("%}", at: position) { return afterClose(position + 2, sign: 0) }
        if matches("-%}", at: position) { return afterClose(position + 3, sign: UInt8(ascii: "-")) }
        return matches("+%}", at: position) ? afterClose(position + 3, sign: UInt8(ascii: "+")) : nil
    }
}
