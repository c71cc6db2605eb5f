/// A statement as written, before names are resolved.
struct Statement: Sendable {
    enum OutputPart: Sendable {
        case text(String)
        case expr(Expr)
    }

    struct Branch: Sendable {
        let test: Expr
        let body: [Statement]
    }

    struct Binding: Sendable {
        let target: Target
        let value: Expr
    }

    struct Loop: Sendable {
        let target: Target
        let iterable: Expr
        let test: Expr?
        let recursive: Bool
        let body: [Statement]
        let otherwise: [Statement]
    }

    /// A parameter of a macro or call block.
    struct Parameter: Sendable {
        let name: String
        let fallback: Expr?
    }

    struct Macro: Sendable {
        /// Nil for the body of a call block.
        let name: String?
        let parameters: [Parameter]
        let body: [Statement]
    }

    indirect enum Kind: Sendable {
        case output([OutputPart])
        case set(Target, Expr)
        case setBlock(Target, filter: Expr?, body: [Statement])
        case condition([Branch], otherwise: [Statement])
        case loop(Loop)
        case macro(Macro)
        case call(Macro, call: Expr)
        case filterBlock(Expr, body: [Statement])
        case with([Binding], body: [Statement])
        case block(name: String, scoped: Bool, required: Bool, body: [Statement])
        case generation(body: [Statement])
        case breakLoop
        case continueLoop
        /// `include`, `import`, `extends`: there is nothing they could load.
        case load(Expr, binding: [String])
    }

    let kind: Kind
    let offset: Int
}

/// What an assignment or loop writes to.
indirect enum Target: Sendable {
    case name(String, offset: Int)
    case attribute(String, String, offset: Int)
    case tuple([Target], offset: Int)

    /// The names bound by the target, from left to right; attributes bind none.
    var names: [String] {
        switch self {
        case .name(let name, _): [name]
        case .attribute: []
        case .tuple(let targets, _): targets.flatMap(\.names)
        }
    }

    /// The names whose attributes are written.
    var namespaces: [String] {
        switch self {
        case .name: []
        case .attribute(let name, _, _): [name]
        case .tuple(let targets, _): targets.flatMap(\.namespaces)
        }
    }
}
