import Diagnostics

extension Recipe {
    /// What `evaluate.tasks` names: files of rows with the defaults, and the tasks of suites. Their gates are for
    /// `graft eval`.
    ///
    /// - Throws: ``Problems`` with every mistake in the suites.
    public func evaluationTasks() throws -> [TaskSettings] {
        var problems = Problems([])
        var tasks: [TaskSettings] = []
        for path in evaluate.tasks {
            guard path.hasSuffix(".yaml") || path.hasSuffix(".yml") else {
                tasks.append(TaskSettings(data: [path]))
                continue
            }
            tasks += try problems.collect { try Suite.load(path: path).tasks } ?? []
        }
        try problems.throwIfAny()
        return tasks
    }
}

extension TaskSettings {
    /// Every file that it names to be read.
    public var inputs: [String] {
        var paths = data + [fewShot?.data, schema].compactMap { $0 }
        if case .file(let template)? = template { paths.append(template) }
        return paths
    }
}
