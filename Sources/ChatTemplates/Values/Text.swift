// Python's view of text: code points, compared and searched as such. Swift's own `==` and `Character` would treat
// canonically equivalent texts as equal, which Python does not.

/// Whether two texts have the same code points.
func sameText(_ a: String, _ b: String) -> Bool {
    guard a.utf8.count == b.utf8.count else { return false }
    return a.withBytes { a in b.withBytes { b in a.elementsEqual(b) } }
}

/// Whether `a` comes before `b` by code points, which is also the order of their UTF-8.
func textPrecedes(_ a: String, _ b: String) -> Bool {
    a.withBytes { a in b.withBytes { b in a.lexicographicallyPrecedes(b) } }
}

/// Whether Python's `str.isspace` and the regular expression `\s` take the code point for white space.
func isPythonSpace(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09...0x0d, 0x1c...0x20, 0x85, 0xa0, 0x1680, 0x2000...0x200a, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000: true
    default: false
    }
}

/// The code point that starts at an index of valid UTF-8, and its length in bytes.
func decodeScalar(_ bytes: some RandomAccessCollection<UInt8>, _ at: Int) -> (scalar: Unicode.Scalar, length: Int) {
    decodeScalar(at: at, count: bytes.count) { bytes[bytes.index(bytes.startIndex, offsetBy: $0)] }
}

private func decodeScalar(at: Int, count: Int, _ byte: (Int) -> UInt8) -> (scalar: Unicode.Scalar, length: Int) {
    let first = UInt32(byte(at))
    guard first >= 0x80 else { return (Unicode.Scalar(UInt8(first)), 1) }
    let length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2
    var value = first & (length == 4 ? 0x07 : length == 3 ? 0x0f : 0x1f)
    for i in 1..<length where at + i < count { value = value << 6 | UInt32(byte(at + i)) & 0x3f }
    return (Unicode.Scalar(value) ?? "\u{fffd}", length)
}

extension String {
    /// Calls `body` with the text's UTF-8.
    @inline(__always)
    func withBytes<R>(_ body: (UnsafeBufferPointer<UInt8>) throws -> R) rethrows -> R {
        if let result = try utf8.withContiguousStorageIfAvailable(body) { return result }
        var copy = self
        return try copy.withUTF8(body)
    }

    /// Text of a piece of valid UTF-8.
    init(piece: Slice<UnsafeBufferPointer<UInt8>>) {
        self.init(decoding: UnsafeBufferPointer(rebasing: piece), as: UTF8.self)
    }

    /// The number of code points: Python's `len`.
    var scalarCount: Int { unicodeScalars.count }

    /// The text without the code points at its ends that satisfy `predicate`.
    func trimmedScalars(
        leading: Bool = true, trailing: Bool = true, where predicate: (Unicode.Scalar) -> Bool
    ) -> String {
        let view = unicodeScalars
        var start = view.startIndex
        var end = view.endIndex
        if leading { while start < end, predicate(view[start]) { start = view.index(after: start) } }
        if trailing {
            while start < end {
                let before = view.index(before: end)
                guard predicate(view[before]) else { break }
                end = before
            }
        }
        if start == view.startIndex, end == view.endIndex { return self }
        return String(view[start..<end])
    }

    /// The code points from `start` up to `stop`, which lie within the text, every `step`th.
    func scalarSlice(_ indices: SliceIndices) -> String {
        guard indices.count > 0 else { return "" }
        let isASCII = scalarCount == utf8.count
        if indices.step == 1 {
            let view = utf8
            if isASCII {
                let start = view.index(view.startIndex, offsetBy: indices.start)
                return String(self[start..<view.index(start, offsetBy: indices.count)])
            }
            let scalars = unicodeScalars
            let start = scalars.index(scalars.startIndex, offsetBy: indices.start)
            return String(scalars[start..<scalars.index(start, offsetBy: indices.count)])
        }
        let scalars = Array(unicodeScalars)
        var out = UnicodeScalarView()
        for i in 0..<indices.count { out.append(scalars[indices.start + i * indices.step]) }
        return String(out)
    }

    /// The code point at an index counted from 0, as text.
    func scalar(at index: Int) -> String {
        let view = unicodeScalars
        return String(view[view.index(view.startIndex, offsetBy: index)])
    }

    /// Whether the text holds `other` as a run of code points.
    func holds(_ other: String) -> Bool {
        withBytes { text in other.withBytes { find($0, in: text, from: 0) != nil } }
    }

    /// The text with `old` replaced by `new` at most `limit` times; a negative limit means always.
    func replacing(_ old: String, by new: String, limit: Int) -> String {
        if limit == 0 { return self }
        if old.isEmpty {
            var out = UnicodeScalarView()
            var left = limit < 0 ? Int.max : limit
            for scalar in unicodeScalars {
                if left > 0 { out.append(contentsOf: new.unicodeScalars) }
                left = max(0, left - 1)
                out.append(scalar)
            }
            if left > 0 { out.append(contentsOf: new.unicodeScalars) }
            return String(out)
        }
        return withBytes { text in
            old.withBytes { old in
                guard var at = find(old, in: text, from: 0) else { return self }
                var out: [UInt8] = []
                out.reserveCapacity(text.count)
                var start = 0
                var left = limit < 0 ? Int.max : limit
                while left > 0 {
                    out.append(contentsOf: text[start..<at])
                    out.append(contentsOf: new.utf8)
                    start = at + old.count
                    left -= 1
                    guard let next = find(old, in: text, from: start) else { break }
                    at = next
                }
                out.append(contentsOf: text[start...])
                return String(decoding: out, as: UTF8.self)
            }
        }
    }

    /// How often a text that is not empty stands in this one, without overlaps.
    func occurrences(of part: String) -> Int {
        withBytes { text in
            part.withBytes { part in
                var count = 0
                var at = 0
                while let found = find(part, in: text, from: at) {
                    count += 1
                    at = found + part.count
                }
                return count
            }
        }
    }

    /// The pieces between occurrences of a separator that is not empty, cut at most `limit` times if that is not
    /// negative.
    func pieces(separatedBy separator: String, limit: Int) -> [String] {
        withBytes { text in
            separator.withBytes { separator in
                var out: [String] = []
                var start = 0
                var left = limit < 0 ? Int.max : limit
                while left > 0, let at = find(separator, in: text, from: start) {
                    out.append(String(piece: text[start..<at]))
                    start = at + separator.count
                    left -= 1
                }
                out.append(String(piece: text[start...]))
                return out
            }
        }
    }
}
