import Datasets
import Diagnostics
import Kernels
import OrderedJSON
import SafeFiles
import Tokenizers

extension LeakageReport {
    /// Looks for the rows of files in training data.
    ///
    /// - Parameters:
    ///   - tokenizer: tells what rows of ready tokens say.
    ///   - progress: told the share of the training data that has been read; may throw to stop.
    /// - Throws: ``Problem`` when a file cannot be read or a row is no JSON object.
    public init(
        of files: [RowFile], in training: [String], threshold: Double = 0.8,
        tokenizer: Tokenizer? = nil, progress: (Double) throws -> Void = { _ in }
    ) throws {
        let trainingFiles = try training.map { try RowFile(path: $0) }
        let parser = JSONParser()
        var search = LeakageSearch(threshold: threshold)
        var places: [(file: RowFile, row: Int)] = []
        for file in files {
            for row in 0..<file.count {
                search.add(RowWords.text(of: try file.value(of: row, parser: parser), tokenizer: tokenizer))
                places.append((file, row))
            }
        }
        let all = Double(max(1, trainingFiles.reduce(0) { $0 + $1.count }))
        var done = 0
        for file in trainingFiles {
            for row in 0..<file.count {
                if done % 256 == 0 { try progress(Double(done) / all) }
                done += 1
                let text = RowWords.text(of: try file.value(of: row, parser: parser), tokenizer: tokenizer)
                search.compare(text, file: file.path, line: file.line(of: row))
            }
        }
        let findings = try zip(places, search.found).compactMap { place, found -> Finding? in
            guard let found else { return nil }
            let text = RowWords.text(of: try place.file.value(of: place.row, parser: parser), tokenizer: tokenizer)
            return Finding(
                file: place.file.path, line: place.file.line(of: place.row), trainingFile: found.file,
                trainingLine: found.line, share: found.share,
                text: text.count > 200 ? text.prefix(200) + "…" : text)
        }
        self.init(
            trainingFiles: try trainingFiles.map { file in
                let bytes = try MappedFile(path: file.path)
                return withExtendedLifetime(bytes) {
                    EvaluatedFile(path: file.path, hash: "sha256:" + SHA256.hex(bytes.bytes))
                }
            }, rows: places.count, findings: findings, threshold: threshold)
    }
}
