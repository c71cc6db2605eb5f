import Kernels
import Tensors

/// A mixture of experts: a router picks a few networks for each row, and each network runs once, on the rows that
/// picked it. The weights of experts that no row picked are not touched.
struct Experts {
    /// One of the networks.
    enum Network {
        case plain(FeedForward)
        /// gpt-oss's: up and gate in one product, a gate of its own.
        case clamped(gateUp: LinearGroup, gate: ClampedGate, down: LinearGroup)
    }

    let routing: Routing
    /// Whether weights multiply what experts read instead of what they give.
    let weighsInput: Bool
    let router: LinearGroup
    let experts: [Network]
    let shared: FeedForward?
    let sharedGate: LinearGroup?

    /// - Parameter x: [rows, width] in the operand type.
    /// - Returns: f32 [rows, width].
    func callAsFunction(_ x: Tensor, _ context: ForwardContext) -> Tensor {
        // Near ties decide between experts, so the router's product is never rounded to bf16.
        var logits = router(x.convertedRecording(to: .f32), context)[0]
        if let balance = context.balance { logits = logits.balanced(balance).logits }
        let (choices, weights) = route(logits, routing)
        let assignment = ExpertAssignment(choices, perToken: routing.perToken, experts: experts.count)
        let pieces = x.gathered(assignment, weights: weighsInput ? weights : nil)
        let results = assignment.experts.indices.map { i in
            experts[assignment.experts[i]](
                pieces[i], context.keeping(context.distinguishesRows ? assignment.rows(of: i) : nil))
        }
        let mixed = combined(
            results, assignment, weights: weighsInput ? nil : weights, columns: x.columns, keeping: context.type)
        guard let shared else { return mixed }
        var always = shared(x, context)
        if let sharedGate { always = always.scaledRows(by: sharedGate(x, context)[0].activated(.sigmoid)) }
        return mixed.adding(always)
    }
}

extension Experts.Network {
    func callAsFunction(_ x: Tensor, _ context: ForwardContext) -> Tensor {
        switch self {
        case .plain(let network): network(x, context)
        case .clamped(let gateUp, let gate, let down):
            down(gate(gateUp(x, context)[0], to: context.type), context)[0]
        }
    }
}

extension ExpertsConfig {
    /// How the decoder's routing is run.
    ///
    /// - Parameter correction: what is added for choosing, when it is stored.
    func routing(correction: [Float]?) -> Tensors.Routing {
        switch routing {
        case .softmaxFirst(let normalized):
            Tensors.Routing(perToken: perToken, normalized: normalized, scale: weightScale)
        case .choiceFirst:
            // The softmax over the chosen is the softmax over all, divided by its sum over the chosen.
            Tensors.Routing(perToken: perToken, normalized: true, scale: weightScale)
        case .sigmoidOnInput:
            Tensors.Routing(perToken: perToken, scores: .sigmoid, normalized: false, scale: weightScale)
        case .grouped(let grouped):
            Tensors.Routing(
                perToken: perToken, scores: grouped.sigmoid ? .sigmoid : .softmax, normalized: grouped.normalized,
                scale: weightScale,
                groups: .init(
                    count: grouped.groups, chosen: grouped.chosenGroups, best: grouped.groupScore == .best ? 1 : 2),
                correction: correction)
        }
    }
}
