/// A compiled Mustache template.
///
/// Follows the Mustache specification, version 1.4 (interpolation, sections, inverted sections, partials, comments,
/// delimiters); lambdas, inheritance and dynamic names are left out. `{{name}}` escapes `& < > " '`, `{{{name}}}` and
/// `{{&name}}` do not.
public struct Template: Sendable {
    /// The depth to which sections can be nested.
    public static let sectionDepthLimit = 64

    /// The name, for errors.
    public let name: String
    /// The nodes with text merged, for the usual case in which nothing is indented.
    let nodes: [Node]
    /// The nodes with text cut at each line, for a partial that is indented by its place.
    let linedNodes: [Node]

    /// Compiles a template.
    ///
    /// - Parameters:
    ///   - source: The text of the template.
    ///   - name: The name, for errors.
    /// - Throws: ``MustacheError`` naming the line.
    public init(_ source: String, name: String = "inline") throws(MustacheError) {
        var parser = TemplateParser(source: Array(source.utf8), name: name)
        self.name = name
        linedNodes = try parser.parse()
        nodes = Node.merged(linedNodes)
    }

    /// The names of all partials in the template.
    public var partials: Set<String> {
        Node.partials(nodes)
    }
}
