import Diagnostics
import Dispatch
import OrderedJSON
import Synchronization

/// Reads all rows of some files on all cores, keeping lengths and findings.
struct RowSurvey: Sendable {
    let files: [RowFile]
    /// Makes the samples of rows that are read in full.
    let builder: SampleBuilder
    /// Which these are; of the others the shape is checked.
    let depth: ReadingDepth

    /// Rows that a core reads in full in one go.
    private static let chunkRows = 128
    /// Bytes of rows that a core checks in one go.
    private static let chunkBytes = 1 << 20

    private struct Chunk: Sendable {
        let file: Int
        let rows: Range<Int>
        let inFull: Bool
    }

    /// What a chunk gave: each row's samples, and the findings.
    private struct Found: Sendable {
        var samples: [[SampleTable.Size]] = []
        var summary = DataSummary()
    }

    /// Reads every row; the samples are those of rows read in full.
    func run(progress: (@Sendable (Double) -> Void)? = nil) -> (samples: SampleTable, summary: DataSummary) {
        let chunks = self.chunks()
        let found = Mutex([Found?](repeating: nil, count: chunks.count))
        let done = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: chunks.count) { at in
            let result = chunks[at].inFull ? read(chunks[at]) : checkShapes(chunks[at])
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
            for (row, sizes) in zip(chunk.rows, result.samples) {
                for (part, size) in sizes.enumerated() { samples.append(row: row, part: part, size) }
            }
            summary.add(result.summary)
        }
        while file < files.count - 1 {
            samples.beginFile()
            file += 1
        }
        summary.conclude(files: files)
        return (samples, summary)
    }

    private func chunks() -> [Chunk] {
        var chunks: [Chunk] = []
        var left = depth.limit
        for (number, file) in files.enumerated() {
            let full = min(left, file.count)
            left -= full
            for row in stride(from: 0, to: full, by: Self.chunkRows) {
                chunks.append(Chunk(file: number, rows: row..<min(row + Self.chunkRows, full), inFull: true))
            }
            for rows in file.pieces(from: full, bytes: Self.chunkBytes) {
                chunks.append(Chunk(file: number, rows: rows, inFull: false))
            }
        }
        return chunks
    }

    private func read(_ chunk: Chunk) -> Found {
        let file = files[chunk.file]
        let parser = JSONParser()
        var found = Found()
        file.forEachRow(in: chunk.rows) { row, bytes in
            var samples: [SampleTable.Size] = []
            found.summary.rows += 1
            found.summary.rowsInFull += 1
            do throws(RowFault) {
                samples = try read(bytes, parser, &found.summary) { file.problem(RowFault($0), row: row) }
            } catch {
                found.summary.addFault(file.problem(error, row: row))
            }
            found.samples.append(samples)
        }
        return found
    }

    private func read(
        _ bytes: UnsafeRawBufferPointer, _ parser: JSONParser, _ summary: inout DataSummary,
        warning: (String) -> Problem
    ) throws(RowFault) -> [SampleTable.Size] {
        let row = try Row(try RowFile.value(bytes, parser: parser))
        summary.kinds[row.kindName, default: 0] += 1
        let result = try builder.samples(for: row)
        summary.dropped += result.dropped
        summary.truncated += result.truncated
        summary.divided += result.samples.count > 1 ? 1 : 0
        if let text = result.warning { summary.addWarning(warning(text)) }
        for sample in result.samples {
            summary.samples += 1
            summary.tokens += sample.count
            summary.targets += sample.targetCount
            summary.longest = max(summary.longest, sample.count)
            summary.templated += sample.turnEnd == .notTemplated ? 0 : 1
            summary.turnEnds += sample.turnEnd == .supervised ? 1 : 0
        }
        return result.samples.map { SampleTable.Size(tokens: $0.count, targets: $0.targetCount) }
    }

    private func checkShapes(_ chunk: Chunk) -> Found {
        let file = files[chunk.file]
        let parser = JSONParser()
        var shape = RowShape(vocabulary: builder.vocabularySize)
        var found = Found()
        file.forEachRow(in: chunk.rows) { row, bytes in
            found.summary.rows += 1
            do throws(RowFault) {
                found.summary.kinds[try kind(bytes, parser, &shape), default: 0] += 1
            } catch {
                found.summary.addFault(file.problem(error, row: row))
            }
        }
        return found
    }

    /// The name of a row's kind.
    private func kind(
        _ bytes: UnsafeRawBufferPointer, _ parser: JSONParser, _ shape: inout RowShape
    ) throws(RowFault) -> String {
        do throws(JSONError) {
            if let kind = try parser.withNode(bytes, { shape.kind(of: $0) }) { return kind }
        } catch { throw RowFault(notJSON: error) }
        let row = try Row(try RowFile.value(bytes, parser: parser))
        try builder.checkShape(of: row)
        return row.kindName
    }
}

/// Checks data files without training on them.
public enum DataCheck {
    /// Checks every row, of those beyond `depth` the shape alone.
    ///
    /// The counts of samples and tokens are those of the rows read in full; `rows`, `kinds` and the findings are of
    /// all.
    public static func run(
        files: [RowFile], builder: SampleBuilder, depth: ReadingDepth, progress: (@Sendable (Double) -> Void)? = nil
    ) -> DataSummary {
        RowSurvey(files: files, builder: builder, depth: depth).run(progress: progress).summary
    }
}
