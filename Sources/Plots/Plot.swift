import Foundation

/// Something that can be drawn as an SVG, with a title and a description for people who do not see it.
public protocol Plot: Sendable {
    /// What it shows, in few words.
    var title: String { get }
    /// What there is to be seen, in a sentence or two.
    var description: String { get }
    /// Draws it.
    ///
    /// - Parameters:
    ///   - id: begins the ids in it; unique in a page.
    ///   - standalone: whether it is a file of its own; inside a page ``PlotStyle`` is the page's.
    func svg(id: String, standalone: Bool) -> String
}

/// Sizes that all plots share, in pixels.
enum Layout {
    static let width = 720.0
    static let fontSize = 13.0
    /// Between the frame and what is outside it.
    static let gap = 8.0

    /// About how wide a text is; letters of the fonts in use are half as wide as high, and a bit.
    static func width(of text: String) -> Double { Double(text.count) * fontSize * 0.56 }

    /// A text of at most `most` pixels; what does not fit is `…` in its middle, for paths differ at their ends.
    static func shortened(_ text: String, to most: Double) -> String {
        if width(of: text) <= most { return text }
        let kept = max(2, Int(most / (fontSize * 0.56)) - 1)
        return text.prefix(kept - kept / 2) + "…" + text.suffix(kept / 2)
    }
}

/// What stands beside a colour, drawn above a plot.
struct Legend {
    private let names: [String]
    /// Whether the colours are of lines or areas.
    private let lines: Bool

    init(names: [String], lines: Bool = false) {
        self.names = names.map { Layout.shortened($0, to: Layout.width - 44) }
        self.lines = lines
    }

    /// Pixels it takes from the top; none for one name.
    var height: Double { names.count > 1 ? Double(rows.count) * 20 + 6 : 4 }

    /// Which names stand in which line.
    private var rows: [[Int]] {
        var rows: [[Int]] = [[]]
        var used = 0.0
        for (number, name) in names.enumerated() {
            let width = 44 + Layout.width(of: name)
            if used + width > Layout.width && used > 0 {
                rows.append([])
                used = 0
            }
            rows[rows.count - 1].append(number)
            used += width
        }
        return rows
    }

    /// From the drawing's left end, so that a line of names fits.
    func draw(_ svg: inout SVG) {
        if names.count < 2 { return }
        for (row, members) in rows.enumerated() {
            var x = 0.0
            let y = 14 + Double(row) * 20
            for number in members {
                let colour = number % PlotStyle.colours
                if lines {
                    svg.add(
                        "path",
                        ["class": .init("line s\(colour)"), "d": .init("M\(Int(x)) \(Int(y) - 4)h24")])
                } else {
                    svg.add(
                        "rect",
                        [
                            "class": .init("f\(colour)"), "x": .init(x + 6), "y": .init(y - 10), "width": 12.0,
                            "height": 12.0,
                        ])
                }
                svg.add("text", ["x": .init(x + 30), "y": .init(y)], text: names[number])
                x += 44 + Layout.width(of: names[number])
            }
        }
    }
}

/// The area of a plot between two axes.
struct Frame {
    let left: Double
    let right: Double
    let top: Double
    let bottom: Double

    /// Draws horizontal lines at the ticks of y with their numbers, the ticks of x, and both axes' names.
    func draw(_ svg: inout SVG, x: Axis, xName: String, y: Axis, yName: String) {
        for tick in y.ticks {
            let at = y.place(tick, from: bottom, to: top)
            svg.add(
                "line", ["class": "grid", "x1": .init(left), "x2": .init(right), "y1": .init(at), "y2": .init(at)])
            svg.add(
                "text", ["x": .init(left - Layout.gap), "y": .init(at + 4.5), "text-anchor": "end"],
                text: y.label(tick))
        }
        svg.add("text", ["x": .init(left), "y": .init(top - 8)], text: yName)
        drawHorizontal(&svg, x, xName, grid: false)
    }

    /// Draws the axis below, with lines up from its ticks when `grid`.
    func drawHorizontal(_ svg: inout SVG, _ x: Axis, _ name: String, grid: Bool) {
        for tick in x.ticks {
            let at = x.place(tick, from: left, to: right)
            svg.add(
                "line",
                [
                    "class": .init(grid ? "grid" : "axis"), "x1": .init(at), "x2": .init(at),
                    "y1": .init(grid ? top : bottom), "y2": .init(bottom + 4),
                ])
            svg.add("text", ["x": .init(at), "y": .init(bottom + 18), "text-anchor": "middle"], text: x.label(tick))
        }
        svg.add(
            "line",
            ["class": "axis", "x1": .init(left), "x2": .init(right), "y1": .init(bottom), "y2": .init(bottom)])
        svg.add(
            "text", ["x": .init((left + right) / 2), "y": .init(bottom + 38), "text-anchor": "middle"], text: name)
    }
}

extension Frame {
    /// Below a legend, with room for y's numbers at the left and half of x's last one at the right.
    init(below legend: Legend, y: Axis, height: Double) {
        let left = (y.ticks.map { Layout.width(of: y.label($0)) }.max() ?? 0) + 14
        let top = legend.height + 26
        self.init(left: left, right: Layout.width - 26, top: top, bottom: top + height)
    }
}
