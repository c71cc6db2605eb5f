import Diagnostics
import SafeFiles

/// What a SentencePiece model file (`tokenizer.model`) holds, as far as encoding needs it.
struct SentencePieceFile {
    /// What a piece is for; the numbers are the file's.
    enum Kind: UInt64 {
        case normal = 1
        case unknown, control, userDefined, unused, byte
    }

    var pieces: [(text: String, score: Float, kind: Kind)] = []
    var modelType: UInt64 = 1
    var byteFallback = false
    var bosID = 1
    var eosID = 2
    var padID = -1
    var unknownSurface = " \u{2047} "
    var characterMap: [UInt8] = []
    var addsDummyPrefix = true
    var removesExtraSpaces = true
    var escapesSpaces = true
    var spacesAreSuffixes = false

    /// Reads the file; throws a ``Problem`` when it is none.
    init(path: String) throws(Problem) {
        let file = try MappedFile(path: path)
        do {
            try withExtendedLifetime(file) { () throws(Problem) in try read(file.bytes) }
        } catch {
            throw Problem(error.message, file: path, advice: error.advice)
        }
        guard !pieces.isEmpty else { throw Problem("is no SentencePiece model: it has no pieces", file: path) }
        guard modelType == 1 || modelType == 2 else {
            throw Problem("is a SentencePiece model of type \(modelType), which Graft does not have", file: path)
        }
    }

    private mutating func read(_ data: UnsafeRawBufferPointer) throws(Problem) {
        var message = ProtobufReader(data)
        while let (number, field) = try message.next() {
            guard case .bytes(let part) = field else { continue }
            switch number {
            case 1: try readPiece(part)
            case 2: try readTrainer(part)
            case 3: try readNormalizer(part)
            default: continue
            }
        }
    }

    private mutating func readPiece(_ data: UnsafeRawBufferPointer) throws(Problem) {
        var piece = (text: "", score: Float(0), kind: Kind.normal)
        var message = ProtobufReader(data)
        while let (number, field) = try message.next() {
            switch (number, field) {
            case (1, .bytes(let text)): piece.text = UTF8Text.string(text)
            case (2, .fixed32(let bits)): piece.score = Float(bitPattern: bits)
            case (3, .varint(let kind)):
                guard let kind = Kind(rawValue: kind) else {
                    throw Problem("has piece \(pieces.count) of the unknown kind \(kind)")
                }
                piece.kind = kind
            default: continue
            }
        }
        guard piece.score.isFinite else { throw Problem("has piece \(pieces.count) with the score \(piece.score)") }
        pieces.append(piece)
    }

    private mutating func readTrainer(_ data: UnsafeRawBufferPointer) throws(Problem) {
        var message = ProtobufReader(data)
        while let (number, field) = try message.next() {
            switch (number, field) {
            case (3, .varint(let type)): modelType = type
            case (24, .varint(let flag)): spacesAreSuffixes = flag != 0
            case (35, .varint(let flag)): byteFallback = flag != 0
            case (41, .varint(let id)): bosID = Int(truncatingIfNeeded: id)
            case (42, .varint(let id)): eosID = Int(truncatingIfNeeded: id)
            case (43, .varint(let id)): padID = Int(truncatingIfNeeded: id)
            case (44, .bytes(let text)): unknownSurface = UTF8Text.string(text)
            default: continue
            }
        }
    }

    private mutating func readNormalizer(_ data: UnsafeRawBufferPointer) throws(Problem) {
        var message = ProtobufReader(data)
        while let (number, field) = try message.next() {
            switch (number, field) {
            case (2, .bytes(let map)): characterMap = Array(map)
            case (3, .varint(let flag)): addsDummyPrefix = flag != 0
            case (4, .varint(let flag)): removesExtraSpaces = flag != 0
            case (5, .varint(let flag)): escapesSpaces = flag != 0
            default: continue
            }
        }
    }
}
