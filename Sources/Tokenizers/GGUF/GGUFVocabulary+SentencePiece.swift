import Diagnostics

extension GGUFVocabulary {
    /// The pieces of a SentencePiece model (`tokenizer.model`) with their scores and kinds. Whether llama.cpp's "llama"
    /// vocabulary cuts text as the model does is for the caller to find out: it merges by score, a unigram model does
    /// not.
    package init(sentencePiece path: String) throws(Problem) {
        let file = try SentencePieceFile(path: path)
        self.init(model: "llama", tokens: file.pieces.map(\.text))
        scores = file.pieces.map(\.score)
        kinds = file.pieces.map { Int($0.kind.rawValue) }
        addsSpacePrefix = file.addsDummyPrefix
    }
}
