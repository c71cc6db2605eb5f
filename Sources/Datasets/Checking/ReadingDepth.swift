/// How many rows of data files are read in full before anything else happens: rendered, cut into tokens, their loss
/// mask found. Of the others the shape is checked: that they are JSON of a known kind with an answer in it.
public enum ReadingDepth: Sendable, Equatable {
    /// Every row.
    case all
    /// The first rows, counted through all files.
    case first(Int)

    /// Files of fewer bytes together are read in full whatever their rows: it takes about a second.
    public static let smallFiles = 16 << 20
    /// Rows of larger files that are read in full.
    public static let firstRows = 10_000

    /// What is read in full unless every row is asked for.
    public static func usual(for files: [RowFile]) -> ReadingDepth {
        let isSmall = files.reduce(0) { $0 + $1.byteCount } <= smallFiles
        return isSmall || files.reduce(0) { $0 + $1.count } <= firstRows ? .all : .first(firstRows)
    }

    /// Rows read in full.
    var limit: Int {
        switch self {
        case .all: .max
        case .first(let rows): rows
        }
    }
}
