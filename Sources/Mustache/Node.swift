/// A piece of a compiled template.
indirect enum Node: Sendable {
    /// Text that is written as it is; with `startsLine` an indentation goes before it.
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
