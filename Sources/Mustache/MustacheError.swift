public import Errors

/// The reason why a template cannot be read or rendered.
public struct MustacheError: DescribedError {
    /// The kinds of trouble.
    public enum Kind: String, CaseIterable, Sendable {
        /// A tag begins and does not end.
        case unclosedTag
        /// A section begins and does not end.
        case unclosedSection
        /// A section ends that did not begin, or ends inside another one.
        case strayClose
        /// A tag without a name, with a blank in its name, or delimiters that cannot be used.
        case badTag
        /// Sections nested deeper than ``Template/sectionDepthLimit``.
        case sectionsTooDeep
        /// Partials nested deeper than ``TemplateLibrary/partialDepthLimit``.
        case partialsTooDeep
        /// A template or partial that does not exist.
        case unknownTemplate
        /// A file or folder that cannot be read.
        case unreadable
    }

    /// The kind of trouble.
    public let kind: Kind
    /// The template, by name, or the folder of templates.
    public let template: String
    /// The line in the template, from 1; 0 where none applies.
    public let line: Int
    private let subject: String

    /// Creates an error.
    ///
    /// - Parameters:
    ///   - kind: The kind of trouble.
    ///   - subject: The tag or partial in question; for `unreadable` the reason.
    ///   - template: The template, by name.
    ///   - line: The line in the template, from 1; 0 where none applies.
    init(_ kind: Kind, _ subject: String, template: String, line: Int = 0) {
        self.kind = kind
        self.subject = subject
        self.template = template
        self.line = line
    }

    /// The trouble and its place in one sentence.
    public var detail: String {
        let place = line > 0 ? "template \(template), line \(line)" : "template \(template)"
        let trouble =
            switch kind {
            case .unclosedTag: "the tag \"\(subject)\" is not closed"
            case .unclosedSection: "the section \"\(subject)\" is not closed"
            case .strayClose: "\"\(subject)\" closes no open section"
            case .badTag: "\"\(subject)\" is not a tag"
            case .sectionsTooDeep: "\"\(subject)\" is nested deeper than \(Template.sectionDepthLimit) sections"
            case .partialsTooDeep: "\"\(subject)\" is nested deeper than \(TemplateLibrary.partialDepthLimit) partials"
            case .unknownTemplate: "there is no template \"\(subject)\""
            case .unreadable: subject
            }
        return "\(place): \(trouble)"
    }

    /// Always false: a template does not change by itself.
    public var isTemporary: Bool { false }
}
