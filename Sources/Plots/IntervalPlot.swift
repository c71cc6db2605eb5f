import Foundation

/// Values with their intervals, one below the other, against a line at zero: what differs, and how surely.
public struct IntervalPlot: Plot {
    /// One line of the plot.
    public struct Entry: Sendable {
        /// What stands before it.
        public var label: String
        /// The value.
        public var value: Double
        /// What holds the truth.
        public var interval: ClosedRange<Double>
        /// What stands behind it.
        public var text: String
        /// The number of its colour.
        public var colour: Int

        /// A line.
        public init(
            _ label: String, _ value: Double, _ interval: ClosedRange<Double>, text: String = "", colour: Int = 1
        ) {
            self.label = label
            self.value = value
            self.interval = interval
            self.text = text
            self.colour = colour
        }
    }

    /// What it shows.
    public let title: String
    /// What there is to be seen.
    public let description: String
    private let xName: String
    private let entries: [Entry]

    /// A plot.
    public init(title: String, description: String, x: String, entries: [Entry]) {
        self.title = title
        self.description = description
        xName = x
        self.entries = entries
    }

    /// Draws it.
    public func svg(id: String, standalone: Bool = false) -> String {
        let ends = entries.flatMap { [$0.value, $0.interval.lowerBound, $0.interval.upperBound] }
        let x = Axis(ends, ticks: 6, including: 0)
        let labels = min(290, entries.map { Layout.width(of: $0.label) }.max() ?? 0)
        let texts = min(170, entries.map { Layout.width(of: $0.text) }.max() ?? 0)
        let line = 28.0
        let frame = Frame(
            left: labels + 18, right: Layout.width - texts - 24, top: 6, bottom: 10 + line * Double(entries.count))
        var svg = SVG(width: Layout.width, height: frame.bottom + 46)
        frame.drawHorizontal(&svg, x, xName, grid: true)
        let zero = SVG.Attribute(x.place(0, from: frame.left, to: frame.right))
        svg.add(
            "line", ["class": "zero", "x1": zero, "x2": zero, "y1": .init(frame.top), "y2": .init(frame.bottom)])
        for (number, entry) in entries.enumerated() {
            let y = frame.top + line * (Double(number) + 0.5)
            let colour = entry.colour % PlotStyle.colours
            func place(_ value: Double) -> Double { x.place(value, from: frame.left, to: frame.right) }
            let (low, high) = (place(entry.interval.lowerBound), place(entry.interval.upperBound))
            svg.add(
                "text", ["x": .init(frame.left - Layout.gap), "y": .init(y + 4.5), "text-anchor": "end"],
                text: Layout.shortened(entry.label, to: 290))
            let (a, b) = (SVG.Attribute(low).text, SVG.Attribute(high).text)
            let (up, down, middle) = (
                SVG.Attribute(y - 5).text, SVG.Attribute(y + 5).text, SVG.Attribute(y).text
            )
            svg.add(
                "path",
                [
                    "class": .init("whisker s\(colour)"),
                    "d": .init("M\(a) \(up)V\(down)M\(b) \(up)V\(down)M\(a) \(middle)H\(b)"),
                ])
            svg.add(
                "circle",
                ["class": .init("f\(colour)"), "cx": .init(place(entry.value)), "cy": .init(y), "r": 5.0])
            svg.add(
                "text", ["x": .init(frame.right + 14), "y": .init(y + 4.5)],
                text: Layout.shortened(entry.text, to: 170))
        }
        return svg.document(id: id, title: title, description: description, standalone: standalone)
    }
}
