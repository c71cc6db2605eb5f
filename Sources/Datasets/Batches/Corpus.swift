import Diagnostics
import OrderedJSON

/// The samples of some files. Where every row has been read in full, which samples there are and how long they are is
/// known, and only that is kept; the tokens are made again when a batch needs them. Of files that are too large to wait
/// for, the first rows have been read, and what the others give is found when their turn comes.
public final class Corpus: Sendable {
    /// The files.
    public let files: [RowFile]
    /// How often each file's samples occur in one epoch.
    public let weights: [Double]
    /// What makes samples of rows.
    public let builder: SampleBuilder
    /// What was found while all rows were read.
    public let summary: DataSummary
    /// The samples in the order of the files; nil where only the first rows have been read.
    let samples: SampleTable?
    /// What orders are made of, numbered through all files: samples where they are known, else rows. A range a file.
    let units: [Range<Int>]

    /// Reads the files, every row in full or to a depth.
    ///
    /// - Parameter progress: is told the share of rows read, from any thread.
    /// - Throws: ``Problems`` with the rows that cannot be trained on (the first hundred), or when no sample is left,
    ///   or when templated rows never supervise an end of turn.
    public init(
        files: [(file: RowFile, weight: Double)], builder: SampleBuilder, depth: ReadingDepth = .all,
        progress: (@Sendable (Double) -> Void)? = nil
    ) throws(Problems) {
        self.files = files.map(\.file)
        weights = files.map(\.weight)
        self.builder = builder
        let survey = RowSurvey(files: self.files, builder: builder, depth: depth).run(progress: progress)
        try Problems(survey.summary.problems).throwIfAny()
        summary = survey.summary
        if depth == .all {
            samples = survey.samples
            units = files.indices.map { survey.samples.samples(ofFile: $0) }
        } else {
            samples = nil
            units = files.reduce(into: []) { ranges, next in
                let start = ranges.last?.upperBound ?? 0
                ranges.append(start..<start + next.file.count)
            }
        }
    }

    /// How many samples are known, each counted once.
    public var count: Int { samples?.count ?? summary.samples }

    /// Whether every row has been read, so that lengths are known and not estimated.
    public var isKnown: Bool { samples != nil }

    /// What a unit of an order gives.
    struct Made: Sendable {
        var samples: [Sample] = []
        /// Samples left out because they are too long.
        var dropped = 0
        /// Why the row gives nothing, where it is faulty.
        var fault: Problem?
    }

    /// Makes the samples of a unit: one that is known, or those of a row.
    ///
    /// - Parameter divided: what rows of several samples have given lately.
    /// - Throws: ``RunFailure`` when a file or a sample is not what it was; a row that is read for the first time and
    ///   faulty is left out instead.
    func make(_ unit: Int, parser: JSONParser, _ divided: inout DividedRows) throws(RunFailure) -> Made {
        guard let samples else { return try makeRow(unit, parser: parser) }
        let place = samples.place(unit)
        let file = files[place.file]
        try file.checkUnchanged()
        do throws(RowFault) {
            let made = try divided.samples(ofFile: place.file, row: place.row) { () throws(RowFault) in
                try builder.samples(for: try Row(try RowFile.value(file.bytes(of: place.row), parser: parser))).samples
            }
            guard made.indices.contains(place.part), made[place.part].count == samples.size(unit).tokens else {
                throw RowFault("is not what it was when it was read first")
            }
            return Made(samples: [made[place.part]])
        } catch {
            throw RunFailure(file.problem(error, row: place.row).description)
        }
    }

    private func makeRow(_ unit: Int, parser: JSONParser) throws(RunFailure) -> Made {
        let number = units.firstIndex { $0.contains(unit) } ?? 0
        let (file, row) = (files[number], unit - units[number].lowerBound)
        try file.checkUnchanged()
        defer { file.release(row: row) }
        do throws(RowFault) {
            let result = try builder.samples(for: try Row(try RowFile.value(file.bytes(of: row), parser: parser)))
            return Made(samples: result.samples, dropped: result.dropped)
        } catch {
            return Made(fault: file.problem(error, row: row))
        }
    }
}
