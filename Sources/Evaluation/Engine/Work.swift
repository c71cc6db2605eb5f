import Datasets
import Diagnostics
import Generation
import Models

/// The work of one evaluation while it is done.
final class Work {
    private let run: EvaluationRun
    private let contestants: [Contestant]
    private let progress: (EvaluationProgress) throws -> Void
    /// By contestant: what its journal does not hold, each item once.
    private let needed: [[EvaluationRun.Job]]
    private let total: Double
    private var done = 0.0

    init(
        _ run: EvaluationRun, _ contestants: [Contestant], _ jobs: [EvaluationRun.Job],
        _ progress: @escaping (EvaluationProgress) throws -> Void
    ) {
        self.run = run
        self.contestants = contestants
        self.progress = progress
        needed = contestants.indices.map { number in
            var seen = Set<String>()
            return jobs.filter { job in
                // The base does not diverge from itself.
                if case .divergence = job.item, number == 0 { return false }
                return contestants[number].journal.outcome(job.fingerprint) == nil
                    && seen.insert(job.fingerprint).inserted
            }
        }
        total = Double(max(1, needed.joined().reduce(0) { $0 + $1.item.cost }))
    }

    private func tell(_ model: String, _ task: Int, _ done: Int, _ all: Int) throws {
        try progress(
            EvaluationProgress(
                model: model, task: run.tasks[task].name, rows: (done, all), share: min(1, self.done / total)))
    }

    private func note(_ outcome: WorkOutcome, _ job: EvaluationRun.Job, _ number: Int) throws {
        guard outcome.numbers.allSatisfy(\.isFinite) else {
            let task = run.tasks[job.task]
            let row = task.rows[job.row].row
            throw RunFailure(
                "\(task.files[row.file].path):\(row.line): \(contestants[number].described.name) gives values that are not numbers"
            )
        }
        try contestants[number].journal.add(outcome, of: job.fingerprint)
        done += Double(job.item.cost)
    }

    // MARK: - Likelihoods

    /// Losses, choices and divergences of one contestant.
    func likelihoods(of number: Int) throws {
        for task in run.tasks.indices {
            let jobs = needed[number].filter { $0.task == task }
            try losses(jobs, number, task)
            try choices(jobs, number, task)
            try divergences(jobs, number, task)
        }
    }

    private func losses(_ jobs: [EvaluationRun.Job], _ number: Int, _ task: Int) throws {
        let pass = LikelihoodPass(
            model: contestants[number].transformer, precision: run.precision, limits: run.limits)
        let own = jobs.compactMap { job in if case .loss(let samples) = job.item { (job, samples) } else { nil } }
        try sums(own, number, task) { samples, done in try pass.losses(samples, done: done) }
    }

    private func divergences(_ jobs: [EvaluationRun.Job], _ number: Int, _ task: Int) throws {
        let pass = LikelihoodPass(
            model: contestants[number].transformer, precision: run.precision, limits: run.limits)
        let own = jobs.compactMap { job in if case .divergence(let samples) = job.item { (job, samples) } else { nil } }
        try sums(own, number, task) { samples, done in
            try pass.divergences(from: contestants[0].transformer, samples, done: done)
        }
    }

    /// Adds up what comes of samples by the job that they belong to; a job is noted when its last sample is done.
    private func sums(
        _ jobs: [(job: EvaluationRun.Job, samples: [Sample])], _ number: Int, _ task: Int,
        _ measure: ([Sample], (Range<Int>, [Double]) throws -> Void) throws -> Void
    ) throws {
        if jobs.isEmpty { return }
        let owners = jobs.indices.flatMap { at in jobs[at].samples.map { _ in at } }
        var left = jobs.map(\.samples.count)
        var totals = [Double](repeating: 0, count: jobs.count)
        var finished = 0
        try tell(contestants[number].described.name, task, 0, jobs.count)
        try measure(jobs.flatMap(\.samples)) { range, values in
            for (at, value) in zip(range, values) {
                let owner = owners[at]
                totals[owner] += value
                left[owner] -= 1
                if left[owner] > 0 { continue }
                try note(WorkOutcome([totals[owner]]), jobs[owner].job, number)
                finished += 1
            }
            try tell(contestants[number].described.name, task, finished, jobs.count)
        }
    }

    private func choices(_ jobs: [EvaluationRun.Job], _ number: Int, _ task: Int) throws {
        var own: [EvaluationRun.Job] = []
        var questions: [ChoicePass.Question] = []
        for job in jobs {
            guard case .choices(let prompt, let continuations) = job.item else { continue }
            own.append(job)
            questions.append((prompt, continuations))
        }
        if own.isEmpty { return }
        let name = contestants[number].described.name
        try tell(name, task, 0, own.count)
        let pass = ChoicePass(model: contestants[number].transformer, precision: run.precision, limits: run.limits)
        try pass.run(questions) { range, values in
            for (at, values) in zip(range, values) { try note(WorkOutcome(values), own[at], number) }
            try tell(name, task, range.upperBound, own.count)
        }
    }

    // MARK: - Answers

    /// What is written: by contestants together that differ in their adapters alone, by every other for itself.
    func answers() throws {
        let teams = teams()
        for task in run.tasks.indices {
            for (numbers, model) in teams { try answers(task, numbers, with: model) }
        }
    }

    private func teams() -> [(numbers: [Int], model: Transformer)] {
        var teams: [[Int]] = []
        for number in contestants.indices {
            let own = contestants[number].transformer
            let team = teams.firstIndex { run.answersTogether && own.canJoin(contestants[$0[0]].transformer) }
            if let team { teams[team].append(number) } else { teams.append([number]) }
        }
        return teams.map { numbers in
            let models = numbers.map { contestants[$0].transformer }
            return (numbers, models.count == 1 ? models[0] : Transformer(joining: models))
        }
    }

    private func answers(_ task: Int, _ numbers: [Int], with model: Transformer) throws {
        var owners: [(number: Int, job: EvaluationRun.Job)] = []
        var requests: [GenerationRequest] = []
        let own = numbers.map { number in needed[number].filter { $0.task == task } }
        // In turn, so that all share the first passes over the weights whatever their lengths.
        for at in 0..<(own.map(\.count).max() ?? 0) {
            for (set, jobs) in own.enumerated() where at < jobs.count {
                guard case .answer(var request) = jobs[at].item else { continue }
                request.adapterSet = set
                owners.append((numbers[set], jobs[at]))
                requests.append(request)
            }
        }
        if requests.isEmpty { return }
        let names = numbers.map { contestants[$0].described.name }
        let name = names.count > 2 ? "\(names[0]) and \(names.count - 1) more" : names.joined(separator: " and ")
        var finished = 0
        let generator = Generator(
            model, tokenizer: run.tokenizer, precision: run.precision, cacheBytes: run.limits.cacheBytes)
        _ = try generator.run(
            requests,
            onToken: { _, _, _ in
                try tell(name, task, finished, requests.count)
                return true
            },
            onEnd: { at, answer in
                finished += 1
                try note(WorkOutcome(answer), owners[at].job, owners[at].number)
            })
    }
}
