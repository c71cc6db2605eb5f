import Foundation

// Writes the project's data. Everything follows from the seeds below; no text comes from elsewhere.
//
//   generate datasets                    datasets/handbook and datasets/general (in git)
//   generate baseline                    what an answer by the nearest training question gets right
//   generate tokenizer FOLDER            the vocabulary of checkpoints/tiny (in git)
//   generate pretraining FOLDER ROWS     the pretraining text (not in git)

private let handbookSeed: UInt64 = 20_260
private let generalSeed: UInt64 = 31_415
private let pretrainingSeed: UInt64 = 27_182
private let vocabularySize = 2048

private func writeDatasets() throws {
    var handbook = Handbook(seed: handbookSeed)
    let documents = handbook.documents()
    let training = handbook.questions { $0.asked }
    let heldOut = handbook.questions { $0.heldOut }
    let shuffled = handbook.shuffledQuestions { $0.asked }
    var random = RandomSource(seed: generalSeed)
    let replay = (0..<300).map { _ in General.replay(&random, avoiding: handbook.names) }
    let general = (0..<200).map { _ in General.text(&random, avoiding: handbook.names) }

    check(
        Claims(
            handbook: handbook, documents: documents.map { $0.text }.joined(), training: training, heldOut: heldOut,
            general: replay + general))
    for document in documents { try write(text: document.text, to: "datasets/handbook/documents/\(document.name)") }
    try write(documents.flatMap { $0.rows }, to: "datasets/handbook/documents.jsonl")
    try write(training, to: "datasets/handbook/train.jsonl")
    try write(shuffled, to: "datasets/handbook/train-shuffled.jsonl")
    try write(heldOut, to: "datasets/handbook/eval.jsonl")
    try write(replay, to: "datasets/general/train.jsonl")
    try write(general, to: "datasets/general/eval.jsonl")
}

// Draws the questions as the files have them, and asks the baseline.
private func printBaseline() {
    var handbook = Handbook(seed: handbookSeed)
    _ = handbook.documents()
    let training = handbook.questions { $0.asked }
    let heldOut = handbook.questions { $0.heldOut }
    let share = NearestQuestion.exactMatch(training: training, heldOut: heldOut)
    print("nearest training question: \((share * 1000).rounded() / 10) % of held-out answers exactly right")
}

private func writePretraining(to folder: String, rows: Int) throws {
    let handbook = Handbook(seed: handbookSeed)
    var pretraining = Pretraining(seed: pretrainingSeed, avoiding: handbook.names)
    let text = (0..<rows).map { _ in pretraining.row() }
    check(Claims(handbook: handbook, documents: "", training: [], heldOut: [], general: text))
    try write(text, to: folder + "/train.jsonl")
}

private func check(_ claims: Claims) {
    let violations = claims.violations
    guard !violations.isEmpty else { return }
    FileHandle.standardError.write(Data((violations.joined(separator: "\n") + "\n").utf8))
    exit(1)
}

private func writeTokenizer(to folder: String) throws {
    // Companies that come once only: otherwise the names of the pretraining's companies would fill the vocabulary.
    let banned = Handbook(seed: handbookSeed).names
    var random = RandomSource(seed: pretrainingSeed)
    var texts: [String] = []
    for _ in 0..<12_000 {
        switch General.replay(&random, avoiding: banned) {
        case .text(let text): texts.append(text)
        case .chat(let turns): texts += turns.flatMap { ["user\n", $0.question, "assistant\n", $0.answer] }
        }
    }
    try TokenizerFiles.save(BytePairs(size: vocabularySize, texts: texts), to: folder)
}

let arguments = CommandLine.arguments.dropFirst()
switch (arguments.first, arguments.count) {
case ("datasets", 1): try writeDatasets()
case ("baseline", 1): printBaseline()
case ("tokenizer", 2): try writeTokenizer(to: CommandLine.arguments[2])
case ("pretraining", 3): try writePretraining(to: CommandLine.arguments[2], rows: Int(CommandLine.arguments[3]) ?? 0)
default:
    let usage = "usage: generate datasets | baseline | tokenizer FOLDER | pretraining FOLDER ROWS\n"
    FileHandle.standardError.write(Data(usage.utf8))
    exit(2)
}
