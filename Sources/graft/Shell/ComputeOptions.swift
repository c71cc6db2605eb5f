import ArgumentParser
import Kernels
import Logging

/// `--precision` and `--threads`, which every command takes that runs a model.
struct ComputeOptions: ParsableArguments {
    @Option(help: "Type of the products' operands (default: bf16 where the processor has it).")
    var precision: Precision?

    @Option(parsing: .unconditional, help: "How many threads compute (default: all processors this process may use).")
    var threads: Int?

    /// Threads that anyone may ask for.
    static let mostThreads = 1024

    mutating func validate() throws {
        if let threads { try FlagRange.check("--threads", threads, to: Self.mostThreads) }
    }

    /// Sets the threads and gives the operand type; `preferred` holds where no flag was given.
    func start(preferred: Precision? = nil) -> ElementType {
        Pool.use(threads: threads ?? Threads.preferred.count)
        let choice = precision ?? preferred ?? .automatic
        if choice == .bf16 && !Machine.hasBF16 {
            log.warning("this processor has no bfloat16 products: --precision f32 is faster here")
        }
        return choice == .bf16 ? .bf16 : .f32
    }
}

/// The type of the operands of matrix products, as flags and recipes name it.
enum Precision: String, ExpressibleByArgument, CaseIterable {
    case f32, bf16

    /// What is used unless told otherwise.
    static var automatic: Precision { Machine.hasBF16 ? .bf16 : .f32 }
}

/// How many threads compute unless told otherwise.
enum Threads {
    /// The number, and where it comes from.
    static let preferred: (count: Int, reason: String) = {
        if let wanted = SystemFiles.environment("OMP_NUM_THREADS") {
            return (Pool.threads, "OMP_NUM_THREADS=\(wanted)")
        }
        let processors = Machine.processors
        guard let quota = SystemFiles.processorQuota, quota < Double(processors) else {
            return (processors, "processors this process may use")
        }
        return (max(1, Int(quota.rounded(.up))), "the container's processor quota of \(quota)")
    }()
}
