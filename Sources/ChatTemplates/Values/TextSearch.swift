/// The first index from `start` on where `needle` stands in `text`; an empty needle stands everywhere.
///
/// Compares byte by byte, which is fastest for real text, and turns to Knuth, Morris and Pratt's search when that takes
/// too long, so that no text makes it quadratic.
func find(_ needle: UnsafeBufferPointer<UInt8>, in text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
    guard let first = needle.first else { return start <= text.count ? start : nil }
    var at = start
    var work = 0
    let last = text.count - needle.count
    while at <= last {
        if text[at] == first {
            var i = 1
            while i < needle.count, text[at + i] == needle[i] { i += 1 }
            if i == needle.count { return at }
            work += i
            if work > 4096 + 4 * (at - start) {
                let from = at + 1
                let found = linearFind(needle.count, in: text.count - from, { needle[$0] }, { text[from + $0] })
                return found.map { $0 + from }
            }
        }
        at += 1
    }
    return nil
}

/// The last index up to `end - needle.count` where `needle` stands in `text`.
func findLast(_ needle: UnsafeBufferPointer<UInt8>, in text: UnsafeBufferPointer<UInt8>, before end: Int) -> Int? {
    let size = needle.count
    var at = end - size
    var work = 0
    while at >= 0 {
        var i = 0
        while i < size, text[at + i] == needle[i] { i += 1 }
        if i == size { return at }
        work += i
        if work > 4096 + 4 * (end - at) {
            // The same search on both mirrored.
            let stop = at + size - 1
            let found = linearFind(size, in: stop, { needle[size - 1 - $0] }, { text[stop - 1 - $0] })
            return found.map { stop - $0 - size }
        }
        at -= 1
    }
    return nil
}

/// Knuth, Morris and Pratt's search for a needle of `size` bytes among `count`.
@inline(__always)
private func linearFind(_ size: Int, in count: Int, _ needle: (Int) -> UInt8, _ text: (Int) -> UInt8) -> Int? {
    // fallback[i]: how much of the needle still matches after a mismatch behind its first i + 1 bytes.
    var fallback = [Int](repeating: 0, count: size)
    var matched = 0
    for i in 1..<max(1, size) {
        while matched > 0, needle(i) != needle(matched) { matched = fallback[matched - 1] }
        if needle(i) == needle(matched) { matched += 1 }
        fallback[i] = matched
    }
    matched = 0
    for at in 0..<max(0, count) {
        while matched > 0, text(at) != needle(matched) { matched = fallback[matched - 1] }
        if text(at) == needle(matched) { matched += 1 }
        if matched == size { return at - size + 1 }
    }
    return nil
}
