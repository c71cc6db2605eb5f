import Foundation

extension Renderer {
    /// The moment in local time by a format of C's `strftime`, as Python's `datetime.now().strftime` gives it.
    func formatted(_ moment: Date, _ format: String) throws -> String {
        try checkSize(format.utf8.count.multipliedClamped(by: 8))
        let seconds = moment.timeIntervalSince1970
        guard seconds.magnitude < 1e12 else { throw Failure(.value, "year is out of range") }
        let whole = seconds.rounded(.down)
        var time = time_t(whole)
        var fields = tm()
        guard localtime_r(&time, &fields) != nil else { throw Failure(.value, "year is out of range") }
        let microseconds = min(999_999, Int(((seconds - whole) * 1e6).rounded()))
        var out = ""
        var scalars = format.unicodeScalars.makeIterator()
        while let scalar = scalars.next() {
            guard scalar == "%" else {
                out.unicodeScalars.append(scalar)
                continue
            }
            guard var code = scalars.next() else {
                out += "%"
                break
            }
            var directive = "%"
            // Flags, widths and the E and O of other calendars and digits are glibc's, to which Python passes them on.
            while "-_^#0123456789EO".unicodeScalars.contains(code), let next = scalars.next() {
                directive.unicodeScalars.append(code)
                code = next
            }
            switch code {
            case "f":
                let digits = String(microseconds)
                out += String(repeating: "0", count: 6 - digits.utf8.count) + digits
            // A moment without a time zone, which is what Python takes, has none to show.
            case "z", "Z", ":": out += ""
            case "%": out += "%"
            default:
                directive.unicodeScalars.append(code)
                out += text(directive, &fields)
            }
        }
        return out
    }

    private func text(_ directive: String, _ fields: inout tm) -> String {
        // A space in front tells an empty result from one that did not fit.
        var buffer = [CChar](repeating: 0, count: 256)
        let written = strftime(&buffer, buffer.count, " " + directive, &fields)
        guard written > 0 else { return "" }
        return String(decoding: buffer[1..<written].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
