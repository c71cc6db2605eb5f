import Diagnostics

/// A template's text as the lexer sees it, and the way from an offset back to line and column.
struct SourceText: Sendable {
    /// The name the template goes by in messages.
    let name: String
    /// UTF-8 with every line break as `\n` and without the last one.
    let bytes: [UInt8]

    init(_ source: String, name: String) {
        self.name = name
        var bytes: [UInt8] = []
        bytes.reserveCapacity(source.utf8.count)
        var afterReturn = false
        for byte in source.utf8 {
            switch byte {
            case 0x0d: bytes.append(0x0a)
            case 0x0a where afterReturn: break
            default: bytes.append(byte)
            }
            afterReturn = byte == 0x0d
        }
        if bytes.last == 0x0a { bytes.removeLast() }
        self.bytes = bytes
    }

    /// Line and column, both from 1, of an offset, and the line's text.
    func place(_ offset: Int) -> (line: Int, column: Int, text: String) {
        let offset = min(max(offset, 0), bytes.count)
        var line = 1
        var start = 0
        for (i, byte) in bytes[..<offset].enumerated() where byte == 0x0a {
            line += 1
            start = i + 1
        }
        let end = bytes[offset...].firstIndex(of: 0x0a) ?? bytes.count
        let column = String(decoding: bytes[start..<offset], as: UTF8.self).unicodeScalars.count + 1
        return (line, column, String(decoding: bytes[start..<end], as: UTF8.self))
    }

    /// A mistake in the template at an offset.
    func problem(_ message: String, at offset: Int) -> Problem {
        let (line, column, text) = place(offset)
        // Published templates are often one line of thousands of characters, which helps nobody.
        let shown = text.unicodeScalars.count <= 200 ? text : nil
        return Problem(message, file: name, line: line, column: column, excerpt: shown)
    }
}
