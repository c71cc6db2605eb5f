import ArgumentParser
import Diagnostics
import Exports
import OrderedJSON

/// `graft inspect`: what a model, adapter, checkpoint, run or GGUF holds.
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Tells what a model, adapter, checkpoint, run, safetensors or GGUF file holds.",
        discussion: """
            Only headers are read. What cannot be used is named too, and the status is 2 then. With --ollama the path is \
            found in Ollama's store ($OLLAMA_MODELS, or ~/.ollama/models); the file it names can be given to --model.
            """)

    @Argument(help: "A directory or file.")
    var path: String?

    @Option(help: "A model in Ollama's store, named as for ollama run.")
    var ollama: String?

    @Flag(help: "Write one JSON object, with every tensor.")
    var json = false

    func validate() throws {
        guard (path == nil) != (ollama == nil) else { throw ValidationError("Give a path, or --ollama NAME.") }
    }

    func run() throws {
        var inspection: Inspection
        if let ollama {
            let model = try OllamaStore.standard().model(ollama)
            inspection = try Inspection.of(model.weights)
            inspection.add(model)
        } else {
            inspection = try Inspection.of(path ?? "")
        }
        try Output.line(json ? inspection.json.serialized() : inspection.text)
        try Output.flush()
        try Problems(inspection.problems).throwIfAny()
    }
}

extension Inspection {
    /// What Ollama adds to a file: how prompts look, where answers end.
    fileprivate mutating func add(_ model: OllamaStore.Model) {
        add("ollama", model.name)
        add("template", model.template)
        add("system", model.system)
        if let parameters = model.parameters { add("parameters_set", parameters) }
        if !model.adapters.isEmpty { add("adapters", .array(model.adapters.map(JSONValue.string))) }
        if !model.projectors.isEmpty { add("projectors", .array(model.projectors.map(JSONValue.string))) }
        let licenses = model.licenses.compactMap { $0.split(whereSeparator: \.isNewline).first.map(String.init) }
        if !licenses.isEmpty { add("licenses", .array(licenses.map(JSONValue.string))) }
    }
}
