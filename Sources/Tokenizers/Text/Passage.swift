/// Where in the original text some bytes come from: `start ..< end`, empty for what a stage inserted.
struct Span: Equatable, Sendable {
    var start: UInt32
    var end: UInt32
}

/// A text on its way through the stages: its bytes and where each of them comes from. Valid while `owner`, or the
/// original text when there is none, is alive.
struct Passage {
    /// The text now, valid UTF-8.
    let bytes: UnsafeBufferPointer<UInt8>
    /// For each byte its origin; nil: byte `i` is byte `base + i` of the original text (or nobody asks).
    let spans: UnsafeBufferPointer<Span>?
    /// Where the first byte comes from when there are no spans.
    let base: Int
    /// Keeps rewritten bytes alive.
    let owner: Rewriter?

    /// Where the byte `at` comes from.
    func origin(_ at: Int) -> Span {
        if let spans { return spans[at] }
        return Span(start: UInt32(base + at), end: UInt32(base + at + 1))
    }

    /// Where bytes of this passage come from, as a range of the original text.
    func origin(_ range: Range<Int>) -> Range<Int> {
        guard !bytes.isEmpty else { return base..<base }
        if range.isEmpty {
            let at =
                range.lowerBound < bytes.count
                ? Int(origin(range.lowerBound).start) : Int(origin(bytes.count - 1).end)
            return at..<at
        }
        let start = Int(origin(range.lowerBound).start)
        return start..<max(start, Int(origin(range.upperBound - 1).end))
    }

    /// The bytes, copied.
    func copiedBytes() -> [UInt8] { withExtendedLifetime(owner) { Array(bytes) } }

    /// A part of the passage, with bytes counted from its start.
    func slice(_ range: Range<Int>) -> Passage {
        Passage(
            bytes: UnsafeBufferPointer(rebasing: bytes[range]),
            spans: spans.map { UnsafeBufferPointer(rebasing: $0[range]) }, base: base + range.lowerBound, owner: owner)
    }
}

/// Writes a changed passage from left to right: parts copied, parts replaced, parts inserted.
final class Rewriter {
    private var bytes: UnsafeMutablePointer<UInt8>
    private var spans: UnsafeMutablePointer<Span>?
    private var capacity: Int
    private let source: Passage
    /// Bytes written so far.
    private(set) var count = 0

    /// Begins to rewrite `source`; origins are kept only when `tracking`.
    init(_ source: Passage, tracking: Bool) {
        self.source = source
        capacity = source.bytes.count + source.bytes.count / 4 + 64
        bytes = .allocate(capacity: capacity)
        spans = tracking ? .allocate(capacity: capacity) : nil
    }

    deinit {
        bytes.deallocate()
        spans?.deallocate()
    }

    /// Copies a part of the source as it is.
    func copy(_ range: Range<Int>) {
        guard !range.isEmpty, let from = source.bytes.baseAddress else { return }
        reserve(range.count)
        (bytes + count).update(from: from + range.lowerBound, count: range.count)
        if let spans { for i in range { spans[count + i - range.lowerBound] = source.origin(i) } }
        count += range.count
    }

    /// Writes text that stands for a part of the source; an empty part: text inserted there.
    func write(_ text: some Collection<UInt8>, for range: Range<Int>) {
        let length = text.count
        reserve(length)
        var at = count
        for byte in text {
            bytes[at] = byte
            at += 1
        }
        if let spans {
            let origin = source.origin(range)
            let span = Span(start: UInt32(origin.lowerBound), end: UInt32(origin.upperBound))
            for i in count..<count + length { spans[i] = span }
        }
        count += length
    }

    /// What has been written.
    func passage() -> Passage {
        Passage(
            bytes: UnsafeBufferPointer(start: bytes, count: count),
            spans: spans.map { UnsafeBufferPointer(start: $0, count: count) }, base: source.base, owner: self)
    }

    private func reserve(_ more: Int) {
        guard count + more > capacity else { return }
        capacity = max(2 * capacity, count + more)
        let wider = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        wider.update(from: bytes, count: count)
        bytes.deallocate()
        bytes = wider
        guard let old = spans else { return }
        let widerSpans = UnsafeMutablePointer<Span>.allocate(capacity: capacity)
        widerSpans.update(from: old, count: count)
        old.deallocate()
        spans = widerSpans
    }
}
