import Diagnostics

extension Lexer {
    /// Reads one number, name, string or operator; `open` holds the brackets still to be closed.
    mutating func readWord(_ open: inout [Token.Symbol]) throws {
        if let end = floatEnd() {
            add(.float, digits(position..<end), to: end)
        } else if let end = integerEnd() {
            add(.integer, digits(position..<end), to: end)
        } else if let end = try nameEnd() {
            add(.name, String(decoding: bytes[position..<end], as: UTF8.self), to: end)
        } else if let end = stringEnd() {
            add(.string, try stringValue(position + 1..<end - 1), to: end)
        } else if let symbol = symbol() {
            try balance(symbol, &open)
            add(.symbol(symbol), symbol.rawValue, to: position + symbol.rawValue.utf8.count)
        } else {
            let scalar = decodeScalar(bytes, position).scalar
            throw source.problem("unexpected char \(pythonRepr(String(scalar)))", at: position)
        }
    }

    private mutating func add(_ kind: Token.Kind, _ text: String, to end: Int) {
        tokens.append(Token(kind: kind, text: text, offset: position))
        position = end
    }

    private func digits(_ range: Range<Int>) -> String {
        String(decoding: bytes[range].filter { $0 != UInt8(ascii: "_") }, as: UTF8.self)
    }

    private func isDigit(_ index: Int) -> Bool { byte(at: index).map { $0 >= 0x30 && $0 <= 0x39 } ?? false }

    /// The end of digits that single underscores may separate; `start` itself when there are none.
    private func digitsEnd(_ start: Int, where isDigit: (Int) -> Bool) -> Int {
        var at = start
        while isDigit(at) || (at > start && byte(at: at) == UInt8(ascii: "_") && isDigit(at + 1)) { at += 1 }
        return at
    }

    private func floatEnd() -> Int? {
        guard position == 0 || bytes[position - 1] != UInt8(ascii: ".") else { return nil }
        var end = digitsEnd(position, where: isDigit)
        guard end > position else { return nil }
        var isFloat = false
        if byte(at: end) == UInt8(ascii: "."), isDigit(end + 1) {
            end = digitsEnd(end + 1, where: isDigit)
            isFloat = true
        }
        if let e = byte(at: end), e | 0x20 == UInt8(ascii: "e") {
            let start = byte(at: end + 1).map(Self.isSign) == true ? end + 2 : end + 1
            if isDigit(start) {
                end = digitsEnd(start, where: isDigit)
                isFloat = true
            }
        }
        return isFloat ? end : nil
    }

