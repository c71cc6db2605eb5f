import Diagnostics
import Foundation
import SafeFiles

/// What no key can check alone: keys that contradict each other, and the files they name.
struct RecipeRules {
    let given: GivenKeys
    let checkingFiles: Bool

    /// Applies every rule; takes over what `adapter.init_from` fixes.
    func apply(to recipe: inout Recipe, _ mistakes: inout [Mistake]) {
        length(&recipe, &mistakes)
        rates(recipe, &mistakes)
        method(recipe, &mistakes)
        evaluation(recipe, &mistakes)
        if checkingFiles {
            files(recipe, &mistakes)
            adoptAdapter(&recipe, &mistakes)
        }
    }

    /// A mistake at what was given for a key; none when the key was not given.
    private func complain(_ path: String, _ message: String, _ advice: String?, _ mistakes: inout [Mistake]) {
        guard let setting = given[path], !setting.isNull else { return }
        mistakes.append(Mistake(place: setting.place, message: message, advice: advice))
    }

    private func length(_ recipe: inout Recipe, _ mistakes: inout [Mistake]) {
        if recipe.train.steps != nil {
            if given.states("train.epochs"), recipe.train.epochs != nil {
                complain(
                    "train.epochs", "both train.epochs and train.steps are given", "keep the one that shall decide",
                    &mistakes)
            }
            recipe.train.epochs = nil
        } else if recipe.train.epochs == nil {
            recipe.train.epochs = Recipe().train.epochs
        }
        if let micro = recipe.train.microBatchSize, micro > recipe.train.batchSize {
            complain(
                "train.micro_batch_size",
                "train.micro_batch_size is \(micro), more than the \(recipe.train.batchSize) of train.batch_size",
                "it is the part of a batch that is in memory at once", &mistakes)
        }
    }

    private func rates(_ recipe: Recipe, _ mistakes: inout [Mistake]) {
        let train = recipe.train
        if train.minLearningRate > train.learningRate {
            complain(
                "train.min_learning_rate",
                "train.min_learning_rate is \(train.minLearningRate), above train.learning_rate \(train.learningRate)",
                "the schedule falls from the one to the other", &mistakes)
        } else if train.scheduler == .constant, train.minLearningRate > 0 {
            complain(
                "train.min_learning_rate", "train.min_learning_rate has no meaning with a constant schedule",
                "remove it or choose train.scheduler: cosine", &mistakes)
        }
    }

    private func method(_ recipe: Recipe, _ mistakes: inout [Mistake]) {
        let adapter = recipe.adapter
        if adapter.method == .full {
            for key in RecipeKey.all where key.section == "adapter" && key.name != "method" {
                complain(
                    key.path, "\(key.path) has no meaning with adapter.method: full", "remove it, or train a lora",
                    &mistakes)
            }
            if recipe.base.quantize != .none {
                complain(
                    "base.quantize", "a quantised base cannot be trained in full", "remove it, or train a lora",
                    &mistakes)
            }
        }
        if case .pattern = adapter.targetModules, adapter.layersToTransform != nil {
            complain(
                "adapter.layers_to_transform", "adapter.layers_to_transform does not go with a regular expression",
                "say the blocks in adapter.target_modules, as PEFT wants it", &mistakes)
        }
        if case .allLinear? = adapter.excludeModules {
            complain("adapter.exclude_modules", "every linear layer is excluded", "nothing would be trained", &mistakes)
        }
    }

    private func evaluation(_ recipe: Recipe, _ mistakes: inout [Mistake]) {
        guard !given.states("data.eval"), recipe.evaluate.tasks.isEmpty else { return }
        let unchanged = Recipe()
        for key in RecipeKey.all where ["evaluate.every", "evaluate.metric", "evaluate.patience"].contains(key.path) {
            guard key.write(recipe) != key.write(unchanged) else { continue }
            let path = key.path
            complain(
                path, "\(path) is given, but there is nothing to evaluate on", "give data.eval: held-out rows",
                &mistakes)
        }
    }
}

// MARK: - Files

