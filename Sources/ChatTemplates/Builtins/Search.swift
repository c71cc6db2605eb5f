extension Renderer {
    /// Python's `find`, `index`, `count`, `startswith`, `endswith` and the ones from the right, with their bounds.
    func search(_ text: String, _ name: String, _ given: [Value?]) throws -> Value {
        let wanted = given[0] ?? .none
        let count = text.scalarCount
        func bound(_ value: Value?, _ fallback: Int) throws -> Int {
            guard let value, !value.isNone else { return fallback }
            guard let index = value.wholeNumber else {
                throw Failure(.type, "slice indices must be integers or None or have an __index__ method")
            }
            return index < 0 ? max(0, index + count) : index
        }
        let start = try bound(given[1], 0)
        let end = min(count, try bound(given[2], count))
        if name == "startswith" || name == "endswith" {
            return .bool(try matchesEnd(text, name, wanted, start, end))
        }
        let sub = try wanted.requiredText("")
        let isASCII = count == text.utf8.count
        guard start <= end else { return try notFound(name) }
        return try text.withBytes { bytes in
            try sub.withBytes { sub in
                let low = isASCII ? start : byteOffset(bytes, start)
                let high = isASCII ? end : byteOffset(bytes, end)
                let window = UnsafeBufferPointer(rebasing: bytes[low..<high])
                let at: Int?
                switch name {
                case "count":
                    if sub.isEmpty { return .integer(end - start + 1) }
                    return .integer(
                        String(decoding: window, as: UTF8.self).occurrences(of: String(decoding: sub, as: UTF8.self)))
                case "rfind", "rindex": at = findLast(sub, in: window, before: window.count)
                default: at = find(sub, in: window, from: 0)
                }
                guard let at else { return try notFound(name) }
                return .integer(start + (isASCII ? at : scalarCount(window[..<at])))
            }
        }
    }

    private func notFound(_ name: String) throws -> Value {
        switch name {
        case "index", "rindex": throw Failure(.value, "substring not found")
        case "count": return .integer(0)
        default: return .integer(-1)
        }
    }

    private func matchesEnd(_ text: String, _ name: String, _ wanted: Value, _ start: Int, _ end: Int) throws -> Bool {
        let affixes: [Value] = if case .tuple(let list) = wanted { list.items } else { [wanted] }
        for affix in affixes {
            guard let affix = affix.text else {
                throw Failure(
                    .type, "\(name) first arg must be str or a tuple of str, not \(wanted.typeName)")
            }
            guard start <= end else { continue }
            let window: String
            if start == 0, end >= text.utf8.count {
                window = text
            } else {
                window = text.scalarSlice(try SliceIndices(start: start, stop: end, step: 1, length: text.scalarCount))
            }
            let (bytes, part) = (window.utf8, affix.utf8)
            guard bytes.count >= part.count else { continue }
            let matches =
                name == "startswith" ? bytes.starts(with: part) : bytes.suffix(part.count).elementsEqual(part)
            if matches { return true }
        }
        return false
    }
}

/// Where the code point of an index begins; the end for one beyond.
private func byteOffset(_ bytes: UnsafeBufferPointer<UInt8>, _ index: Int) -> Int {
    var left = index
    for (at, byte) in bytes.enumerated() where byte & 0xc0 != 0x80 {
        if left == 0 { return at }
        left -= 1
    }
    return bytes.count
}

private func scalarCount(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Int { bytes.count { $0 & 0xc0 != 0x80 } }

/// Python's `rsplit` at a separator that is not empty.
func piecesFromEnd(_ text: String, _ separator: String, _ limit: Int) -> [String] {
    text.withBytes { text in
        separator.withBytes { separator in
            var pieces: [String] = []
            var end = text.count
            var left = limit < 0 ? Int.max : limit
            while left > 0, let at = findLast(separator, in: text, before: end) {
                pieces.append(String(piece: text[(at + separator.count)..<end]))
                end = at
                left -= 1
            }
            pieces.append(String(piece: text[..<end]))
            return pieces.reversed()
        }
    }
}

/// Python's `split` at white space.
func splitOnSpace(_ text: String, limit: Int) -> [String] {
    var pieces: [String] = []
    let scalars = text.unicodeScalars
    var at = scalars.startIndex
    var left = limit < 0 ? Int.max : limit
    while true {
        while at < scalars.endIndex, isPythonSpace(scalars[at]) { at = scalars.index(after: at) }
        guard at < scalars.endIndex else { return pieces }
        if left == 0 {
            pieces.append(String(scalars[at...]))
            return pieces
        }
        let start = at
        while at < scalars.endIndex, !isPythonSpace(scalars[at]) { at = scalars.index(after: at) }
        pieces.append(String(scalars[start..<at]))
        left -= 1
    }
}

/// Python's `rsplit` at white space.
func splitOnSpaceFromEnd(_ text: String, limit: Int) -> [String] {
    var pieces: [String] = []
    let scalars = text.unicodeScalars
    var end = scalars.endIndex
    var left = limit < 0 ? Int.max : limit
    while true {
        while end > scalars.startIndex, isPythonSpace(scalars[scalars.index(before: end)]) {
            end = scalars.index(before: end)
        }
        guard end > scalars.startIndex else { return pieces.reversed() }
        if left == 0 {
            pieces.append(String(scalars[..<end]))
            return pieces.reversed()
        }
        let stop = end
        while end > scalars.startIndex, !isPythonSpace(scalars[scalars.index(before: end)]) {
            end = scalars.index(before: end)
        }
        pieces.append(String(scalars[end..<stop]))
        left -= 1
    }
}

/// Python's `splitlines`.
func splitLines(_ text: String, keepEnds: Bool) -> [String] {
    var lines: [String] = []
    let scalars = text.unicodeScalars
    var start = scalars.startIndex
    var at = start
    while at < scalars.endIndex {
        let scalar = scalars[at]
        let next = scalars.index(after: at)
        guard isLineBreak(scalar) else {
            at = next
            continue
        }
        var after = next
        if scalar == "\r", after < scalars.endIndex, scalars[after] == "\n" { after = scalars.index(after: after) }
        lines.append(String(scalars[start..<(keepEnds ? after : at)]))
        start = after
        at = after
    }
    if start < scalars.endIndex { lines.append(String(scalars[start...])) }
    return lines
}

private func isLineBreak(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x0a...0x0d, 0x1c...0x1e, 0x85, 0x2028, 0x2029: true
    default: false
    }
}