    private func integerEnd() -> Int? {
        guard isDigit(position) else { return nil }
        if bytes[position] == UInt8(ascii: "0") {
            let radix: UInt8? = byte(at: position + 1).map { $0 | 0x20 }
            let isRadixDigit: ((UInt8) -> Bool)? =
                switch radix {
                case UInt8(ascii: "b"): { $0 == 0x30 || $0 == 0x31 }
                case UInt8(ascii: "o"): { $0 >= 0x30 && $0 <= 0x37 }
                case UInt8(ascii: "x"): { ($0 >= 0x30 && $0 <= 0x39) || ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x66) }
                default: nil
                }
            if let isRadixDigit {
                let isGood = { (at: Int) in byte(at: at).map(isRadixDigit) ?? false }
                let start = position + (byte(at: position + 2) == UInt8(ascii: "_") ? 3 : 2)
                let end = digitsEnd(start, where: isGood)
                if end > start { return end }
            }
            return digitsEnd(position) { byte(at: $0) == UInt8(ascii: "0") }
        }
        return digitsEnd(position, where: isDigit)
    }

    private func nameEnd() throws -> Int? {
        var at = position
        while at < bytes.count {
            let (scalar, length) = decodeScalar(bytes, at)
            let isWord =
                scalar.isASCII
                ? scalar == "_" || isDigit(at) || (scalar.value | 0x20 >= 0x61 && scalar.value | 0x20 <= 0x7a)
                : scalar.properties.isXIDContinue
            guard isWord else { break }
            at += length
        }
        guard at > position else { return nil }
        let first = decodeScalar(bytes, position).scalar
        guard first == "_" || first.properties.isXIDStart else {
            throw source.problem("Invalid character in identifier", at: position)
        }
        return at
    }

    private func stringEnd() -> Int? {
        guard let quote = byte(at: position), quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
            return nil
        }
        var at = position + 1
        while at < bytes.count {
            if bytes[at] == quote { return at + 1 }
            at += bytes[at] == UInt8(ascii: "\\") ? 2 : 1
        }
        return nil
    }

    private func symbol() -> Token.Symbol? {
        for length in [2, 1] where position + length <= bytes.count {
            let text = String(decoding: bytes[position..<position + length], as: UTF8.self)
            if let symbol = Token.Symbol(rawValue: text) { return symbol }
        }
        return nil
    }

    private func balance(_ symbol: Token.Symbol, _ open: inout [Token.Symbol]) throws {
        switch symbol {
        case .leftBrace: open.append(.rightBrace)
        case .leftParen: open.append(.rightParen)
        case .leftBracket: open.append(.rightBracket)
        case .rightBrace, .rightParen, .rightBracket:
            guard let expected = open.popLast() else {
                throw source.problem("unexpected '\(symbol.rawValue)'", at: position)
            }
            if expected != symbol {
                throw source.problem("unexpected '\(symbol.rawValue)', expected '\(expected.rawValue)'", at: position)
            }
        default: break
        }
    }

    /// What a string literal stands for: Python's escapes, as Jinja applies them.
    private func stringValue(_ range: Range<Int>) throws -> String {
        guard bytes[range].contains(UInt8(ascii: "\\")) else { return String(decoding: bytes[range], as: UTF8.self) }
        var out = String.UnicodeScalarView()
        var at = range.lowerBound
        while at < range.upperBound {
            let (scalar, length) = decodeScalar(bytes, at)
            at += length
            guard scalar == "\\", at < range.upperBound else {
                out.append(scalar)
                continue
            }
            let (escaped, escapedLength) = decodeScalar(bytes, at)
            let start = at
            at += escapedLength
            switch escaped {
            case "\n": break
            case "\\", "'", "\"": out.append(escaped)
            case "n": out.append("\n")
            case "t": out.append("\t")
            case "r": out.append("\r")
            case "a": out.append("\u{7}")
            case "b": out.append("\u{8}")
            case "f": out.append("\u{c}")
            case "v": out.append("\u{b}")
            case "0"..."7":
                var value = escaped.value - 0x30
                while at < range.upperBound, at < start + 3, bytes[at] >= 0x30, bytes[at] <= 0x37 {
                    value = value * 8 + UInt32(bytes[at]) - 0x30
                    at += 1
                }
                out.append(try codePoint(value, at: start))
            case "x", "u", "U":
                let count = escaped == "x" ? 2 : escaped == "u" ? 4 : 8
                let hex = String(decoding: bytes[at..<min(at + count, range.upperBound)], as: UTF8.self)
                guard hex.utf8.count == count, hex.utf8.allSatisfy({ $0 != 0x2b && $0 != 0x2d }),
                    let value = UInt32(hex, radix: 16)
                else {
                    throw source.problem("truncated \\\(escaped) escape in a string", at: start - 1)
                }
                at += count
                out.append(try codePoint(value, at: start))
            case "N": throw source.problem("\\N{…} escapes are not supported", at: start - 1)
            case _ where !escaped.isASCII:
                // Jinja writes such a character as an escape of its own first, so its backslash is what gets escaped.
                let hex = String(escaped.value, radix: 16)
                let (letter, width) = escaped.value <= 0xff ? ("x", 2) : escaped.value <= 0xffff ? ("u", 4) : ("U", 8)
                let escape = "\\" + letter + String(repeating: "0", count: width - hex.utf8.count) + hex
                out.append(contentsOf: escape.unicodeScalars)
            default:
                out.append("\\")
                out.append(escaped)
            }
        }
        return String(out)
    }

    private func codePoint(_ value: UInt32, at offset: Int) throws -> Unicode.Scalar {
        guard let scalar = Unicode.Scalar(value) else {
            throw source.problem("\\u escape is half of a surrogate pair or no code point", at: offset - 1)
        }
        return scalar
    }
}
