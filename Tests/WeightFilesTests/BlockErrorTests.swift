import Foundation
import Kernels
import OrderedJSON
import Testing

/// Quantising against ggml on matrices of many kinds: scripts/fixtures/make_block_errors.py wrote what ggml's error is.
@Suite("Block formats: errors beside ggml's")
struct BlockErrorTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/blocks").path

    @Test(
        "are at most 2 % larger on every kind of matrix",
        arguments: [ElementFormat.q8_0, .q6_k, .q5_k, .q4_k, .q4_0])
    func errors(_ format: ElementFormat) throws {
        let json = try JSONValue(contentsOfFile: Self.folder + "/errors.json")
        let (rows, columns) = (try #require(json["rows"]?.intValue), try #require(json["columns"]?.intValue))
        let bytes = try #require(FileManager.default.contents(atPath: Self.folder + "/inputs.f16"))
        let all = BlockQuantizationTests.expanded(.f16, Array(bytes), columns: columns)
        let kinds = try #require(json["kinds"]?.arrayValue)
        #expect(kinds.count == 9 && all.count == kinds.count * rows * columns)
        for (i, kind) in kinds.enumerated() {
            let x = Array(all[i * rows * columns..<(i + 1) * rows * columns])
            let y = BlockQuantizationTests.expanded(
                format, BlockQuantizationTests.quantized(format, x, columns: columns), columns: columns)
            let theirs = try #require(kind["errors"]?["\(format)"]?.doubleValue)
            let ours = BlockQuantizationTests.rmse(x[...], y[...])
            #expect(ours <= theirs * 1.02, "\(kind["name"] ?? .null): \(ours), ggml \(theirs)")
            print("\(format), \(kind["name"]?.stringValue ?? ""): \(ours / theirs) of ggml's error")
        }
    }
}
