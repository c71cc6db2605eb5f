import Diagnostics
import OrderedJSON

/// The samples of some files: what each row gives is found once, in parallel, and only lengths are kept; the tokens
/// are made again when a batch needs them.
public final class Corpus: Sendable {
    /// The files.
    public let files: [RowFile]
    /// How often each file's samples occur in one epoch.
    public let weights: [Double]
    /// What makes samples of rows.
    public let builder: SampleBuilder
    /// What was found while all rows were read.
    public let summary: DataSummary
    /// The samples in the order of the files.
    let samples: SampleTable

    /// Reads every row of the files.
    ///
    /// - Parameter progress: is told the share of rows read, from any thread.
    /// - Throws: ``Problems`` with the rows that cannot be trained on (the first hundred), or when no sample is left, or
    ///   when templated rows never supervise an end of turn.
    public init(
        files: [(file: RowFile, weight: Double)], builder: SampleBuilder,
        progress: (@Sendable (Double) -> Void)? = nil
    ) throws(Problems) {
        self.files = files.map(\.file)
        weights = files.map(\.weight)
        self.builder = builder
        var survey = RowSurvey(files: self.files, builder: builder).run(progress: progress)
        survey.summary.conclude(files: self.files)
        try Problems(survey.summary.problems).throwIfAny()
        (samples, summary) = (survey.samples, survey.summary)
    }

    /// How many samples there are, each counted once.
    public var count: Int { samples.count }

    /// The length of a sample in tokens.
    public func length(of sample: Int) -> Int { samples.length(sample) }

    /// The file and line a sample comes from.
    public func source(of sample: Int) -> (file: String, line: Int) {
        let place = samples.place(sample)
        return (files[place.file].path, files[place.file].line(of: place.row))
    }

    /// Makes a sample again.
    public func sample(_ sample: Int, parser: JSONParser) throws -> Sample {
        let place = samples.place(sample)
        let file = files[place.file]
        let value = try file.value(of: place.row, parser: parser)
        do {
            let made = try builder.samples(for: try Row(value)).samples
            guard made.indices.contains(place.part), made[place.part].count == samples.length(sample) else {
                throw RowFault("has changed while training", advice: "leave the data files alone during a run")
            }
            return made[place.part]
        } catch let fault as RowFault {
            throw file.problem(fault, row: place.row)
        }
    }
}

/// Where samples come from and how long they are, twelve bytes a sample.
struct SampleTable: Sendable {
    private var lengths: [UInt32] = []
    private var rows: [UInt32] = []
    private var parts: [UInt32] = []
    /// The first sample of each file, then their number.
    private(set) var fileStarts: [Int] = []

    mutating func beginFile() { fileStarts.append(lengths.count) }

    mutating func append(row: Int, part: Int, length: Int) {
        lengths.append(UInt32(length))
        rows.append(UInt32(row))
        parts.append(UInt32(part))
    }

    var count: Int { lengths.count }

    func length(_ sample: Int) -> Int { Int(lengths[sample]) }

    func place(_ sample: Int) -> (file: Int, row: Int, part: Int) {
        let file = (fileStarts.lastIndex { $0 <= sample }) ?? 0
        return (file, Int(rows[sample]), Int(parts[sample]))
    }

    /// The samples of a file.
    func samples(ofFile file: Int) -> Range<Int> {
        fileStarts[file]..<(file + 1 < fileStarts.count ? fileStarts[file + 1] : lengths.count)
    }
}
