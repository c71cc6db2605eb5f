import Diagnostics
import Models

/// What a model, or an adapter trained on it, can be written as.
public struct PossibleExport: Sendable, Equatable {
    /// The word of the command line: `merge`, or a value of `graft export --to`.
    public let kind: String
    /// Why not, or nil when it can.
    public let obstacle: String?

    /// Every kind there is, for one model. What depends on the adapter is told when it is exported.
    public static func all(of files: ModelFiles) -> [PossibleExport] {
        let scaled = files.scaled.values.first.map { "its weights are stored as \($0.formatName)" }
        let directory = files.isDirectory ? nil : "it is a GGUF file"
        var architecture: String?
        do { _ = try GGUFSettings(files, name: "") } catch let problem as Problem {
            architecture = problem.message
        } catch let problems as Problems {
            architecture = problems.list.map(\.message).joined(separator: "; ")
        } catch { architecture = "\(error)" }
        return [
            PossibleExport(kind: "peft", obstacle: nil),
            PossibleExport(kind: "merge", obstacle: directory ?? scaled),
            PossibleExport(kind: "mlx", obstacle: directory),
            PossibleExport(kind: "gguf-lora", obstacle: architecture),
            PossibleExport(kind: "gguf", obstacle: architecture ?? scaled),
            PossibleExport(kind: "ollama", obstacle: architecture ?? scaled),
        ]
    }
}
