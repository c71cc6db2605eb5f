import Foundation

/// Horizontal bars in groups, with intervals where they are known: several models in several categories.
public struct BarPlot: Plot {
    /// One bar.
    public struct Bar: Sendable {
        /// Its length.
        public var value: Double
        /// What holds the truth.
        public var interval: ClosedRange<Double>?
        /// What stands behind it.
        public var text: String

        /// A bar.
        public init(_ value: Double, interval: ClosedRange<Double>? = nil, text: String = "") {
            self.value = value
            self.interval = interval
            self.text = text
        }
    }

    /// Bars that belong together.
    public struct Group: Sendable {
        /// What stands before them.
        public var label: String
        /// A bar a series; nil where there is none.
        public var bars: [Bar?]

        /// A group.
        public init(_ label: String, _ bars: [Bar?]) {
            self.label = label
            self.bars = bars
        }
    }

    /// What it shows.
    public let title: String
    /// What there is to be seen.
    public let description: String
    private let xName: String
    private let series: [String]
    private let groups: [Group]

    /// A plot; every group has a bar (or nil) for each of the series.
    public init(title: String, description: String, x: String, series: [String], groups: [Group]) {
        precondition(
            groups.allSatisfy { $0.bars.count == series.count },
            "BarPlot: \(series.count) series, other numbers of bars")
        self.title = title
        self.description = description
        xName = x
        self.series = series
        self.groups = groups
    }

    /// Draws it.
    public func svg(id: String, standalone: Bool = false) -> String {
        let bars = groups.flatMap(\.bars).compactMap { $0 }
        let ends = bars.flatMap { [$0.value] + ($0.interval.map { [$0.lowerBound, $0.upperBound] } ?? []) }
        let x = Axis(ends, ticks: 6, including: 0)
        let legend = Legend(names: series)
        let labels = min(290, groups.map { Layout.width(of: $0.label) }.max() ?? 0)
        let texts = bars.map { Layout.width(of: $0.text) }.max() ?? 0
        let thick = 16.0
        let group = thick * Double(series.count) + 12
        let top = legend.height + 4
        let frame = Frame(
            left: labels + 18, right: Layout.width - texts - 24, top: top,
            bottom: top + 4 + group * Double(groups.count))
        var svg = SVG(width: Layout.width, height: frame.bottom + 46)
        legend.draw(&svg)
        frame.drawHorizontal(&svg, x, xName, grid: true)
        for (number, one) in groups.enumerated() {
            let start = frame.top + 4 + group * Double(number)
            svg.add(
                "text",
                [
                    "x": .init(frame.left - Layout.gap), "y": .init(start + (group - 12) / 2 + 4.5),
                    "text-anchor": "end",
                ], text: Layout.shortened(one.label, to: 290))
            for (place, bar) in one.bars.enumerated() {
                guard let bar else { continue }
                draw(bar, colour: place % PlotStyle.colours, at: start + thick * Double(place), x, frame, &svg)
            }
        }
        return svg.document(id: id, title: title, description: description, standalone: standalone)
    }

    private func draw(_ bar: Bar, colour: Int, at y: Double, _ x: Axis, _ frame: Frame, _ svg: inout SVG) {
        func place(_ value: Double) -> Double { x.place(value, from: frame.left, to: frame.right) }
        let (from, to) = (min(place(0), place(bar.value)), max(place(0), place(bar.value)))
        svg.add(
            "rect",
            [
                "class": .init("f\(colour)"), "x": .init(from), "y": .init(y + 1), "width": .init(max(1, to - from)),
                "height": 14.0,
            ])
        if let interval = bar.interval {
            let (a, b) = (
                SVG.Attribute(place(interval.lowerBound)).text, SVG.Attribute(place(interval.upperBound)).text
            )
            let (up, down, middle) = (
                SVG.Attribute(y + 4).text, SVG.Attribute(y + 12).text, SVG.Attribute(y + 8).text
            )
            svg.add(
                "path",
                [
                    "class": "bar-whisker", "d": .init("M\(a) \(up)V\(down)M\(b) \(up)V\(down)M\(a) \(middle)H\(b)"),
                ])
        }
        svg.add("text", ["x": .init(frame.right + 14), "y": .init(y + 12.5)], text: bar.text)
    }
}
