/// Cuts the text of a template into nodes.
struct TemplateParser {
    private struct OpenSection {
        let name: String
        let isInverted: Bool
        let line: Int
        var nodes: [Node] = []
    }

    /// The content between the delimiters.
    private struct Tag {
        let kind: UInt8
        let name: String
        /// First byte of the opening and first byte after the closing delimiter.
        let start: Int
        let end: Int
    }

    private let source: [UInt8]
    private let name: String
    private var open = Array("{{".utf8)
    private var close = Array("}}".utf8)
    private var position = 0
    private var nodes: [Node] = []
    private var sections: [OpenSection] = []

    init(source: [UInt8], name: String) {
        self.source = source
        self.name = name
    }

    mutating func parse() throws(MustacheError) -> [Node] {
        while let start = find(open, from: position) {
            let tag = try readTag(at: start)
            let line = standaloneLine(tag)
            appendText(position..<(line?.lowerBound ?? start))
            if line == nil, isLineStart(start) {
                append(.text([], startsLine: true))
            }
            position = line?.upperBound ?? tag.end
            try apply(tag, indentation: line.map { Array(source[$0.lowerBound..<start]) } ?? [])
        }
        appendText(position..<source.count)
        if let left = sections.last {
            throw MustacheError(.unclosedSection, left.name, template: name, line: left.line)
        }
        return nodes
    }

    private mutating func apply(_ tag: Tag, indentation: [UInt8]) throws(MustacheError) {
        switch tag.kind {
        case UInt8(ascii: "!"), UInt8(ascii: "="):
            break
        case UInt8(ascii: "#"), UInt8(ascii: "^"):
            guard sections.count < Template.sectionDepthLimit else { throw error(.sectionsTooDeep, tag) }
            let isInverted = tag.kind == UInt8(ascii: "^")
            sections.append(OpenSection(name: tag.name, isInverted: isInverted, line: lineNumber(tag.start)))
        case UInt8(ascii: "/"):
            guard let section = sections.popLast(), section.name == tag.name else { throw error(.strayClose, tag) }
            let path = Self.path(section.name)
            append(section.isInverted ? .inverted(path, section.nodes) : .section(path, section.nodes))
        case UInt8(ascii: ">"):
            append(.partial(tag.name, indentation: indentation, line: lineNumber(tag.start)))
        default:
            append(.variable(Self.path(tag.name), isEscaped: tag.kind == 0))
        }
    }

    private mutating func append(_ node: Node) {
        if sections.isEmpty {
            nodes.append(node)
        } else {
            sections[sections.count - 1].nodes.append(node)
        }
    }

    /// Appends text, cut after each line feed.
    private mutating func appendText(_ range: Range<Int>) {
        var start = range.lowerBound
        while start < range.upperBound {
            let end =
                source[start..<range.upperBound].firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? range.upperBound
            append(.text(Array(source[start..<end]), startsLine: isLineStart(start)))
            start = end
        }
    }

    // MARK: Tags

    /// Reads the tag whose opening delimiter stands at `start`; applies it at once if it sets new delimiters.
    private mutating func readTag(at start: Int) throws(MustacheError) -> Tag {
        var inside = start + open.count
        let sigils = Array("!#^/>&{=".utf8)
        var kind: UInt8 = 0
        if inside < source.count, sigils.contains(source[inside]) {
            kind = source[inside]
            inside += 1
        }
        var closing = close
        if kind == UInt8(ascii: "{") { closing.insert(UInt8(ascii: "}"), at: 0) }
        if kind == UInt8(ascii: "=") { closing.insert(UInt8(ascii: "="), at: 0) }
        guard let end = find(closing, from: inside) else {
            let shown = String(decoding: source[start..<min(start + 40, source.count)], as: UTF8.self)
            throw MustacheError(.unclosedTag, shown, template: name, line: lineNumber(start))
        }
        let content = source[inside..<end].trimmed
        let tag = Tag(
            kind: kind,
            name: String(decoding: content, as: UTF8.self),
            start: start,
            end: end + closing.count
        )
        switch kind {
        case UInt8(ascii: "!"):
            break
        case UInt8(ascii: "="):
            try setDelimiters(content, tag)
        default:
            guard !content.isEmpty, !content.contains(where: \.isBlank) else { throw error(.badTag, tag) }
        }
        return tag
    }

    private mutating func setDelimiters(_ content: ArraySlice<UInt8>, _ tag: Tag) throws(MustacheError) {
        let parts = content.split(whereSeparator: \.isBlank)
        guard parts.count == 2, !content.contains(UInt8(ascii: "=")) else { throw error(.badTag, tag) }
        open = Array(parts[0])
        close = Array(parts[1])
    }

    /// The whole line of a tag that stands alone on it and shows nothing by itself, line end included; nil otherwise.
    private func standaloneLine(_ tag: Tag) -> Range<Int>? {
        guard Array("!#^/>=".utf8).contains(tag.kind) else { return nil }
        var start = tag.start
        while start > 0, source[start - 1].isSpaceOrTab { start -= 1 }
        guard isLineStart(start) else { return nil }
        var end = tag.end
        while end < source.count, source[end].isSpaceOrTab { end += 1 }
        if end == source.count { return start..<end }
        if source[end] == UInt8(ascii: "\r"), end + 1 < source.count { end += 1 }
        guard source[end] == UInt8(ascii: "\n") else { return nil }
        return start..<(end + 1)
    }

    // MARK: Bytes

    private func isLineStart(_ index: Int) -> Bool {
        index == 0 || source[index - 1] == UInt8(ascii: "\n")
    }

    private func find(_ pattern: [UInt8], from start: Int) -> Int? {
        guard let first = pattern.first else { return nil }
        var index = start
        while index + pattern.count <= source.count {
            if source[index] == first, source[index..<(index + pattern.count)].elementsEqual(pattern) {
                return index
            }
            index += 1
        }
        return nil
    }

    private func lineNumber(_ index: Int) -> Int {
        source[..<index].reduce(1) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }
    }

    private func error(_ kind: MustacheError.Kind, _ tag: Tag) -> MustacheError {
        MustacheError(kind, tag.name, template: name, line: lineNumber(tag.start))
    }

    /// `a.b` as its parts; `.`, the element itself, as none.
    private static func path(_ name: String) -> [String] {
        name == "." ? [] : name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    }
}

extension UInt8 {
    fileprivate var isSpaceOrTab: Bool { self == 0x20 || self == 0x09 }
    fileprivate var isBlank: Bool { isSpaceOrTab || self == 0x0A || self == 0x0D }
}

extension ArraySlice<UInt8> {
    fileprivate var trimmed: ArraySlice<UInt8> {
        guard let first = firstIndex(where: { !$0.isBlank }), let last = lastIndex(where: { !$0.isBlank }) else {
            return self[startIndex..<startIndex]
        }
        return self[first...last]
    }
}
