import ArgumentParser
import Foundation
import Kernels
import OrderedJSON

/// `graft doctor`: what this machine has and what will be used.
struct DoctorCommand: NumericCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Tells what this machine has, what will be used and why.")

    @Flag(help: "Write one JSON object.")
    var json = false

    func run() throws {
        let findings = DoctorReport.findings()
        if json {
            let members = findings.flatMap(\.values).map { (key: $0.key, value: $0.value) }
            return try Output.line(JSONValue.object(JSONObject(members)).serialized())
        }
        let width = findings.map(\.title.count).max() ?? 0
        for finding in findings {
            try Output.line(finding.title.padding(toLength: width + 2, withPad: " ", startingAt: 0) + finding.text)
        }
    }
}

/// What was found out about the machine.
enum DoctorReport {
    /// One line of the report: for people, and as values for programs.
    struct Finding {
        let title: String
        let text: String
        let values: [(key: String, value: JSONValue)]
    }

    /// Every finding, in reading order.
    static func findings() -> [Finding] {
        [program, processor, kernels, products, precision, threads, memory, hugePages]
    }

    private static var program: Finding {
        Finding(title: "graft", text: Version.text, values: [("version", .string(Version.text))])
    }

    private static var processor: Finding {
        let name = SystemFiles.processor("model name") ?? "unknown"
        let flags = Set((SystemFiles.processor("flags") ?? "").split(separator: " "))
        let known = ["avx2", "fma", "avx512f", "avx512_bf16", "avx512_vnni", "amx_tile", "amx_bf16"]
        let found = known.filter { flags.contains($0[...]) }
        return Finding(
            title: "processor", text: "\(name); \(found.isEmpty ? "no AVX2" : found.joined(separator: " "))",
            values: [
                ("processor", .string(name)), ("features", .array(found.map(JSONValue.string))),
                ("processors", .integer(Machine.processors)),
            ])
    }

    private static var kernels: Finding {
        let names = [4: "AVX-512", 3: "AVX2"]
        let cap = ["GRAFT_MAX_LEVEL", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"].first {
            SystemFiles.environment($0) != nil
        }
        return Finding(
            title: "own kernels",
            text: (names[Machine.kernelLevel] ?? "baseline") + (cap.map { ", as \($0) asks" } ?? ""),
            values: [("kernel_level", .integer(Machine.kernelLevel))])
    }

    private static var products: Finding {
        let engine = ProductEngine.chosen
        let reason =
            SystemFiles.environment("GRAFT_MATMUL") == nil
            ? "the fastest wherever it was measured" : "as GRAFT_MATMUL asks"
        let (name, other) =
            switch engine {
            case .graft where Machine.hasBF16 && !Product.hasOwnTiles(.bf16):
                ("own kernel for large ones in f32, oneDNN for the others", "")
            case .graft: ("own kernel for large ones, oneDNN for the others", "")
            case .onednn: ("oneDNN", "")
            case .openblas: ("OpenBLAS", "; bf16 always runs on oneDNN")
            }
        return Finding(
            title: "products",
            text: "\(name): \(reason)\(other) (oneDNN \(Machine.oneDNNVersion),"
                + " \(Machine.openBLASVersion))",
            values: [
                ("engine", .string(engine.rawValue)), ("onednn", .string(Machine.oneDNNVersion)),
                ("openblas", .string(Machine.openBLASVersion)),
            ])
    }

    private static var precision: Finding {
        let automatic = Precision.automatic
        return Finding(
            title: "precision",
            text: automatic == .bf16
                ? "bf16: the processor multiplies it natively; sums stay f32"
                : "f32: this processor would emulate bf16 at a third of the speed",
            values: [("precision", .string(automatic.rawValue)), ("native_bf16", .bool(Machine.hasBF16))])
    }

    private static var threads: Finding {
        let threads = Threads.preferred
        let spin = SystemFiles.environment("GOMP_SPINCOUNT")
        let policy = SystemFiles.environment("OMP_WAIT_POLICY")
        let waiting =
            spin.map { "idle ones spin \($0) times" } ?? policy.map { "OMP_WAIT_POLICY=\($0)" }
            ?? "libgomp's own waiting"
        return Finding(
            title: "threads", text: "\(threads.count): \(threads.reason); \(waiting)",
            values: [
                ("threads", .integer(threads.count)), ("threads_reason", .string(threads.reason)),
                ("gomp_spincount", spin.flatMap { Int($0) }.map(JSONValue.integer) ?? .null),
                ("omp_wait_policy", policy.map(JSONValue.string) ?? .null),
            ])
    }

    private static var memory: Finding {
        let limit = SystemFiles.memoryLimit
        let available = SystemFiles.availableMemory
        return Finding(
            title: "memory",
            text: "\(ByteText.of(Machine.memory))" + (available.map { ", \(ByteText.of($0)) available" } ?? "")
                + (limit.map { "; this container may use \(ByteText.of($0))" } ?? ""),
            values: [
                ("memory_bytes", .integer(Machine.memory)),
                ("available_bytes", available.map(JSONValue.integer) ?? .null),
                ("limit_bytes", limit.map(JSONValue.integer) ?? .null),
            ])
    }

    private static var hugePages: Finding {
        // The chosen word stands in brackets: "always [madvise] never".
        let setting = SystemFiles.text("/sys/kernel/mm/transparent_hugepage/enabled")
        let chosen = setting?.split(separator: "[").dropFirst().first?.split(separator: "]").first.map(String.init)
        let text =
            switch chosen {
            case "always", "madvise": "granted on request (\(chosen ?? ""))"
            case "never": "switched off: the first step is slower"
            default: "unknown"
            }
        return Finding(
            title: "huge pages", text: text, values: [("huge_pages", chosen.map(JSONValue.string) ?? .null)])
    }
}
