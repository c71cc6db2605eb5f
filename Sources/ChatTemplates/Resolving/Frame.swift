// Which variable a name means. Jinja compiles templates to Python functions and decides for each scope, before it runs,
// where each of its names comes from; the order of reads and writes in a scope matters. What follows does the same.

/// Where a variable lies at run time: how many functions outward, and which place there.
struct Slot: Sendable, Hashable {
    let hops: Int
    let index: Int
}

/// What a scope puts into one of its variables when it is entered.
enum Load: Sendable {
    /// The value of an outer variable.
    case alias(Slot)
    /// The template's variable or global function of that name.
    case resolve(String)
    /// Nothing yet.
    case missing
}

/// The variables of one function: the template itself, a macro, the body of a call block or recursive loop.
final class FunctionLayout {
    let parent: FunctionLayout?
    private(set) var slotCount = 0

    init(parent: FunctionLayout?) { self.parent = parent }

    func newSlot() -> Int {
        defer { slotCount += 1 }
        return slotCount
    }

    /// How many functions outward `other` is.
    func hops(to other: FunctionLayout) -> Int {
        var hops = 0
        var layout: FunctionLayout? = self
        while let current = layout, current !== other {
            hops += 1
            layout = current.parent
        }
        return hops
    }
}

/// A scope while names are resolved.
final class Frame {
    /// What a scope knows about its names; branches of an `if` work on copies that are merged afterwards.
    struct Symbols {
        var references: Set<String> = []
        var loads: [String: SymbolLoad] = [:]
        var stores: Set<String> = []
    }

    enum SymbolLoad { case parameter, resolve, alias, undefined }

    let parent: Frame?
    let layout: FunctionLayout
    var symbols = Symbols()
    private var places: [String: Int] = [:]
    /// Whether assignments here are the template's own variables, which blocks see.
    var isTopLevel = false
    /// Whether unknown filters and tests are reported only when they are used, as Jinja does below an `if`.
    var isSoft = false

    /// The scope of a whole function.
    init(function layout: FunctionLayout, parent: Frame?) { (self.layout, self.parent) = (layout, parent) }

    /// A scope within a function.
    init(inside parent: Frame) { (layout, self.parent) = (parent.layout, parent) }

    private func place(_ name: String) -> Int {
        if let place = places[name] { return place }
        let place = layout.newSlot()
        places[name] = place
        return place
    }

    /// The nearest scope that has a variable of that name, from this one outward.
    private func owner(_ name: String) -> Frame? {
        var frame: Frame? = self
        while let current = frame {
            if current.symbols.references.contains(name) { return current }
            frame = current.parent
        }
        return nil
    }

    func isKnown(_ name: String) -> Bool { owner(name) != nil }

    /// The variable a name means in this scope. A name that no analysis met is looked up by name.
    func slot(_ name: String) -> Slot? {
        guard let owner = owner(name) else { return nil }
        return Slot(hops: layout.hops(to: owner.layout), index: owner.place(name))
    }

    func declareParameter(_ name: String) {
        symbols.stores.insert(name)
        define(name, .parameter)
    }

    func load(_ name: String) {
        if !isKnown(name) { define(name, .resolve) }
    }

    func store(_ name: String) {
        symbols.stores.insert(name)
        guard !symbols.references.contains(name) else { return }
        define(name, parent?.isKnown(name) == true ? .alias : .undefined)
    }

    private func define(_ name: String, _ load: SymbolLoad) {
        symbols.references.insert(name)
        symbols.loads[name] = load
    }

    /// Takes over what the branches of an `if` made of copies of this scope's symbols.
    func merge(_ branches: [Symbols]) {
        let stores = branches.reduce(into: Set<String>()) { $0.formUnion($1.stores) }.subtracting(symbols.stores)
        for branch in branches {
            symbols.references.formUnion(branch.references)
            symbols.loads.merge(branch.loads) { $1 }
            symbols.stores.formUnion(branch.stores)
        }
        // Not every branch writes these, so before they hold what they would hold without the `if`.
        for name in stores { symbols.loads[name] = parent?.isKnown(name) == true ? .alias : .resolve }
    }

    /// What entering the scope puts where.
    var entryLoads: [ScopeEntry.Item] {
        symbols.loads.sorted { $0.key < $1.key }.compactMap { name, load in
            let index = place(name)
            switch load {
            case .parameter: return nil
            case .resolve: return ScopeEntry.Item(index: index, load: .resolve(name))
            case .undefined: return ScopeEntry.Item(index: index, load: .missing)
            case .alias:
                guard let parent, let slot = parent.slot(name) else { return nil }
                let outward = Slot(hops: slot.hops + layout.hops(to: parent.layout), index: slot.index)
                return ScopeEntry.Item(index: index, load: .alias(outward))
            }
        }
    }

    /// The variables that leaving the scope empties.
    var ownSlots: [Int] { symbols.loads.keys.map(place).sorted() }
}

/// What happens to a scope's variables when it is entered and left.
struct ScopeEntry: Sendable {
    struct Item: Sendable {
        let index: Int
        let load: Load
    }

    let loads: [Item]
    let cleared: [Int]

    init(_ frame: Frame) {
        loads = frame.entryLoads
        cleared = frame.ownSlots
    }
}
