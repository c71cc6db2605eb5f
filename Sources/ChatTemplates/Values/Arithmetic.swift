import Foundation

// Python's arithmetic on numbers, and `+`, `*`, `%` on texts, lists and tuples. Integers are those of 64 bits; larger
// ones are not computed with.

extension Renderer {
    func binary(_ binary: Expr.BinaryOperator, _ a: Value, _ b: Value) throws -> Value {
        switch binary {
        case .add:
            if let sum = try joined(a, b) { return sum }
        case .multiply:
            if let product = try repeated(a, b) { return product }
        case .modulo:
            if let format = a.text {
                let text = try percentFormat(format, b, escaping: { if case .markup = a { true } else { false } }())
                if case .markup = a { return .markup(text) }
                return .string(text)
            }
        default: break
        }
        if case .undefined(let undefined) = a { throw undefined.failure }
        if case .undefined(let undefined) = b { throw undefined.failure }
        if let x = a.wholeNumber, let y = b.wholeNumber { return try integers(binary, x, y) }
        for case (.large, let other) in [(a, b), (b, a)] where other.number != nil {
            guard case .float = other else { throw integerOverflow }
        }
        if let x = a.number, let y = b.number { return try floats(binary, x, y) }
        throw unsupported(binary, a, b)
    }

    private func unsupported(_ binary: Expr.BinaryOperator, _ a: Value, _ b: Value) -> Failure {
        if binary == .add {
            switch a {
            case .string: return Failure(.type, "can only concatenate str (not \"\(b.typeName)\") to str")
            case .list: return Failure(.type, "can only concatenate list (not \"\(b.typeName)\") to list")
            case .tuple: return Failure(.type, "can only concatenate tuple (not \"\(b.typeName)\") to tuple")
            default: break
            }
        }
        if binary == .multiply {
            for (sequence, other) in [(a, b), (b, a)] {
                switch sequence {
                case .string, .markup, .list, .tuple:
                    return Failure(.type, "can't multiply sequence by non-int of type '\(other.typeName)'")
                default: continue
                }
            }
        }
        let name = binary == .power ? "** or pow()" : binary.rawValue
        return Failure(.type, "unsupported operand type(s) for \(name): '\(a.typeName)' and '\(b.typeName)'")
    }

    /// The concatenation of two texts, lists or tuples; nil for anything else.
    private func joined(_ a: Value, _ b: Value) throws -> Value? {
        switch (a, b) {
        case (.string(let x), .string(let y)): return .string(try concatenated(x, y))
        case (.markup(let x), .markup(let y)): return .markup(try concatenated(x, y))
        case (.markup(let x), .string(let y)): return .markup(try concatenated(x, escapedHTML(y)))
        case (.string(let x), .markup(let y)): return .markup(try concatenated(escapedHTML(x), y))
        case (.list(let x), .list(let y)): return try checked(.list(checked(x.items + y.items)))
        case (.tuple(let x), .tuple(let y)): return try checked(.tuple(checked(x.items + y.items)))
        default: return nil
        }
    }

    private func concatenated(_ a: String, _ b: String) throws -> String {
        try checkSize(a.utf8.count + b.utf8.count)
        return a + b
    }

    /// A text, list or tuple repeated; nil when neither operand is one or the other is no integer.
    private func repeated(_ a: Value, _ b: Value) throws -> Value? {
        let (sequence, times): (Value, Int)
        if let count = b.wholeNumber {
            (sequence, times) = (a, max(0, count))
        } else {
            guard let count = a.wholeNumber else { return nil }
            (sequence, times) = (b, max(0, count))
        }
        switch sequence {
        case .string(let text): return .string(try repeated(text, times))
        case .markup(let text): return .markup(try repeated(text, times))
        case .list(let list): return try checked(.list(repeated(list.items, times)))
        case .tuple(let list): return try checked(.tuple(repeated(list.items, times)))
        default: return nil
        }
    }

    /// The text `times` times over.
    func repeated(_ text: String, _ times: Int) throws -> String {
        try checkSize(text.utf8.count.multipliedClamped(by: times))
        return String(repeating: text, count: max(0, times))
    }

    private func repeated(_ items: [Value], _ times: Int) throws -> [Value] {
        let (count, overflow) = items.count.multipliedReportingOverflow(by: times)
        if overflow || count > limits.items { throw tooLarge("a list") }
        try charge(count)
        return Array(repeatElement(items, count: times).joined())
    }

    private func integers(_ binary: Expr.BinaryOperator, _ a: Int, _ b: Int) throws -> Value {
        let result: (partialValue: Int, overflow: Bool)
        switch binary {
        case .add: result = a.addingReportingOverflow(b)
        case .subtract: result = a.subtractingReportingOverflow(b)
        case .multiply: result = a.multipliedReportingOverflow(by: b)
        case .divide:
            if b == 0 { throw Failure(.zeroDivision, "division by zero") }
            return .float(Double(a) / Double(b))
        case .floorDivide:
            if b == 0 { throw Failure(.zeroDivision, "integer division or modulo by zero") }
            result = a.dividedReportingOverflow(by: b)
            if !result.overflow, a % b != 0, (a < 0) != (b < 0) { return .integer(result.partialValue - 1) }
        case .modulo:
            if b == 0 { throw Failure(.zeroDivision, "integer modulo by zero") }
            if b == -1 { return .integer(0) }
            let rest = a % b
            return .integer(rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest)
        case .power:
            if b < 0 { return try floats(.power, Double(a), Double(b)) }
            return .integer(try power(a, b))
        }
        if result.overflow { throw integerOverflow }
        return .integer(result.partialValue)
    }

