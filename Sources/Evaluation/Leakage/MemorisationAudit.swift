import Datasets
import Diagnostics
import Foundation
import Generation
import Kernels
import Models
import Tensors
import Tokenizers

/// Looks for secrets and training rows in what a model has learned.
public struct MemorisationAudit {
    private let builder: SampleBuilder
    private let precision: ElementType
    private let stopIDs: Set<Int32>

    /// An audit that makes samples as training did.
    public init(builder: SampleBuilder, precision: ElementType, stopIDs: Set<Int32>) {
        self.builder = builder
        self.precision = precision
        self.stopIDs = stopIDs
    }

    /// What a model gives away of one prompt.
    public struct Extract: Sendable, Equatable {
        /// Tokens of the expected continuation that greedy decoding reproduces from its beginning.
        public let verbatim: Int
        /// Tokens it has.
        public let length: Int
        /// The reproduced part as text.
        public let text: String
    }

    /// `ln p` of each canary's secret and then of its controls, by canary.
    public func logLikelihoods(
        of canaries: [Canary], _ model: Transformer, progress: (Int, Int) throws -> Void
    ) throws -> [[Double]] {
        let rows = canaries.flatMap { canary in ([canary.secret] + canary.controls).map(canary.row) }
        let samples = try rows.map { row in
            guard let sample = try builder.samples(for: Row(row)).samples.first else {
                throw RunFailure("a canary is longer than the model's context")
            }
            return sample
        }
        var values: [Double] = []
        try LikelihoodPass(model: model, precision: precision).losses(samples) { _, losses in
            values += losses.map { -$0 }
            try progress(values.count, samples.count)
        }
        var start = 0
        return canaries.map { canary in
            defer { start += canary.controls.count + 1 }
            return Array(values[start...(start + canary.controls.count)])
        }
    }

    /// A sample, and how much of it the model is given before it has to go on by itself.
    public struct Begun: Sendable {
        let sample: Sample
        let cut: Int

        /// A training row: given up to its first token with loss, or up to its middle when everything carries loss.
        public init(_ sample: Sample) {
            self.sample = sample
            let first = sample.targets.firstIndex(of: true) ?? sample.count
            cut = first > 1 ? first : max(1, sample.count / 2)
        }

        /// A canary: given up to where its secret differs from the control.
        init(_ sample: Sample, control: Sample) {
            self.sample = sample
            cut = max(1, zip(sample.ids, control.ids).prefix { $0 == $1 }.count)
        }
    }

    /// How far greedy decoding goes on as the samples do.
    public func extracts(
        of begun: [Begun], _ model: Transformer, progress: (Int, Int) throws -> Void
    ) throws -> [Extract] {
        let tokenizer = builder.renderer.tokenizer
        let requests = begun.enumerated().map { number, one in
            GenerationRequest(
                Array(one.sample.ids[..<one.cut]), maxTokens: max(1, one.sample.count - one.cut), stopIDs: stopIDs,
                key: UInt64(number), continuesText: true)
        }
        var done = 0
        let answers = try Generator(model, tokenizer: tokenizer, precision: precision).run(
            requests,
            onToken: { _, _, _ in
                try progress(done, requests.count)
                return true
            }, onEnd: { _, _ in done += 1 })
        return answers.indices.map { number in
            // What ends the answer is nothing to be given away.
            let expected = begun[number].sample.ids[begun[number].cut...].prefix { !stopIDs.contains($0) }
            let same = zip(answers[number].ids, expected).prefix { $0 == $1 }.count
            return Extract(
                verbatim: same, length: expected.count, text: tokenizer.decode(Array(expected.prefix(same))))
        }
    }

    /// The canaries' rows, begun up to their secrets.
    public func begun(_ canaries: [Canary]) throws -> [Begun] {
        try canaries.compactMap { canary in
            let samples = try [canary.secret, canary.controls[0]].compactMap {
                try builder.samples(for: Row(canary.row($0))).samples.first
            }
            // The secret's first digits may be those of the control: then a little more is given away, which is told to
            // both models.
            return samples.count == 2 ? Begun(samples[0], control: samples[1]) : nil
        }
    }
}
