// check-imports.swift DESCRIPTION: see scripts/check-imports.
import Foundation

struct Package: Decodable {
    struct Target: Decodable {
        let name: String
        let path: String
        let type: String
        let moduleType: String
        let sources: [String]
        let targetDependencies: [String]?
        let productDependencies: [String]?
    }
    let targets: [Target]
}

/// Modules of the toolchain, which need no declaration.
let toolchain: Set = [
    "Swift", "Foundation", "Glibc", "Dispatch", "Synchronization", "Testing", "RegexBuilder", "FoundationEssentials",
]

/// The modules a Swift file imports.
func imports(of path: String) throws -> Set<String> {
    let words: Set = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias", "actor"]
    var modules: Set<String> = []
    for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") {
        var parts = line.split(separator: " ").filter { !$0.hasPrefix("@") }
        if let first = parts.first, ["public", "package", "internal", "fileprivate", "private"].contains(first) {
            parts.removeFirst()
        }
        guard parts.count > 1, parts[0] == "import" else { continue }
        let name = words.contains(String(parts[1])) && parts.count > 2 ? parts[2] : parts[1]
        modules.insert(String(name.prefix { $0 != "." && $0 != ";" }))
    }
    return modules
}

let description = try Data(contentsOf: URL(fileURLWithPath: CommandLine.arguments[1]))
let decoder = JSONDecoder()
decoder.keyDecodingStrategy = .convertFromSnakeCase
let package = try decoder.decode(Package.self, from: description)
var mistakes: [String] = []
for target in package.targets where target.moduleType == "SwiftTarget" {
    let declared = Set((target.targetDependencies ?? []) + (target.productDependencies ?? []))
    var imported: Set<String> = []
    for source in target.sources {
        let path = target.path + "/" + source
        let modules = try imports(of: path)
        imported.formUnion(modules)
        for module in modules.subtracting(declared).subtracting(toolchain).subtracting([target.name]).sorted() {
            mistakes.append("\(path) imports \(module), which Package.swift does not declare for \(target.name)")
        }
    }
    // A test may need a program to be built without importing it.
    let programs = Set(package.targets.filter { $0.type == "executable" }.map(\.name))
    for module in declared.subtracting(imported).subtracting(programs).sorted() {
        mistakes.append("Package.swift declares \(module) for \(target.name), which imports it nowhere")
    }
}
for mistake in mistakes { print("error: \(mistake)") }
if mistakes.isEmpty { print("imports: every one is declared, every declaration is used") }
exit(mistakes.isEmpty ? 0 : 1)
