import Foundation
import OrderedJSON
import Patterns

extension ValueKind {
    /// A list of values of one kind; where `orOne` is true a single value stands for a list of one.
    static func list<Element: Sendable>(
        _ kind: ValueKind<Element>, of plural: String, orOne: Bool = false, allowsEmpty: Bool = false
    ) -> ValueKind where Value == [Element] {
        let expects = orOne ? "\(kind.expects) or a list of \(plural)" : "a list of \(plural)"
        return ValueKind(
            expects: expects,
            write: { values in
                let written = values.compactMap(kind.write)
                return orOne && written.count == 1 ? written[0] : .array(written)
            },
            read: { setting, mistakes in
                if case .list(let elements, _) = setting {
                    let values = elements.map { kind.read($0, &mistakes) }
                    if values.isEmpty && !allowsEmpty {
                        mistakes.append(Mistake(place: setting.place, message: "the list is empty"))
                        return nil
                    }
                    return values.contains { $0 == nil } ? nil : values.compactMap { $0 }
                }
                if orOne, !setting.isNull { return kind.read(setting, &mistakes).map { [$0] } }
                mistakes.append(.expected(expects, setting))
                return nil
            })
    }
}

extension ValueKind where Value == [Double] {
    /// Exactly two numbers of one kind.
    static func pair(_ kind: ValueKind<Double>) -> ValueKind {
        let expects = "two numbers [a, b], each \(kind.expects.replacing("a number ", with: ""))"
        return ValueKind(expects: expects, write: { .array($0.map { .number($0) }) }) { setting, mistakes in
            guard case .list(let elements, _) = setting, elements.count == 2 else {
                mistakes.append(.expected(expects, setting))
                return nil
            }
            let values = elements.map { kind.read($0, &mistakes) }
            return values.contains { $0 == nil } ? nil : values.compactMap { $0 }
        }
    }
}

extension ValueKind where Value == TrainingFile {
    /// A path, or `{path, weight}`.
    static let trainingFile = ValueKind(
        expects: "a file",
        write: { file in
            if file.weight == 1 { return .string(file.path) }
            return ["path": .string(file.path), "weight": .number(file.weight)]
        },
        read: { setting, mistakes in
            guard case .mapping(let members, let place) = setting else {
                let kind = ValueKind<String>("a path or {path, weight}", write: { .string($0) }) { $0.filledText }
                return kind.read(setting, &mistakes).map { TrainingFile(path: $0) }
            }
            let before = mistakes.count
            var file = TrainingFile(path: "")
            for member in members {
                switch member.key {
                case "path": file.path = ValueKind<String>.path.read(member.value, &mistakes) ?? ""
                case "weight": file.weight = ValueKind<Double>.positive(to: 10_000).read(member.value, &mistakes) ?? 1
                default:
                    mistakes.append(.unknown(member, among: ["path", "weight"]))
                }
            }
            if !members.contains(where: { $0.key == "path" }) {
                mistakes.append(
                    Mistake(place: place, message: "'path' is missing", advice: "write {path: rows.jsonl, weight: 2}"))
            }
            return mistakes.count == before ? file : nil
        })
}

extension ValueKind {
    /// A mapping from name patterns to values, kept in order.
    static func patterns<Element: Sendable & Equatable>(_ kind: ValueKind<Element>) -> ValueKind
    where Value == [PatternValue<Element>] {
        let expects = "a mapping from module names to \(kind.expects.replacing("a ", with: "", maxReplacements: 1))s"
        return ValueKind(
            expects: expects,
            write: { .object(JSONObject($0.map { (key: $0.pattern, value: kind.write($0.value) ?? .null) })) },
            read: { setting, mistakes in
                guard case .mapping(let members, _) = setting else {
                    mistakes.append(.expected(expects, setting))
                    return nil
                }
                let before = mistakes.count
                let values = members.compactMap { member -> PatternValue<Element>? in
                    if let complaint = regularExpressionComplaint(member.key) {
                        mistakes.append(Mistake(place: member.keyPlace, message: complaint))
                    }
                    return kind.read(member.value, &mistakes).map { PatternValue(pattern: member.key, value: $0) }
                }
                return mistakes.count == before ? values : nil
            })
    }
}

extension ValueKind where Value == ModuleSelection {
    /// `all-linear`, a list of names, or one regular expression.
    static let modules = ValueKind(
        expects: "'all-linear', a list of module names or one regular expression",
        write: { selection in
            switch selection {
            case .allLinear: "all-linear"
            case .names(let names): .array(names.map { .string($0) })
            case .pattern(let pattern): .string(pattern)
            }
        },
        read: { setting, mistakes in
            if setting.text == "all-linear" { return .allLinear }
            if let pattern = setting.filledText {
                guard let complaint = regularExpressionComplaint(pattern) else { return .pattern(pattern) }
                mistakes.append(Mistake(place: setting.place, message: complaint))
                return nil
            }
            return ValueKind<[String]>.list(.text, of: "module names").read(setting, &mistakes).map { .names($0) }
        })
}

/// What is wrong with a regular expression, or nil.
func regularExpressionComplaint(_ pattern: String) -> String? {
    do {
        _ = try PythonPattern(pattern)
        return nil
    } catch {
        return "'\(pattern)' is not a regular expression: \(error)"
    }
}

extension ValueKind where Value == TemplateChoice {
    static let template = ValueKind(
        "'auto', 'none' or a template file",
        write: { choice in
            switch choice {
            case .auto: "auto"
            case .none: "none"
            case .file(let path): .string(path)
            }
        },
        parse: { setting in
            switch setting.text {
            case nil, "": nil
            case "auto": .auto
            case "none": TemplateChoice.none
            case let path?: .file(path)
            }
        })
}

extension ValueKind where Value == Interval {
    static let interval = ValueKind(
        "a whole number of steps from 1 or 'epoch'",
        write: { interval in
            switch interval {
            case .epoch: "epoch"
            case .steps(let steps): .integer(steps)
            }
        },
        parse: { setting in
            if setting.text == "epoch" { return .epoch }
            guard let steps = setting.plainText.flatMap({ Int($0) }), steps >= 1 else { return nil }
            return .steps(steps)
        })
}
