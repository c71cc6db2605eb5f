/// Something with attributes or that can be called: namespaces, macros, methods, the loop variable.
class TemplateObject {
    /// The Python type's name; with its module for messages.
    var typeName: String { "object" }
    var qualifiedName: String { typeName + " object" }
    var depth: Int { 1 }
    var isCallable: Bool { false }
    /// What printing shows.
    var text: String { "<\(typeName)>" }

    func attribute(_ name: String, _ renderer: Renderer) throws -> Value? { nil }

    func call(_ arguments: Arguments, _ renderer: Renderer) throws -> Value {
        throw Failure(.type, "'\(typeName)' object is not callable")
    }
}
