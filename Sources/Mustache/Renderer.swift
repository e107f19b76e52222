/// Writes nodes with the values of a context.
struct Renderer {
    private let templates: [String: Template]
    private var contexts: [MustacheValue]
    private(set) var output: [UInt8] = []
    /// Written before each line of an indented partial.
    private var indentation: [UInt8] = []
    private var partialDepth = 0

    init(templates: [String: Template], context: MustacheValue, capacity: Int) {
        self.templates = templates
        self.contexts = [context]
        output.reserveCapacity(capacity)
    }

    mutating func render(_ template: Template) throws(MustacheError) {
        try render(indentation.isEmpty ? template.nodes : template.linedNodes, of: template)
    }

    private mutating func render(_ nodes: [Node], of template: Template) throws(MustacheError) {
        for node in nodes {
            switch node {
            case .text(let bytes, let startsLine):
                if startsLine { output += indentation }
                output += bytes
            case .variable(let path, let isEscaped):
                write(value(at: path), isEscaped: isEscaped)
            case .section(let path, let inner):
                try section(value(at: path), inner, of: template)
            case .inverted(let path, let inner):
                if !value(at: path).isTrue { try render(inner, of: template) }
            case .partial(let name, let place, let line):
                guard let partial = templates[name] else { continue }
                guard partialDepth < TemplateLibrary.partialDepthLimit else {
                    throw MustacheError(.partialsTooDeep, name, template: template.name, line: line)
                }
                let outer = indentation
                indentation += place
                partialDepth += 1
                try render(partial)
                partialDepth -= 1
                indentation = outer
            }
        }
    }

    private mutating func section(
        _ value: MustacheValue,
        _ nodes: [Node],
        of template: Template
    ) throws(MustacheError) {
        guard value.isTrue else { return }
        if case .list(let elements) = value {
            for element in elements {
                contexts.append(element)
                try render(nodes, of: template)
                contexts.removeLast()
            }
            return
        }
        contexts.append(value)
        try render(nodes, of: template)
        contexts.removeLast()
    }

    /// Looks up the first part from the innermost context outwards, the others only inside the value found.
    private func value(at path: [String]) -> MustacheValue {
        guard let first = path.first else { return contexts.last ?? .null }
        var found: MustacheValue?
        for context in contexts.reversed() {
            if case .object(let members) = context, let member = members[first] {
                found = member
                break
            }
        }
        for part in path.dropFirst() {
            guard case .object(let members)? = found else { return .null }
            found = members[part]
        }
        return found ?? .null
    }

    private mutating func write(_ value: MustacheValue, isEscaped: Bool) {
        switch value {
        case .null, .list, .object: break
        case .bool(let value): output += value ? "true".utf8 : "false".utf8
        case .int(let number): output += String(number).utf8
        case .double(let number): output += String(number).utf8
        case .html(let bytes): output += bytes
        case .string(let text):
            if isEscaped {
                output.appendEscapedHTML(text)
            } else {
                output += text.utf8
            }
        }
    }
}

extension [UInt8] {
    /// Appends text escaped for an HTML element or a quoted attribute.
    public mutating func appendEscapedHTML(_ text: String) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): self += "&amp;".utf8
            case UInt8(ascii: "<"): self += "&lt;".utf8
            case UInt8(ascii: ">"): self += "&gt;".utf8
            case UInt8(ascii: "\""): self += "&quot;".utf8
            case UInt8(ascii: "'"): self += "&#39;".utf8
            default: append(byte)
            }
        }
    }
}
