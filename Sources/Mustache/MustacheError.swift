/// Why a template can't be read or rendered.
public struct MustacheError: Error, CustomStringConvertible, Sendable {
    /// The kinds of trouble.
    public enum Kind: String, CaseIterable, Sendable {
        /// A tag begins and does not end.
        case unclosedTag = "unclosed_tag"
        /// A section begins and does not end.
        case unclosedSection = "unclosed_section"
        /// A section ends that did not begin, or ends inside another one.
        case strayClose = "stray_close"
        /// A tag without a name, with a blank in its name, or delimiters that can't be used.
        case badTag = "bad_tag"
        /// Sections nested deeper than ``Template/sectionDepthLimit``.
        case sectionsTooDeep = "sections_too_deep"
        /// Partials nested deeper than ``TemplateLibrary/partialDepthLimit``.
        case partialsTooDeep = "partials_too_deep"
        /// A template or partial that does not exist.
        case unknownTemplate = "unknown_template"
        /// A file or folder that can't be read.
        case unreadable
    }

    /// What kind of trouble it is.
    public let kind: Kind
    /// The template, by name.
    public let template: String
    /// The line in the template, from 1; 0 where none applies.
    public let line: Int
    /// The tag, file or partial in question.
    public let subject: String

    /// Always false: a template does not mend itself.
    public var isTemporary: Bool { false }

    /// One sentence, safe to log.
    public var description: String {
        let place = line > 0 ? "\(template), line \(line)" : template
        return "template \(place): \(kind.rawValue) \"\(subject)\""
    }
}
