import Diagnostics

/// A template that could not be rendered for a conversation: what happened and where in the template.
public struct ChatTemplateError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Who stopped the rendering.
    public enum Cause: Sendable, Equatable {
        /// The template itself, by `raise_exception`: the conversation is none it accepts.
        case raised
        /// An operation that failed, by the name Python has for such failures, e.g. `TypeError`.
        case failed(String)
        /// Something Jinja has and Graft does not.
        case unsupported
        /// A bound of ``ChatTemplateLimits``.
        case limit
    }

    /// Who stopped the rendering.
    public let cause: Cause
    /// The template's own message, or what failed.
    public let message: String
    /// The template's name.
    public let template: String
    /// Line of the template, from 1.
    public let line: Int
    /// Column of the line, from 1, in code points.
    public let column: Int
    /// The line's text, unless it is too long to show.
    public let excerpt: String?

    init(_ failure: Failure, _ source: SourceText) {
        switch failure.error {
        case .template: cause = .raised
        case .limit: cause = .limit
        case .unsupported: cause = .unsupported
        default: cause = .failed(failure.error.rawValue)
        }
        message = failure.message
        template = source.name
        let problem = source.problem(failure.message, at: failure.offset ?? 0)
        line = problem.line ?? 1
        column = problem.column ?? 1
        excerpt = problem.excerpt
    }

    /// The same as a mistake in the input, at the template's line.
    public var problem: Problem {
        let message: String
        let advice: String
        switch cause {
        case .raised:
            message = "the chat template refuses the conversation: \(self.message)"
            advice = "change the conversation to what the template accepts, or use another template"
        case .failed(let name):
            message = "the chat template fails on the conversation: \(name): \(self.message)"
            advice = "check that the messages have the fields the template reads here"
        case .unsupported:
            message = "the chat template cannot be rendered: \(self.message)"
            advice = "write this place of the template without it, or use another template"
        case .limit:
            message = "the chat template goes beyond what Graft allows a template: \(self.message)"
            advice = "change this place of the template, or use another template"
        }
        return Problem(message, file: template, line: line, column: column, advice: advice, excerpt: excerpt)
    }

    /// The problem's text.
    public var description: String { problem.description }
}
