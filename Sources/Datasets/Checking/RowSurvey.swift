import Diagnostics
import Dispatch
import OrderedJSON
import Synchronization

/// Reads all rows of some files on all cores, keeping lengths and findings.
struct RowSurvey: Sendable {
    let files: [RowFile]
    /// Makes the samples; without it rows are only parsed and their shape is checked.
    let builder: SampleBuilder?

    /// Rows that a core reads in one go.
    private static let chunk = 128

    private struct Chunk: Sendable {
        let file: Int
        let rows: Range<Int>
    }

    /// What a chunk gave: the lengths of each row's samples, and the findings.
    private struct Found: Sendable {
        var lengths: [[UInt32]] = []
        var summary = DataSummary()
    }

    /// Reads the rows from `start` on, at most `limit` of them, counted through all files.
    func run(
        from start: Int = 0, limit: Int = .max, progress: (@Sendable (Double) -> Void)? = nil
    ) -> (samples: SampleTable, summary: DataSummary) {
        let chunks = self.chunks(from: start, limit: limit)
        let found = Mutex([Found?](repeating: nil, count: chunks.count))
        let done = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: chunks.count) { at in
            let result = read(chunks[at])
            found.withLock { $0[at] = result }
            progress?(Double(done.add(1, ordering: .relaxed).newValue) / Double(chunks.count))
        }
        var samples = SampleTable()
        var summary = DataSummary()
        var file = -1
        for (chunk, result) in zip(chunks, found.withLock { $0 }) {
            while file < chunk.file {
                samples.beginFile()
                file += 1
            }
            guard let result else { continue }
            for (row, lengths) in zip(chunk.rows, result.lengths) {
                for (part, length) in lengths.enumerated() { samples.append(row: row, part: part, length: Int(length)) }
            }
            summary.add(result.summary)
        }
        while file < files.count - 1 {
            samples.beginFile()
            file += 1
        }
        return (samples, summary)
    }

    private func chunks(from start: Int, limit: Int) -> [Chunk] {
        var chunks: [Chunk] = []
        var (skip, left) = (start, limit)
        for (number, file) in files.enumerated() {
            let first = min(skip, file.count)
            let end = first + min(left, file.count - first)
            (skip, left) = (skip - first, left - (end - first))
            for row in stride(from: first, to: end, by: Self.chunk) {
                chunks.append(Chunk(file: number, rows: row..<min(row + Self.chunk, end)))
            }
        }
        return chunks
    }

    private func read(_ chunk: Chunk) -> Found {
        let file = files[chunk.file]
        let parser = JSONParser()
        var found = Found()
        for number in chunk.rows {
            var lengths: [UInt32] = []
            do {
                lengths = try read(number, of: file, parser, &found.summary)
            } catch let problem as Problem {
                found.summary.addFault(problem)
            } catch let fault as RowFault {
                found.summary.addFault(file.problem(fault, row: number))
            } catch {
                found.summary.addFault(file.problem(RowFault("\(error)"), row: number))
            }
            found.lengths.append(lengths)
        }
        return found
    }

    private func read(
        _ number: Int, of file: RowFile, _ parser: JSONParser, _ summary: inout DataSummary
    ) throws -> [UInt32] {
        summary.rows += 1
        let row = try Row(try file.value(of: number, parser: parser))
        summary.kinds[row.kindName, default: 0] += 1
        guard let builder else { return [] }
        let result = try builder.samples(for: row)
        summary.dropped += result.dropped
        summary.truncated += result.truncated
        summary.divided += result.samples.count > 1 ? 1 : 0
        if let warning = result.warning { summary.addWarning(file.problem(RowFault(warning), row: number)) }
        for sample in result.samples {
            summary.samples += 1
            summary.tokens += sample.count
            summary.targets += sample.targetCount
            summary.longest = max(summary.longest, sample.count)
            summary.templated += sample.turnEnd == .notTemplated ? 0 : 1
            summary.turnEnds += sample.turnEnd == .supervised ? 1 : 0
        }
        return result.samples.map { UInt32($0.count) }
    }
}

/// Checks data files without training on them.
public enum DataCheck {
    /// Rows that are rendered and cut into tokens by ``run(files:builder:deepRows:progress:)`` unless told otherwise.
    public static let deepRows = 10_000

    /// Checks the first rows in full (rendering, tokens, loss mask) and the shape of the others.
    ///
    /// The counts of samples and tokens are those of the rows read in full; `rows`, `kinds` and the findings are of all.
    /// Pass `.max` as `deepRows` to count everything.
    public static func run(
        files: [RowFile], builder: SampleBuilder, deepRows: Int = deepRows,
        progress: (@Sendable (Double) -> Void)? = nil
    ) -> DataSummary {
        var summary = RowSurvey(files: files, builder: builder).run(limit: deepRows, progress: progress).summary
        summary.add(RowSurvey(files: files, builder: nil).run(from: deepRows, progress: progress).summary)
        summary.conclude(files: files)
        return summary
    }
}
