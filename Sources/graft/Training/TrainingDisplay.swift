import Datasets
import Foundation
import Kernels
import Training

/// A run for a person: a line that is rewritten on a terminal, and lines that stay, about twenty over the run.
struct TrainingDisplay {
    private static let stayingLines = 20

    private let output: String
    private let start = ContinuousClock.now
    private var totalSteps = 0
    private var firstStep = 0
    /// Seconds a step has taken lately: what is left is told by the machine's present speed, not by that of a busy hour
    /// ago.
    private var stepSeconds: Double?
    /// Sum of losses and number of target tokens since the last line that stays.
    private var sinceLine = (loss: 0.0, targets: 0)

    /// A display for the run that writes to `output`.
    init(output: String) { self.output = output }

    /// Shows an event.
    mutating func show(_ event: TrainingEvent) {
        switch event {
        case .started(let facts): show(facts)
        case .resumed(let step):
            firstStep = step
            Screen.note("going on after step \(CountText.of(step))")
        case .step(let report): show(report)
        case .evaluated(let report):
            show(report)
        case .saved(let step, let path): Screen.status("saved step \(step) in \(path)")
        case .note(let text): Screen.note(text)
        case .interrupted(let step):
            Screen.note("stopped after step \(step), which is saved; --resume goes on from there")
        case .finished(let step, let bestStep):
            let best = bestStep == step ? "" : "; the best was step \(CountText.of(bestStep))"
            let seconds = (ContinuousClock.now - start).seconds
            let memory = ByteText.of(Machine.resident.peak)
            Screen.note(
                "done: \(CountText.of(step)) \(step == 1 ? "step" : "steps") in \(DurationText.of(seconds)),"
                    + " \(memory) of memory at the peak\(best); saved in \(output)")
        }
    }

    private mutating func show(_ facts: RunFacts) {
        totalSteps = facts.totalSteps
        for line in FactsText.lines(facts) { Screen.note(line) }
    }

    private mutating func show(_ report: StepReport) {
        stepSeconds = stepSeconds.map { 0.9 * $0 + 0.1 * report.seconds } ?? report.seconds
        sinceLine.loss += report.loss * Double(report.targetTokens)
        sinceLine.targets += report.targetTokens
        // One step's loss says little where a step has few tokens.
        let mean = sinceLine.loss / Double(max(1, sinceLine.targets))
        let speed = CountText.of(Int(report.tokensPerSecond))
        let left = (stepSeconds ?? 0) * Double(totalSteps - report.step)
        let text =
            "step \(paddedStep(report.step))  loss \(loss(mean))  \(speed) tokens/s"
            + (report.step < totalSteps && report.step > firstStep + 1 ? "  \(DurationText.of(left)) left" : "")
        let every = max(1, totalSteps / Self.stayingLines)
        if report.step == firstStep + 1 || report.step % every == 0 || report.step == totalSteps {
            Screen.note(text)
            sinceLine = (0, 0)
        } else {
            Screen.status(text)
        }
    }

    private func show(_ report: StepEvaluation) {
        let best = report.isBest ? "  best so far" : ""
        let start = "step \(paddedStep(report.step))  "
        let lines = (report.loss.map { ["held-out loss \(loss($0))"] } ?? []) + report.summaries
        for (number, line) in lines.enumerated() {
            Screen.note(
                (number == 0 ? start : String(repeating: " ", count: start.count)) + line + (number == 0 ? best : ""))
        }
        for sample in report.samples {
            let wanted = sample.reference.map { "  (should be: \(oneLine($0)))" } ?? ""
            Screen.note("    \(oneLine(sample.prompt)) → \(oneLine(sample.answer))\(wanted)")
        }
    }

    /// The beginning of a text on one line.
    private func oneLine(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        return line.count > 72 ? line.prefix(71) + "…" : line
    }

    private func paddedStep(_ step: Int) -> String {
        let total = String(totalSteps)
        let digits = String(step)
        return String(repeating: " ", count: max(0, total.count - digits.count)) + "\(digits)/\(total)"
    }

    private func loss(_ value: Double) -> String { String(format: "%.4f", value) }
}

/// What is known before the first step, in words.
enum FactsText {
    /// The most important lines first: three, and what is special about the data.
    static func lines(_ facts: RunFacts) -> [String] {
        let share = Double(facts.trainableParameters) / Double(max(1, facts.baseParameters)) * 100
        let place = facts.adaptedModules > 0 ? " in adapters on \(facts.adaptedModules) layers" : ""
        let about = facts.isEstimate ? "about " : ""
        var lines = [
            "trains \(CountText.of(facts.trainableParameters)) numbers\(place),"
                + " \(String(format: "%.3g", share)) % of the model's \(CountText.of(facts.baseParameters))",
            "data: \(about)\(CountText.of(facts.samples)) samples, \(CountText.of(facts.tokens)) tokens an epoch,"
                + " \(CountText.of(facts.targetTokens)) with loss",
            (facts.totalSteps == 1 ? "1 step" : "\(CountText.of(facts.totalSteps)) steps") + " in \(facts.precision)",
        ]
        if facts.evaluationSamples > 0 {
            lines[1] += "; \(CountText.of(facts.evaluationSamples)) held-out samples"
        }
        var notes: [String] = []
        if facts.isEstimate {
            notes.append(
                "rows after the first \(CountText.of(ReadingDepth.firstRows)) were checked for their shape only;"
                    + " data.check: all reads every row first")
        }
        if facts.dropped > 0 {
            notes.append(
                "samples left out because they are longer than data.max_length: \(CountText.of(facts.dropped))")
        }
        if facts.truncated > 0 {
            notes.append("samples whose prompt is cut to data.max_length: \(CountText.of(facts.truncated))")
        }
        if facts.preferences > 0 {
            notes.append(
                "rows with a chosen and a rejected answer, of which the chosen one is trained on:"
                    + " \(CountText.of(facts.preferences))")
        }
        lines.insert(contentsOf: notes, at: 2)
        return lines
    }
}

/// Durations for people.
enum DurationText {
    /// `80 ms`, `42 s`, `12 min`, `3 h 20 min`
    static func of(_ seconds: Double) -> String {
        let whole = Int(max(0, seconds).rounded())
        if seconds < 0.995 { return String(format: "%.0f ms", max(0, seconds) * 1000) }
        if seconds < 9.95 { return String(format: "%.1f s", max(0, seconds)) }
        if whole < 120 { return "\(whole) s" }
        if whole < 7200 { return "\(whole / 60) min" }
        if whole < 172_800 { return "\(whole / 3600) h \(whole % 3600 / 60) min" }
        return "\(whole / 86_400) days"
    }
}
