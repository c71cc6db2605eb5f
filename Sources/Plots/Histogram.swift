import Foundation

/// How often values of several series occur: lengths of answers, differences of rows.
public struct Histogram: Plot {
    /// What it shows.
    public let title: String
    /// What there is to be seen.
    public let description: String
    private let xName: String
    private let yName: String
    private let series: [(name: String, values: [Double])]
    private let bins: Int

    /// A plot.
    ///
    /// - Parameter bins: about how many classes the values fall into.
    public init(
        title: String, description: String, x: String, y: String = "rows",
        series: [(name: String, values: [Double])], bins: Int = 24
    ) {
        precondition(bins > 0, "Histogram: \(bins) bins")
        self.title = title
        self.description = description
        xName = x
        yName = y
        self.series = series
        self.bins = bins
    }

    /// Draws it: the first series as an area, the others as outlines over it.
    public func svg(id: String, standalone: Bool = false) -> String {
        let all = series.flatMap(\.values).filter(Axis.holds)
        let (x, width, classes) = self.classes(all)
        let counts = series.map { one in
            var counts = [Int](repeating: 0, count: classes)
            for value in one.values where Axis.holds(value) {
                counts[min(classes - 1, max(0, Int((value - x.low) / width)))] += 1
            }
            return counts
        }
        let y = Axis(counts.flatMap { $0.map(Double.init) }, ticks: 4, including: 0)
        let legend = Legend(names: series.map(\.name))
        let frame = Frame(below: legend, y: y, height: 160)
        var svg = SVG(width: Layout.width, height: frame.bottom + 46)
        legend.draw(&svg)
        frame.draw(&svg, x: x, xName: xName, y: y, yName: yName)
        for (number, counts) in counts.enumerated() {
            var path = "M" + SVG.Attribute(frame.left).text + " " + SVG.Attribute(frame.bottom).text
            for (place, count) in counts.enumerated() {
                let high = SVG.Attribute(y.place(Double(count), from: frame.bottom, to: frame.top)).text
                let right = x.place(x.low + Double(place + 1) * width, from: frame.left, to: frame.right)
                path += "V\(high)H\(SVG.Attribute(right).text)"
            }
            path += "V\(SVG.Attribute(frame.bottom).text)Z"
            let colour = number % PlotStyle.colours
            svg.add(
                "path",
                [
                    "class": .init("line s\(colour) f\(colour)"),
                    "style": .init("fill-opacity:\(number == 0 ? 0.25 : 0.12)"),
                    "d": .init(path),
                ])
        }
        return svg.document(id: id, title: title, description: description, standalone: standalone)
    }

    /// The axis, and how wide and how many the classes are. Those of whole numbers have their middles there and begin
    /// half a number below the least; others end at ticks.
    private func classes(_ values: [Double]) -> (x: Axis, width: Double, count: Int) {
        if let low = values.min(), let high = values.max(), values.allSatisfy({ $0 == $0.rounded() }) {
            let width = max(1, ((high - low + 1) / Double(bins)).rounded(.up))
            let count = max(1, ((high - low + 1) / width).rounded(.up))
            return (Axis([low - 0.5, low - 0.5 + width * count], ticks: 8, widened: false), width, Int(count))
        }
        let x = Axis(values, ticks: 8)
        let tick = x.ticks.count > 1 ? x.ticks[1] - x.ticks[0] : x.high - x.low
        let width = tick / max(1, (Double(bins) * tick / (x.high - x.low)).rounded())
        return (x, width, max(1, Int(((x.high - x.low) / width).rounded())))
    }
}
