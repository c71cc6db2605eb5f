import Plots
import Testing

/// Plots as text: axes at round numbers, nothing that is no markup, and words for those who do not see them.
struct PlotTests {
    private static let hostile = "<b>\"a\" & 'b'</b>\u{0}]]>"

    /// One of each kind, every text in it hostile.
    private static let plots: [any Plot] = [
        LinePlot(
            title: hostile, description: hostile, x: hostile, y: hostile,
            series: [
                .init(hostile, [(0, 1), (1, .nan), (2, 3)]), .init("b", [(0, 2)], marked: true), .init("empty", []),
            ]),
        LinePlot(
            title: "endless", description: "d", x: "x", y: "y",
            series: [.init("a", [(0, 1e308), (1, -1e308), (2, 0), (3, .leastNonzeroMagnitude)])]),
        IntervalPlot(
            title: hostile, description: hostile, x: hostile,
            entries: [.init(hostile, 0.5, 0.25...0.75, text: hostile), .init("b", -1, -2...0.5)]),
        BarPlot(
            title: hostile, description: hostile, x: hostile, series: [hostile, "b"],
            groups: [
                .init(hostile, [.init(1, interval: 0.5...1.5, text: hostile), nil]), .init("c", [.init(-1), .init(0)]),
            ]),
        Histogram(
            title: hostile, description: hostile, x: hostile,
            series: [(hostile, [1, 1, 2, 30]), ("b", []), ("c", [5, .infinity])]),
    ]

    @Test func logarithmicAxes() {
        let lengths = Axis(logarithmic: [512, 16384, 0, -1, .nan])
        #expect(lengths.ticks == [512, 1024, 2048, 4096, 8192, 16384])
        #expect(lengths.ticks.map { lengths.label($0) } == ["512", "1024", "2048", "4096", "8192", "16,384"])
        #expect(abs(lengths.place(2048, from: 0, to: 5) - 2) < 1e-12)
        let rows = Axis(logarithmic: [1000, 10_000_000])
        #expect(rows.ticks.count == 5 && abs(rows.place(100_000, from: 10, to: 0) - 5) < 1e-9)
        #expect(
            Axis(logarithmic: [0.0037, 4]).ticks.map(Axis(logarithmic: [0.0037, 4]).label) == ["0.01", "0.1", "1"])
        #expect(Axis(logarithmic: []).ticks.allSatisfy { $0.isFinite })
        let plot = LinePlot(
            title: "t", description: "d", x: "x", y: "y",
            series: [.init("a", [(0, 1), (8, 2), (64, 4)], marked: true)],
            isLogarithmic: true
        ).svg(id: "p")
        #expect(plot.split(separator: "<circle").count == 3, "a point at 0 has no place")
    }

    @Test(arguments: plots.indices)
    func isWellFormed(number: Int) {
        for standalone in [false, true] {
            let svg = Self.plots[number].svg(id: "p\(number)", standalone: standalone)
            let fault = Self.fault(svg)
            #expect(fault == nil, "\(fault ?? "")")
            #expect(!svg.contains("<b>") && !svg.contains("nan") && !svg.contains("inf"))
            #expect(svg.contains("role=\"img\" "), "screen readers are told of one picture")
            #expect(svg.contains("aria-labelledby=\"p\(number)-title p\(number)-text\"") || standalone)
            #expect(svg.contains("prefers-color-scheme") == standalone)
        }
    }

    /// Models are called as their paths, which differ at their ends.
    @Test func longNamesFit() {
        let path = "/home/somebody/models/" + String(repeating: "a-long-name-", count: 20)
        let series = ["first", "second"].map { LinePlot.Series(path + $0, [(0, 1), (1, 2)]) }
        let entries = ["first", "second"].map { IntervalPlot.Entry("loss, " + path + $0, 0, -1...1) }
        let plots: [any Plot] = [
            LinePlot(title: "t", description: "d", x: "x", y: "y", series: series),
            IntervalPlot(title: "t", description: "d", x: "x", entries: entries),
        ]
        for svg in plots.map({ $0.svg(id: "p", standalone: false) }) {
            #expect(svg.contains("-first</text>") && svg.contains("-second</text>"))
            let longest = svg.matches(of: #/>([^<]*)<\/text>/#).map { $0.output.1.count }.max() ?? 0
            #expect(longest < 95, "wider than the drawing")
        }
    }

    @Test func nothingToDrawIsDrawn() {
        let empty: [any Plot] = [
            LinePlot(title: "t", description: "d", x: "x", y: "y", series: []),
            IntervalPlot(title: "t", description: "d", x: "x", entries: []),
            BarPlot(title: "t", description: "d", x: "x", series: [], groups: []),
            Histogram(title: "t", description: "d", x: "x", series: []),
        ]
        for plot in empty { #expect(Self.fault(plot.svg(id: "e", standalone: false)) == nil) }
    }

    @Test(
        arguments: [
            ([0, 1], [0, 0.2, 0.4, 0.6, 0.8, 1], ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
            ([-12, 30], [-20, -10, 0, 10, 20, 30], ["−20", "−10", "0", "10", "20", "30"]),
            ([12_000, 52_000], [10_000, 20_000, 30_000, 40_000, 50_000, 60_000], nil),
            ([5, 5], nil, nil), ([], nil, nil), ([0.000012, 0.00003], nil, nil),
        ] as [([Double], [Double]?, [String]?)])
    func ticksAreRound(values: [Double], ticks: [Double]?, labels: [String]?) {
        let axis = Axis(values, ticks: 5)
        #expect(axis.ticks.count >= 2 && axis.ticks.count <= 12, "\(axis.ticks)")
        for value in values { #expect(axis.low <= value && axis.high >= value) }
        if let ticks {
            #expect(zip(axis.ticks, ticks).allSatisfy { abs($0 - $1) < 1e-9 } && axis.ticks.count == ticks.count)
        }
        if let labels { #expect(axis.ticks.map(axis.label) == labels) }
        #expect(
            Set(axis.ticks.map(axis.label)).count == axis.ticks.count, "labels differ: \(axis.ticks.map(axis.label))")
    }

    /// What keeps a text from being well-formed XML: an element that is not closed, a quote or an entity that does not
    /// end.
    private static func fault(_ text: String) -> String? {
        var open: [Substring] = []
        var rest = text[...]
        while let start = rest.firstIndex(of: "<") {
            if rest[..<start].contains(">") && open.last != "style" {
                return "a '>' outside tags: \(rest[..<start].prefix(80))"
            }
            guard let end = rest[start...].firstIndex(of: ">") else { return "a tag without an end" }
            let tag = rest[rest.index(after: start)..<end]
            if tag.contains("<") { return "a '<' inside a tag: \(tag)" }
            if tag.count(where: { $0 == "\"" }) % 2 != 0 { return "a quote that does not end: \(tag)" }
            if tag.hasPrefix("/") {
                guard open.popLast() == tag.dropFirst() else { return "\(tag) closes something else" }
            } else if !tag.hasSuffix("/") {
                open.append(tag.prefix { $0 != " " })
            }
            rest = rest[rest.index(after: end)...]
        }
        return open.isEmpty ? nil : "not closed: \(open)"
    }
}
