import Datasets
import Diagnostics
import OrderedJSON

extension RowFile {
    /// What `body` makes of a row; its faults are reported with file and line.
    func withRow<T>(_ number: Int, _ body: (Row) throws -> T) throws -> T {
        let value = try value(of: number, parser: JSONParser())
        do { return try body(try Row(value)) } catch let fault as RowFault { throw problem(fault, row: number) }
    }

    /// What `body` makes of every row. Faults are collected and thrown together.
    func mapRows<T>(_ body: (Row, Int) throws -> T) throws -> [T] {
        var problems: [Problem] = []
        var results: [T] = []
        for number in 0..<count {
            do { results.append(try withRow(number) { try body($0, number) }) } catch let problem as Problem {
                problems.append(problem)
            }
        }
        try Problems(problems).throwIfAny()
        return results
    }
}
