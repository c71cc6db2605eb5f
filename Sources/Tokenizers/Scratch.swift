/// The memory that encoding one text needs, kept from text to text: the word cache above all.
///
/// A tokenizer keeps a pool of these; each is used by one call at a time, so it is never shared although it travels
/// between threads: hence `@unchecked`.
final class Scratch: @unchecked Sendable {
    let matcher = RegularExpression.matcher()
    let cache = WordCache()
    let work = MergeWork()
    let sink = TokenSink()
    let lattice = UnigramLattice()
    /// A word in GPT-2's alphabet.
    var letters: [UInt8] = []
}
