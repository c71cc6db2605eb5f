import Evaluation
import Foundation
import Testing

/// The report in a real browser: light, dark, narrow and on paper.
struct BrowserTests {
    /// The first of the browsers that is installed; all of them take Chromium's switches.
    private static let browser: String? = {
        let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome-headless-shell"]
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":")
        return names.lazy.flatMap { name in folders.map { "\($0)/\(name)" } }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    /// Runs the browser on a page; false when it did not end in time.
    private func browse(_ page: URL, _ switches: [String], in folder: URL) throws -> Bool {
        let process = Process()
        process.executableURL = URL(filePath: try #require(Self.browser))
        process.arguments =
            [
                "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
                "--disable-dev-shm-usage", "--user-data-dir=\(folder.path)/profile",
            ] + switches + [page.absoluteString]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        let deadline = Date().addingTimeInterval(120)
        while process.isRunning && Date() < deadline { Thread.sleep(forTimeInterval: 0.05) }
        if process.isRunning { process.terminate() }
        process.waitUntilExit()
        return process.terminationReason == .exit && process.terminationStatus == 0
    }

    @Test func isDrawn() throws {
        guard Self.browser != nil else {
            print("not checked: no browser is installed (apt-get install chromium), so no report was looked at")
            return
        }
        let run = try ReportSample.run()
        defer { try? FileManager.default.removeItem(at: run) }
        let page = run.appending(path: "report.html")
        try Data(EvaluationReport(ReportSample.results(run: run.path)).html().utf8).write(to: page)
        // GRAFT_SCREENSHOTS names a folder to keep the pictures in.
        let kept = ProcessInfo.processInfo.environment["GRAFT_SCREENSHOTS"].map { URL(filePath: $0) }
        let folder = kept ?? run
        if let kept { try Data(contentsOf: page).write(to: kept.appending(path: "report.html")) }
        var sizes: [Int] = []
        for (name, width, switches) in [
            ("light", 1200, ["--blink-settings=preferredColorScheme=1"]),
            ("dark", 1200, ["--blink-settings=preferredColorScheme=0"]), ("narrow", 500, []),
        ] {
            let picture = folder.appending(path: "\(name).png")
            let shot = ["--screenshot=\(picture.path)", "--window-size=\(width),2600"]
            #expect(try browse(page, switches + shot, in: run), "\(name)")
            let data = try Data(contentsOf: picture)
            #expect(data.starts(with: [0x89, 0x50, 0x4E, 0x47]), "\(name) is no PNG")
            // Bytes 16 – 19 of a PNG: its width.
            #expect(data[16..<20].reduce(0) { $0 << 8 | Int($1) } == width)
            sizes.append(data.count)
        }
        // A page without words or plots compresses to a tenth of this.
        #expect(sizes.allSatisfy { $0 > 60_000 }, "\(sizes)")
        let paper = folder.appending(path: "report.pdf")
        #expect(try browse(page, ["--print-to-pdf=\(paper.path)", "--no-pdf-header-footer"], in: run))
        #expect(try Data(contentsOf: paper).count > 20_000)
    }
}
