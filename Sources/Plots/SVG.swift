import Foundation

/// An SVG drawing as text, written element by element.
struct SVG {
    private var body = ""
    let width: Double
    let height: Double

    /// An empty drawing of a size in pixels.
    init(width: Double, height: Double) {
        self.width = width
        self.height = height
    }

    /// Adds an element; numbers are in pixels.
    mutating func add(_ name: String, _ attributes: KeyValuePairs<String, Attribute>, text: String? = nil) {
        body += "<" + name
        for (key, value) in attributes { body += " \(key)=\"\(value.text)\"" }
        body += text.map { ">\(Markup.escaped($0))</\(name)>\n" } ?? "/>\n"
    }

    /// The drawing with a title and a description that screen readers tell, under ids that begin with `id`.
    ///
    /// - Parameter standalone: whether it is a file of its own, which needs the style with it.
    func document(id: String, title: String, description: String, standalone: Bool) -> String {
        let size = "viewBox=\"0 0 \(Attribute(width).text) \(Attribute(height).text)\""
        var text = "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\" \(size) role=\"img\""
        if standalone { text += " width=\"\(Attribute(width).text)\" height=\"\(Attribute(height).text)\"" }
        text += " aria-labelledby=\"\(id)-title \(id)-text\">\n"
        text += "<title id=\"\(id)-title\">\(Markup.escaped(title))</title>\n"
        text += "<desc id=\"\(id)-text\">\(Markup.escaped(description))</desc>\n"
        if standalone { text += "<style>\(PlotStyle.standalone)</style>\n" }
        return text + body + "</svg>\n"
    }

    /// An attribute's value, escaped; numbers with at most one decimal.
    struct Attribute: ExpressibleByStringLiteral, ExpressibleByFloatLiteral {
        let text: String

        init(_ number: Double) {
            let rounded = (number * 10).rounded() / 10
            text = rounded == rounded.rounded() ? String(format: "%.0f", rounded) : String(format: "%.1f", rounded)
        }

        init(_ string: String) { text = Markup.escaped(string) }
        init(stringLiteral value: String) { self.init(value) }
        init(floatLiteral value: Double) { self.init(value) }
    }
}

/// Text inside HTML and SVG.
public enum Markup {
    /// Text in which nothing is markup any more, fit for elements and quoted attributes alike. Control characters that
    /// XML does not allow become `�`.
    public static func escaped(_ text: String) -> String {
        var result = ""
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case "\t", "\n", "\r": result.unicodeScalars.append(scalar)
            default:
                let isForbidden =
                    scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value & 0xFFFE == 0xFFFE
                result.unicodeScalars.append(isForbidden ? "\u{FFFD}" : scalar)
            }
        }
        return result
    }
}