extension RecipeRules {
    private func files(_ recipe: Recipe, _ mistakes: inout [Mistake]) {
        require(
            recipe.model, .any, for: "model", &mistakes,
            advice: "graft downloads nothing: give a Hugging Face directory or a GGUF file on this machine")
        for file in recipe.data.train { require(file.path, .file, for: "data.train", &mistakes) }
        for file in recipe.data.eval ?? [] { require(file, .file, for: "data.eval", &mistakes) }
        for file in recipe.evaluate.tasks { require(file, .file, for: "evaluate.tasks", &mistakes) }
        if case .file(let path) = recipe.data.template {
            require(path, .file, for: "data.template", &mistakes, advice: "or write auto or none")
        }
        if isShellPath(recipe.output), !FileManager.default.fileExists(atPath: recipe.output) {
            complain("output", "a directory named '\(recipe.output)' would be made", Self.shellAdvice, &mistakes)
        }
        for (path, key) in [(recipe.model, "model"), (recipe.adapter.initFrom ?? "", "adapter.init_from")] {
            guard WritablePlace.isSame(path, recipe.output) else { continue }
            complain(
                "output", "the output directory is also \(key)", "choose another; inputs are never written to",
                &mistakes)
        }
    }

    /// Whether a path begins with what a shell would replace: `~` or a variable.
    private func isShellPath(_ path: String) -> Bool { path.hasPrefix("~") || path.hasPrefix("$") }

    private static let shellAdvice = "only a shell replaces ~ and variables: write the path in full"

    private enum Expected { case file, directory, any }

    private func require(
        _ path: String, _ expected: Expected, for key: String, _ mistakes: inout [Mistake],
        advice: String = "paths are relative to the current directory"
    ) {
        guard !path.isEmpty, let setting = given[key] else { return }
        let place = setting.place(of: path) ?? setting.place
        var isDirectory: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
        if !exists {
            let advice = isShellPath(path) ? Self.shellAdvice : advice
            mistakes.append(Mistake(place: place, message: "'\(path)' does not exist", advice: advice))
        } else if expected == .file && isDirectory.boolValue {
            mistakes.append(Mistake(place: place, message: "'\(path)' is a directory", advice: "give a file"))
        } else if expected == .directory && !isDirectory.boolValue {
            mistakes.append(Mistake(place: place, message: "'\(path)' is no directory"))
        } else if !FileManager.default.isReadableFile(atPath: path) {
            mistakes.append(Mistake(place: place, message: "'\(path)' may not be read by this user"))
        }
    }

    /// The rank, alpha, rslora, patterns and targets of `adapter.init_from` hold; what the recipe says otherwise is
    /// wrong.
    private func adoptAdapter(_ recipe: inout Recipe, _ mistakes: inout [Mistake]) {
        guard let directory = recipe.adapter.initFrom, recipe.adapter.method == .lora else { return }
        let before = mistakes.count
        require(
            directory, .directory, for: "adapter.init_from", &mistakes,
            advice: "give the directory that holds adapter_config.json")
        guard mistakes.count == before, let setting = given["adapter.init_from"] else { return }
        do {
            let held = try HeldAdapter(directory: directory)
            let stated = recipe.adapter
            held.apply(to: &recipe.adapter)
            for key in HeldAdapter.keys where given.states(key) {
                guard let field = RecipeKey.named(key) else { continue }
                var before = recipe
                before.adapter = stated
                guard field.write(before) != field.write(recipe) else { continue }
                let here = field.write(recipe).map { yamlScalar($0) } ?? "none"
                complain(
                    key, "\(key) contradicts the adapter to continue from, which has \(here)", "remove it here",
                    &mistakes)
            }
        } catch {
            mistakes.append(Mistake(place: setting.place, message: error.message, advice: error.advice))
        }
    }
}

extension Setting {
    /// The place where a text stands within this value.
    fileprivate func place(of text: String) -> Place? {
        switch self {
        case .scalar(let own, _, let place): own == text ? place : nil
        case .list(let elements, _): elements.lazy.compactMap { $0.place(of: text) }.first
        case .mapping(let members, _): members.lazy.compactMap { $0.value.place(of: text) }.first
        }
    }
}
