import Plots

/// HTML as text. Everything that enters as text is escaped.
struct HTML {
    /// The markup.
    private(set) var markup: String

    /// Text without markup.
    init(text: String) { markup = Markup.escaped(text) }

    /// Markup as it is, written by this program.
    init(trusted: String) { markup = trusted }

    /// An element around others.
    init(_ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ children: [HTML]) {
        markup = "<" + name
        for (key, value) in attributes { markup += " \(key)=\"\(Markup.escaped(value))\"" }
        markup += ">" + children.map(\.markup).joined() + "</\(name)>"
        if Self.blocks.contains(name) { markup += "\n" }
    }

    /// An element around text.
    init(_ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ text: String) {
        self.init(name, attributes, [HTML(text: text)])
    }

    /// Elements after which a line ends, so that the file can be read.
    private static let blocks: Set = [
        "p", "h1", "h2", "h3", "h4", "section", "table", "tr", "thead", "tbody", "div", "figure", "li", "ul", "header",
        "main",
        "footer", "article", "pre", "dl",
    ]

    /// A table with a caption; the first cell of a row names it. It scrolls on its own where it is too wide.
    static func table(_ caption: String, head: [String], rows: [[HTML]], numbersFrom: Int = 1) -> HTML {
        precondition(
            rows.allSatisfy { $0.count == head.count },
            "HTML.table: \(caption) has \(head.count) columns, a row has not")
        func kind(_ column: Int) -> String { column >= numbersFrom ? "number" : "word" }
        let header = HTML(
            "tr", [:],
            head.enumerated().map { HTML("th", ["scope": "col", "class": kind($0.offset)], $0.element) })
        let body = rows.map { cells in
            HTML(
                "tr", [:],
                cells.enumerated().map { column, cell in
                    column == 0
                        ? HTML("th", ["scope": "row", "class": "word"], [cell])
                        : HTML("td", ["class": kind(column)], [cell])
                })
        }
        let table = HTML(
            "table", [:],
            [HTML("caption", [:], caption), HTML("thead", [:], [header]), HTML("tbody", [:], body)])
        return HTML("div", ["class": "scroll", "role": "region", "aria-label": caption, "tabindex": "0"], [table])
    }

    /// A plot with its words below it.
    static func figure(_ plot: any Plot, id: String) -> HTML {
        HTML(
            "figure", [:],
            [
                HTML("div", ["class": "scroll"], [HTML(trusted: plot.svg(id: id, standalone: false))]),
                HTML(
                    "figcaption", [:],
                    [HTML("strong", [:], plot.title + "."), HTML(text: " " + plot.description)]),
            ])
    }
}
