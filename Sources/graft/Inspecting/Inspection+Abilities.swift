import Diagnostics
import Exports
import Kernels
import Models
import OrderedJSON
import WeightFiles

extension Inspection {
    /// What a model takes in memory and what can be made of it.
    mutating func addAbilities(_ files: ModelFiles) {
        let config = files.description.config
        let (total, active) = (config.parameterCount, config.activeParameterCount)
        add("parameters", total)
        if active != total {
            add(
                "active_parameters", .integer(active),
                text: "\(CountText.of(active)) a token: \(files.mixtureText ?? "")")
        }
        let sizes = files.sizes
        add(
            "memory", .object(JSONObject(sizes.map { ($0.name, .integer($0.bytes)) })),
            text: sizes.map { "\($0.name == "as_stored" ? "as stored" : $0.name) \(ByteText.of($0.bytes))" }
                .joined(separator: ", "))
        add("linear_modules", .array(files.linearModuleNames.map(JSONValue.string)))
        let parameters = files.expertParameterNames
        if !parameters.isEmpty { add("expert_parameters", .array(parameters.map(JSONValue.string))) }
        let obstacle = files.fullTuningProblems.first?.message
        add(
            "trains", .array(["lora"] + (obstacle == nil ? ["full"] : [])),
            text: "lora" + (obstacle.map { "; not in full: \($0)" } ?? ", full"))
        let exports = Exportability.all(files)
        let possible = exports.filter { $0.obstacle == nil }.map(\.target).joined(separator: ", ")
        let impossible = Set(exports.compactMap(\.obstacle)).sorted().map { obstacle in
            "; not " + exports.filter { $0.obstacle == obstacle }.map(\.target).joined(separator: ", ")
                + ": \(obstacle)"
        }
        add(
            "exports", .object(JSONObject(exports.map { ($0.target, $0.obstacle.map(JSONValue.string) ?? true) })),
            text: possible + impossible.joined())
    }
}

extension ModelFiles {
    /// `2 of 8 experts`
    fileprivate var mixtureText: String? {
        for layer in description.config.layers {
            if case .experts(let experts) = layer.feedForward {
                return "\(experts.perToken) of \(experts.count) experts"
                    + (experts.shared == nil ? "" : " and a shared one")
            }
        }
        return nil
    }

    /// Bytes of the weights as stored, and of all held in one format: matrices in it, where its blocks fill their rows,
    /// what remains in f32.
    fileprivate var sizes: [(name: String, bytes: Int)] {
        func bytes(_ format: ElementFormat) -> Int {
            plan.modules.reduce(0) { sum, module in
                let (shape, bias) = (module.storedShape, module.shape.bias ?? 0)
                let (rows, columns) = (shape.dropLast().reduce(1, *), shape.last ?? 1)
                let fits = shape.count > 1 && columns % format.blockSize == 0
                return sum + bias * 4 + rows * (fits ? format.rowBytes(columns) : columns * 4)
            }
        }
        let stored = plan.modules.reduce(0) { sum, module in
            let names = [module.name.weight] + (module.shape.bias == nil ? [] : [module.name.bias])
            return sum + names.reduce(0) { $0 + storedBytes($1) }
        }
        let formats: [(String, ElementFormat)] = [
            ("f32", .f32), ("bf16", .bf16), ("q8_0", .q8_0), ("q4_k", .q4_k), ("nf4", .nf4),
        ]
        return (source == nil ? [] : [("as_stored", stored)]) + formats.map { ($0.0, bytes($0.1)) }
    }

    private func storedBytes(_ name: String) -> Int {
        if let scaled = scaled[name] { return scaled.values.range.count + scaled.scales.range.count }
        return source?[name]?.range.count ?? 0
    }

    /// What a recipe's target_parameters can name.
    fileprivate var expertParameterNames: [String] {
        plan.parameters.map { $0.name.path.split(separator: ".").suffix(3).joined(separator: ".") }
            .reduce(into: []) { names, name in if !names.contains(name) { names.append(name) } }
    }
}
