import Diagnostics
import Foundation

extension Recipe {
    /// Reads and checks the recipe in a file.
    ///
    /// - Parameters:
    ///   - overrides: the words after each `--set`, such as `adapter.rank=8`; later ones win.
    ///   - checkingFiles: whether the files the recipe names must exist (relative to the current directory, as typed).
    /// - Throws: ``Problem`` when the file cannot be read as YAML, otherwise ``Problems`` with every mistake in it.
    public static func load(
        path: String, overrides: [String] = [], checkingFiles: Bool = true
    ) throws -> Recipe {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw Problem(
                FileManager.default.fileExists(atPath: path) ? "is no file that can be read" : "does not exist",
                file: path,
                advice: "give the path of a YAML file; the keys are listed in docs/reference.md")
        }
        guard let text = String(data: bytes, encoding: .utf8) else { throw Problem("is not UTF-8 text", file: path) }
        return try read(text, file: path, overrides: overrides, checkingFiles: checkingFiles)
    }

    /// Reads and checks a recipe given as text; `file` is what mistakes are reported under.
    public static func read(
        _ text: String, file: String, overrides: [String] = [], checkingFiles: Bool = true
    ) throws -> Recipe {
        let source = RecipeSource(file: file, text: text)
        var mistakes: [Mistake] = []
        let document = try source.settings(of: text, &mistakes)
        var given = GivenKeys(document, &mistakes)
        for override in overrides { given.apply(override, &mistakes) }

        var recipe = Recipe()
        for key in RecipeKey.all {
            if let setting = given[key.path] {
                key.read(setting, &recipe, &mistakes)
            } else if key.isRequired {
                mistakes.append(
                    Mistake(
                        place: given.placeOfSection(key.section), message: "'\(key.path)' is missing",
                        advice: "it is the \(key.meaning)"))
            }
        }
        RecipeRules(given: given, checkingFiles: checkingFiles).apply(to: &recipe, &mistakes)
        try Problems(mistakes.sorted(by: inOrder).map { $0.problem(in: source) }).throwIfAny()
        return recipe
    }
}

/// Mistakes in the order of the file; those of the command line last.
private func inOrder(_ a: Mistake, _ b: Mistake) -> Bool {
    switch (a.place, b.place) {
    case (.file(let line, let column), .file(let otherLine, let otherColumn)): (line, column) < (otherLine, otherColumn)
    case (.file, .flag): true
    default: false
    }
}

/// The settings a recipe and the command line give, by the path of their key.
struct GivenKeys {
    private var settings: [String: Setting] = [:]
    private var sections: [String: Place] = [:]

    /// The keys of a document; unknown ones become mistakes.
    init(_ document: Setting?, _ mistakes: inout [Mistake]) {
        guard let document, !document.isNull else { return }
        guard case .mapping(let members, _) = document else {
            mistakes.append(.expected("keys and values, such as 'model: DIR'", document))
            return
        }
        for member in members {
            if RecipeKey.named(member.key) != nil {
                settings[member.key] = member.value
            } else if RecipeKey.sections.contains(member.key) {
                add(section: member, &mistakes)
            } else {
                mistakes.append(.unknown(member, in: ""))
            }
        }
    }

    private mutating func add(section: SettingMember, _ mistakes: inout [Mistake]) {
        sections[section.key] = section.keyPlace
        if section.value.isNull { return }
        guard case .mapping(let members, _) = section.value else {
            mistakes.append(.expected("keys and values below '\(section.key)'", section.value))
            return
        }
        for member in members {
            let path = "\(section.key).\(member.key)"
            if RecipeKey.named(path) != nil {
                settings[path] = member.value
            } else {
                mistakes.append(.unknown(member, in: section.key))
            }
        }
    }

    /// Lets the words after `--set` replace or add a key.
    mutating func apply(_ override: String, _ mistakes: inout [Mistake]) {
        guard let equals = override.firstIndex(of: "=") else {
            mistakes.append(
                Mistake(place: .flag(override), message: "has no '='", advice: "write --set key.path=value"))
            return
        }
        let path = override[..<equals].trimmingCharacters(in: .whitespaces)
        guard RecipeKey.named(path) != nil else {
            if let key = RecipeKey.all.first(where: { $0.section == path }), !path.isEmpty {
                mistakes.append(
                    Mistake(
                        place: .flag(override), message: "'\(path)' has keys and no value",
                        advice: "write --set \(key.path)=value, or another of its keys"))
                return
            }
            let parts = path.split(separator: ".", maxSplits: 1).map(String.init)
            let section = parts.count == 2 ? parts[0] : ""
            let member = SettingMember(
                key: parts.last ?? "", keyPlace: .flag(override), value: .scalar("", isPlain: true, .flag(override)))
            mistakes.append(.unknown(member, in: section, shown: path))
            return
        }
        do {
            let value = String(override[override.index(after: equals)...])
            settings[path] = try RecipeSource.setting(ofFlag: override, value: value)
            // Epochs and steps both say how long: the flag wins over the file.
            let rival = ["train.epochs": "train.steps", "train.steps": "train.epochs"][path]
            if let rival, case .file? = settings[rival]?.place { settings[rival] = nil }
        } catch {
            mistakes.append(error)
        }
    }

    /// What was given for a key.
    subscript(path: String) -> Setting? { settings[path] }

    /// Whether a value other than null was given for a key.
    func states(_ path: String) -> Bool { settings[path].map { !$0.isNull } ?? false }

    /// Where a key missing from a section would stand.
    func placeOfSection(_ section: String) -> Place { sections[section] ?? .file(line: 1, column: 1) }
}

extension Mistake {
    /// A key that no recipe has, with the one probably meant.
    static func unknown(_ member: SettingMember, in section: String, shown: String? = nil) -> Mistake {
        Mistake(
            place: member.keyPlace, message: "unknown key '\(shown ?? member.key)'",
            advice: meant(by: member.key, in: section).map { "did you mean '\(shown == nil ? $0.short : $0.full)'?" }
                ?? "docs/reference.md lists the keys")
    }

    /// A member that a nested mapping does not have.
    static func unknown(_ member: SettingMember, among names: [String]) -> Mistake {
        Mistake(
            place: member.keyPlace, message: "unknown key '\(member.key)'",
            advice: suggestion(for: member.key, among: names).map { "did you mean '\($0)'?" }
                ?? "the keys are " + names.joined(separator: ", "))
    }

    /// The key meant by a word: known under this name elsewhere or in another program, else spelled alike.
    private static func meant(by word: String, in section: String) -> (short: String, full: String)? {
        func answer(_ key: RecipeKey) -> (String, String) { (key.section == section ? key.name : key.path, key.path) }
        let siblings = RecipeKey.all.filter { $0.section == section }
        let others = RecipeKey.all.filter { $0.section != section }
        for keys in [siblings, others] {
            if let key = keys.first(where: { $0.name == word || $0.otherNames.contains(word) }) { return answer(key) }
        }
        let names = siblings.map(\.name) + (section.isEmpty ? RecipeKey.sections : [])
        if let name = suggestion(for: word, among: names) {
            return (name, section.isEmpty ? name : "\(section).\(name)")
        }
        guard let name = suggestion(for: word, among: others.map(\.name)) else { return nil }
        return others.first { $0.name == name }.map(answer)
    }
}
