/// The Python exceptions a template can end with, by their names.
enum PythonError: String, Sendable {
    case type = "TypeError"
    case value = "ValueError"
    case key = "KeyError"
    case index = "IndexError"
    case overflow = "OverflowError"
    case zeroDivision = "ZeroDivisionError"
    case runtime = "RuntimeError"
    case assertion = "AssertionError"
    case attribute = "AttributeError"
    case undefined = "UndefinedError"
    case security = "SecurityError"
    case templateRuntime = "TemplateRuntimeError"
    case filterArgument = "FilterArgumentError"
    case template = "TemplateError"
    /// A bound of this interpreter, not an exception of Python's.
    case limit = "LimitExceeded"
    /// Something Python can do and this interpreter does not.
    case unsupported = "Unsupported"
}

/// A rendering that cannot go on, where and why.
struct Failure: Error {
    let error: PythonError
    let message: String
    /// Where the failing expression or statement stands, in bytes of the source; the innermost one fills it in.
    var offset: Int?

    init(_ error: PythonError, _ message: String) {
        self.error = error
        self.message = message
    }
}
