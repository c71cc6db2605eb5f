import ArgumentParser
import Diagnostics
import Foundation
import OrderedJSON
import Plots
import SafeFiles

/// `graft bench plot`: measurements as a picture.
struct BenchPlotCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plot",
        abstract: "Draws measurements as an SVG picture.",
        discussion: """
            Reads JSON objects, one a line, as bench writes them with --json and scripts/measure collects them, and writes \
            an SVG file to standard output. With --log equal ratios are equal distances on the horizontal axis.
            """)

    @Argument(help: "The measurements.")
    var file: String

    @Option(name: .customLong("x"), help: "The member that goes along the horizontal axis.")
    var horizontal: String

    @Option(name: .customLong("y"), help: "The member that goes along the vertical axis.")
    var vertical: String

    @Option(name: .customLong("by"), help: "The member that tells lines apart.")
    var series: String?

    @Option(help: "Only objects whose member 'sweep' is this.")
    var sweep: String?

    @Option(help: "The picture's title.")
    var title: String

    @Option(parsing: .unconditional, help: "Divides the vertical values, such as 1e9 for gigabytes.")
    var divide = 1.0

    @Flag(help: "Equal ratios are equal distances on the horizontal axis.")
    var log = false

    @Option(help: "What stands at the horizontal axis (default: the member's name).")
    var xLabel: String?

    @Option(help: "What stands at the vertical axis (default: the member's name).")
    var yLabel: String?

    func run() throws {
        let mapped = try MappedFile(path: file)
        let data = withExtendedLifetime(mapped) { Data(mapped.bytes) }
        var lines: [(name: String, points: [(x: Double, y: Double)])] = []
        for (number, line) in data.split(separator: UInt8(ascii: "\n")).enumerated() {
            let value: JSONValue
            do { value = try JSONValue(parsing: [UInt8](line)) } catch {
                throw Problem(error.description, file: file, line: number + 1)
            }
            if let sweep, value["sweep"]?.stringValue != sweep { continue }
            guard let x = value[horizontal]?.doubleValue, let y = value[vertical]?.doubleValue else { continue }
            let name = series.flatMap { value[$0] }.map { $0.stringValue ?? $0.serialized(.python) } ?? vertical
            let point = (x: x, y: y / divide)
            if let at = lines.firstIndex(where: { $0.name == name }) {
                lines[at].points.append(point)
            } else {
                lines.append((name, [point]))
            }
        }
        guard !lines.isEmpty else {
            throw Problem(
                "has no object with the members '\(horizontal)' and '\(vertical)'", file: file,
                advice: "name members that its lines have")
        }
        let plot = LinePlot(
            title: title, description: "\(yLabel ?? vertical) over \(xLabel ?? horizontal)", x: xLabel ?? horizontal,
            y: yLabel ?? vertical,
            series: lines.map { LinePlot.Series($0.name, $0.points.sorted { $0.x < $1.x }, marked: true) },
            includesZero: true, isLogarithmic: log)
        try Output.text(plot.svg(id: "plot", standalone: true))
    }
}
