import CKernels
import COneDNN
import COpenBLAS
import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// What this machine can do, read once at start.
public enum Machine {
    /// Whether products in bfloat16 run natively; without it oneDNN would emulate them at a third of the f32 speed.
    public static let hasBF16 = graft_has_bf16() != 0 && ProductEngine.chosen != .openblas
    /// 4: AVX-512 kernels, 3: AVX2, 1: baseline.
    public static let kernelLevel = Int(graft_level())
    /// Memory of the machine in bytes.
    public static let memory = Int(sysconf(Int32(_SC_PHYS_PAGES))) * Int(sysconf(Int32(_SC_PAGESIZE)))
    /// Bytes of addresses that this process may reserve and map (`ulimit -v`); nil where nothing limits them.
    static let addressLimit: Int? = {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0 else { return nil }
        return Int(exactly: limit.rlim_cur)
    }()
    /// Processors this process may use.
    public static let processors = max(1, ProcessInfo.processInfo.activeProcessorCount)
    /// oneDNN's version, e.g. "2.6".
    public static let oneDNNVersion = "\(graft_dnn_version() / 100).\(graft_dnn_version() % 100)"

    /// OpenBLAS's version and build, e.g. "OpenBLAS 0.3.21 DYNAMIC_ARCH", with the core it chose.
    public static let openBLASVersion =
        String(cString: openblas_get_config()).split(separator: " ").prefix(2).joined(separator: " ")
        + " on " + String(cString: openblas_get_corename())

    /// The largest resident memory this process has had, in bytes.
    public static var peakMemory: Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return Int(usage.ru_maxrss) * 1024
    }

    /// Resident memory of this process: now, the share of it that belongs to no file, and the most there has been.
    ///
    /// Unlike ``peakMemory`` this does not count what the process was before it became this program.
    public static var resident: (now: Int, anonymous: Int, peak: Int) {
        let text = FileManager.default.contents(atPath: "/proc/self/status").map { String(decoding: $0, as: UTF8.self) }
        func bytes(_ key: String) -> Int {
            let line = text?.split(separator: "\n").first { $0.hasPrefix(key + ":") }
            return (line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0) * 1024
        }
        return (bytes("VmRSS"), bytes("RssAnon"), max(bytes("VmHWM"), bytes("VmRSS")))
    }
}