    var integerOverflow: Failure { Failure(.limit, "an integer beyond 64 bits") }

    private func power(_ base: Int, _ exponent: Int) throws -> Int {
        var result = 1
        var square = base
        var left = exponent
        while left > 0 {
            if left & 1 == 1 {
                let (product, overflow) = result.multipliedReportingOverflow(by: square)
                if overflow { throw integerOverflow }
                result = product
            }
            left >>= 1
            if left > 0 {
                let (next, overflow) = square.multipliedReportingOverflow(by: square)
                if overflow { throw integerOverflow }
                square = next
            }
        }
        return result
    }

    private func floats(_ binary: Expr.BinaryOperator, _ a: Double, _ b: Double) throws -> Value {
        switch binary {
        case .add: return .float(a + b)
        case .subtract: return .float(a - b)
        case .multiply: return .float(a * b)
        case .divide:
            if b == 0 { throw Failure(.zeroDivision, "float division by zero") }
            return .float(a / b)
        case .floorDivide:
            if b == 0 { throw Failure(.zeroDivision, "float floor division by zero") }
            return .float(floorDivision(a, b).quotient)
        case .modulo:
            if b == 0 { throw Failure(.zeroDivision, "float modulo") }
            return .float(floorDivision(a, b).rest)
        case .power:
            if a == 0, b < 0 { throw Failure(.zeroDivision, "0.0 cannot be raised to a negative power") }
            if a < 0, b.isFinite, b != b.rounded() { throw Failure(.unsupported, "complex numbers are not supported") }
            let result = pow(a, b)
            if result.isInfinite, a.isFinite, b.isFinite {
                throw Failure(.overflow, "(34, 'Numerical result out of range')")
            }
            return .float(result)
        }
    }

    /// Quotient rounded down and the rest with the divisor's sign, as Python computes them together.
    private func floorDivision(_ a: Double, _ b: Double) -> (quotient: Double, rest: Double) {
        var rest = fmod(a, b)
        var quotient = (a - rest) / b
        if rest != 0 {
            if (b < 0) != (rest < 0) {
                rest += b
                quotient -= 1
            }
        } else {
            rest = Double(signOf: b, magnitudeOf: 0)
        }
        if quotient != 0 {
            let floored = quotient.rounded(.down)
            quotient = quotient - floored > 0.5 ? floored + 1 : floored
        } else {
            quotient = Double(signOf: a / b, magnitudeOf: 0)
        }
        return (quotient, rest)
    }

    /// Python's `int(float)`.
    func wholePart(_ float: Double) throws -> Int {
        if float.isNaN { throw Failure(.value, "cannot convert float NaN to integer") }
        if float.isInfinite { throw Failure(.overflow, "cannot convert float infinity to integer") }
        guard let integer = Int(exactly: float.rounded(.towardZero)) else { throw integerOverflow }
        return integer
    }

    func unary(_ unary: Expr.UnaryOperator, _ value: Value) throws -> Value {
        switch value {
        case .undefined(let undefined): throw undefined.failure
        case .float(let float): return .float(unary == .minus ? -float : float)
        case .large(let integer):
            guard unary == .minus else { return value }
            let text = integer.isNegative ? integer.digits : "-" + integer.digits
            return Int(text).map(Value.integer) ?? .large(LargeInteger(text))
        default:
            guard let integer = value.wholeNumber else {
                throw Failure(.type, "bad operand type for unary \(unary.rawValue): '\(value.typeName)'")
            }
            if unary == .plus { return .integer(integer) }
            let (result, overflow) = 0.subtractingReportingOverflow(integer)
            if overflow { throw integerOverflow }
            return .integer(result)
        }
    }
}

extension Int {
    /// The sum of two numbers that are not negative, or the largest integer when it does not fit.
    func addedClamped(_ other: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }

    /// The product, or the largest integer when it does not fit.
    func multipliedClamped(by other: Int) -> Int {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? .max : product
    }
}

/// The text with HTML's five special characters written as entities.
func escapedHTML(_ text: String) -> String {
    guard text.utf8.contains(where: { [0x26, 0x3c, 0x3e, 0x27, 0x22].contains($0) }) else { return text }
    var out = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
        switch scalar {
        case "&": out.append(contentsOf: "&amp;".unicodeScalars)
        case "<": out.append(contentsOf: "&lt;".unicodeScalars)
        case ">": out.append(contentsOf: "&gt;".unicodeScalars)
        case "'": out.append(contentsOf: "&#39;".unicodeScalars)
        case "\"": out.append(contentsOf: "&#34;".unicodeScalars)
        default: out.append(scalar)
        }
    }
    return String(out)
}
