import Datasets
import Diagnostics
import OrderedJSON

extension RowFile {
    /// What `body` makes of a row; its faults are reported with file and line.
    func withRow<T>(_ number: Int, parser: JSONParser, _ body: (Row) throws -> T) throws -> T {
        let value = try value(of: number, parser: parser)
        do { return try body(try Row(value)) } catch let fault as RowFault { throw problem(fault, row: number) }
    }

    /// What `body` makes of every row. The rows' faults are collected and thrown together; other errors end the work.
    func mapRows<T>(_ body: (Row) throws -> T) throws -> [T] {
        let parser = JSONParser()
        var problems: [Problem] = []
        var results: [T] = []
        for number in 0..<count {
            do {
                results.append(try body(try Row(try value(of: number, parser: parser))))
            } catch let fault as RowFault {
                problems.append(problem(fault, row: number))
            } catch let problem as Problem where problem.line != nil && problem.file == path {
                problems.append(problem)
            }
        }
        try Problems(problems).throwIfAny()
        return results
    }
}
