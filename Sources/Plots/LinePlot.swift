import Foundation

/// Lines over numbers: losses over steps, speed over threads.
public struct LinePlot: Plot {
    /// One line.
    public struct Series: Sendable {
        /// Its name in the legend.
        public var name: String
        /// x and y in the order of drawing; where y is no number the line is interrupted.
        public var points: [(x: Double, y: Double)]
        /// Whether the points are marked: for few of them.
        public var marked: Bool

        /// A line.
        public init(_ name: String, _ points: [(x: Double, y: Double)], marked: Bool = false) {
            self.name = name
            self.points = points
            self.marked = marked
        }
    }

    /// What it shows.
    public let title: String
    /// What there is to be seen.
    public let description: String
    private let xName: String
    private let yName: String
    private let series: [Series]
    private let includesZero: Bool
    private let isLogarithmic: Bool

    /// A plot.
    ///
    /// - Parameters:
    ///   - includesZero: whether the vertical axis begins at 0, as it should where ratios matter.
    ///   - isLogarithmic: whether equal ratios are equal distances on the horizontal axis; points whose x is not
    ///     positive are left out.
    public init(
        title: String, description: String, x: String, y: String, series: [Series], includesZero: Bool = false,
        isLogarithmic: Bool = false
    ) {
        self.title = title
        self.description = description
        xName = x
        yName = y
        self.series = series
        self.includesZero = includesZero
        self.isLogarithmic = isLogarithmic
    }

    private func isShown(_ point: (x: Double, y: Double)) -> Bool {
        Axis.holds(point.y) && (isLogarithmic ? Axis.holdsLogarithm(point.x) : Axis.holds(point.x))
    }

    /// Draws it.
    public func svg(id: String, standalone: Bool = false) -> String {
        let points = series.flatMap(\.points).filter(isShown)
        let places = points.map(\.x)
        let x = isLogarithmic ? Axis(logarithmic: places) : Axis(places, ticks: 7, widened: false)
        let y = Axis(points.map(\.y), ticks: 5, including: includesZero ? 0 : nil)
        let legend = Legend(names: series.map(\.name), lines: true)
        let frame = Frame(below: legend, y: y, height: 220)
        var svg = SVG(width: Layout.width, height: frame.bottom + 46)
        legend.draw(&svg)
        frame.draw(&svg, x: x, xName: xName, y: y, yName: yName)
        for (number, one) in series.enumerated() {
            let colour = number % PlotStyle.colours
            var path = ""
            var isDown = false
            for point in one.points {
                guard isShown(point) else {
                    isDown = false
                    continue
                }
                let place = (
                    SVG.Attribute(x.place(point.x, from: frame.left, to: frame.right)),
                    SVG.Attribute(y.place(point.y, from: frame.bottom, to: frame.top))
                )
                path += (isDown ? "L" : "M") + place.0.text + " " + place.1.text
                isDown = true
                if one.marked {
                    svg.add(
                        "circle", ["class": .init("f\(colour)"), "cx": place.0, "cy": place.1, "r": 3.5])
                }
            }
            if !path.isEmpty { svg.add("path", ["class": .init("line s\(colour)"), "d": .init(path)]) }
        }
        return svg.document(id: id, title: title, description: description, standalone: standalone)
    }
}
