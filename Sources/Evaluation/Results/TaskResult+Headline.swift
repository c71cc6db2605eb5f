extension TaskResult {
    /// The metric that tells most about the task: the first share (of right answers) that was measured of any row, for
    /// answers are what users see; else perplexity; else the first metric of quality.
    public var headline: Metric? {
        let quality = metrics.filter { metric in
            metric.role == .quality
                && outcomes.contains { $0.contains { ($0.scores[metric.scoresName]?.weight ?? 0) > 0 } }
        }
        return quality.first { $0.scale == .share } ?? quality.first { $0 == .perplexity } ?? quality.first
    }

    /// The metrics worth a column: what was measured of some model and, of changed habits, what occurs at all.
    public var shownMetrics: [Metric] {
        metrics.filter { metric in
            outcomes.indices.contains { model in
                guard let mean = scores(metric, model: model).mean else { return false }
                return metric.role == .quality || mean != 0
            }
        }
    }
}
