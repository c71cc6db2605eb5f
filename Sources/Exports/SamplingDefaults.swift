import Foundation
import Models
import OrderedJSON
import WeightFiles

/// How a model's files ask for it to be sampled; runtimes keep such defaults with a model.
struct SamplingDefaults {
    /// One setting, in the words of three formats.
    private struct Setting {
        /// In generation_config.json.
        let name: String
        /// In a GGUF file, after `general.sampling.`.
        let inGGUF: String
        /// In a Modelfile.
        let inModelfile: String
        /// Whether it counts something.
        var isCount = false

        /// A value, where it is one.
        func value(_ number: Double?) -> (Setting, Double)? {
            guard let number, isCount ? Int32(exactly: number) != nil : number.isFinite else { return nil }
            return (self, number)
        }
    }

    private static let settings = [
        Setting(name: "temperature", inGGUF: "temp", inModelfile: "temperature"),
        Setting(name: "top_k", inGGUF: "top_k", inModelfile: "top_k", isCount: true),
        Setting(name: "top_p", inGGUF: "top_p", inModelfile: "top_p"),
        Setting(name: "min_p", inGGUF: "min_p", inModelfile: "min_p"),
        Setting(name: "repetition_penalty", inGGUF: "penalty_repeat", inModelfile: "repeat_penalty"),
    ]

    private let values: [(setting: Setting, value: Double)]

    /// What generation_config.json says, or a GGUF file's metadata. Nothing where the model is to be greedy.
    ///
    /// - Throws: ``Problem`` when generation_config.json is no JSON.
    init(_ files: ModelFiles) throws {
        guard files.isDirectory else {
            let metadata = try GGUFFile.open(files.path).metadata
            values = Self.settings.compactMap { setting in
                // f32, as which it is stored, says 0.699999988 for 0.7.
                setting.value(
                    metadata["general.sampling.\(setting.inGGUF)"]?.doubleValue.flatMap { Double("\(Float($0))") })
            }
            return
        }
        let path = files.path + "/generation_config.json"
        guard FileManager.default.fileExists(atPath: path) else {
            values = []
            return
        }
        let json = try JSONValue(contentsOfFile: path)
        let isGreedy = json["do_sample"]?.boolValue == false
        values = isGreedy ? [] : Self.settings.compactMap { $0.value(json[$0.name]?.doubleValue) }
    }

    /// Adds them to a GGUF file's metadata, as llama.cpp's converter does.
    func write(to metadata: inout GGUFMetadata) {
        for (setting, value) in values {
            metadata["general.sampling.\(setting.inGGUF)"] =
                setting.isCount ? .int32(Int32(value)) : .float32(Float(value))
        }
    }

    /// Lines of a Modelfile.
    var modelfileLines: [String] {
        values.map { setting, value in
            "PARAMETER \(setting.inModelfile) \(setting.isCount ? "\(Int(value))" : "\(value)")"
        }
    }
}
