import Kernels
import Tensors
import Testing

/// A trained matrix of a case: every variable's gradient is checked.
struct Variable: Sendable {
    let rows: Int
    let columns: Int
    var spread = 1.0
    var offset = 0.0

    init(_ rows: Int, _ columns: Int, spread: Double = 1, offset: Double = 0) {
        self.rows = rows
        self.columns = columns
        self.spread = spread
        self.offset = offset
    }
}

/// The variables of a case as an op takes them.
struct Leaves {
    /// One a variable.
    let parameters: [Parameter]
    /// The operand type under test.
    let type: ElementType

    /// A variable as an f32 tensor.
    func float(_ i: Int) -> Tensor { parameters[i].tensor }
    /// A variable in the operand type; its numbers are exact in it.
    func operand(_ i: Int) -> Tensor { parameters[i].tensor.convertedRecording(to: type) }
}

/// One op on one set of shapes, with the same formula in Double.
struct GradientCase: Sendable, CustomTestStringConvertible {
    let op: OpName
    let name: String
    let variables: [Variable]
    /// Tolerances are multiplied by this; each use says why.
    var slack = 1.0
    /// Elements whose difference quotient is taken one by one; on top of them one random direction a variable.
    var samples = 60
    let forward: @Sendable (Leaves) -> [Tensor]
    let reference: @Sendable ([Grid]) -> [Grid]

    init(
        _ op: OpName, _ name: String, _ variables: [Variable], slack: Double = 1, samples: Int = 60,
        forward: @escaping @Sendable (Leaves) -> [Tensor], reference: @escaping @Sendable ([Grid]) -> [Grid]
    ) {
        self.op = op
        self.name = name
        self.variables = variables
        self.slack = slack
        self.samples = samples
        self.forward = forward
        self.reference = reference
    }

    var testDescription: String { "\(op.rawValue): \(name)" }

    /// Random numbers for the variables, exact in the type.
    func values(_ type: ElementType, _ numbers: inout Numbers) -> [Grid] {
        variables.map { variable in
            Grid(variable.rows, variable.columns) { _, _ in
                let x = Float(variable.offset + variable.spread * numbers.normal())
                return Double(type == .bf16 ? roundedToBF16(x) : x)
            }
        }
    }
}
