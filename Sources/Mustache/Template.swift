/// A compiled Mustache template.
///
/// Follows the Mustache specification, version 1.4 (interpolation, sections, inverted sections, partials, comments,
/// delimiters); lambdas, inheritance and dynamic names are left out. `{{name}}` escapes `& < > " '`, `{{{name}}}` and
/// `{{&name}}` do not.
public struct Template: Sendable {
    /// How deep sections may be nested.
    public static let sectionDepthLimit = 64

    /// The name errors speak of.
    public let name: String
    /// The nodes, text merged: for the usual case, in which nothing is indented.
    let nodes: [Node]
    /// The same with text cut at each line, for a partial that is indented by its place.
    let linedNodes: [Node]

    /// Compiles a template.
    ///
    /// - Parameters:
    ///   - source: The text of the template.
    ///   - name: The name to be used in errors.
    /// - Throws: ``MustacheError`` naming the line.
    public init(_ source: String, name: String = "inline") throws(MustacheError) {
        var parser = TemplateParser(source: Array(source.utf8), name: name)
        self.name = name
        linedNodes = try parser.parse()
        nodes = Node.merged(linedNodes)
    }

    /// The names of all partials the template speaks of.
    public var partials: Set<String> {
        Node.partials(nodes)
    }
}

/// A piece of a compiled template.
indirect enum Node: Sendable {
    /// Text to be written as it is; `startsLine` when an indentation has to be put before it.
    case text([UInt8], startsLine: Bool)
    case variable([String], isEscaped: Bool)
    case section([String], [Node])
    case inverted([String], [Node])
    case partial(String, indentation: [UInt8], line: Int)

    /// Joins neighbouring texts.
    static func merged(_ nodes: [Node]) -> [Node] {
        var result: [Node] = []
        for node in nodes {
            switch node {
            case .text(let bytes, _):
                if case .text(let before, _)? = result.last {
                    result[result.count - 1] = .text(before + bytes, startsLine: false)
                } else if !bytes.isEmpty {
                    result.append(.text(bytes, startsLine: false))
                }
            case .section(let path, let inner):
                result.append(.section(path, merged(inner)))
            case .inverted(let path, let inner):
                result.append(.inverted(path, merged(inner)))
            case .variable, .partial:
                result.append(node)
            }
        }
        return result
    }

    static func partials(_ nodes: [Node]) -> Set<String> {
        nodes.reduce(into: []) { names, node in
            switch node {
            case .partial(let name, _, _): names.insert(name)
            case .section(_, let inner), .inverted(_, let inner): names.formUnion(partials(inner))
            case .text, .variable: break
            }
        }
    }
}
