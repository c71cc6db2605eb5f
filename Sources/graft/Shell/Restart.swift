import Foundation

/// Settings that libraries read while they are loaded, before any of our code runs: the program sets them and starts
/// itself again, once.
enum Restart {
    /// - `GOMP_SPINCOUNT`: how long an idle thread of the pool spins before it sleeps. libgomp's own choice makes a
    ///   step three times slower when another process is busy; this costs nothing on a quiet machine
    ///   (docs/performance.md).
    /// - `OPENBLAS_NUM_THREADS`: OpenBLAS runs inside our pool and needs no threads of its own.
    private static let settings = ["GOMP_SPINCOUNT": "3000", "OPENBLAS_NUM_THREADS": "1"]
    private static let guardVariable = "GRAFT_RESTARTED"

    /// Starts the program again with the settings that are not set, keeping process number, files and arguments.
    /// Where that is not possible the program goes on without them.
    static func withThreadSettings() {
        let environment = ProcessInfo.processInfo.environment
        if environment[guardVariable] != nil { return }
        // Who chose a wait policy has chosen how threads spin.
        let missing = settings.filter {
            environment[$0.key] == nil && !($0.key == "GOMP_SPINCOUNT" && environment["OMP_WAIT_POLICY"] != nil)
        }
        if missing.isEmpty { return }
        for (name, value) in missing { setenv(name, value, 1) }
        setenv(guardVariable, "1", 1)
        var arguments = CommandLine.arguments.map { strdup($0) } + [nil]
        execv("/proc/self/exe", &arguments)
        for argument in arguments { free(argument) }
    }
}
