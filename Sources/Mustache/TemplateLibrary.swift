import Glibc

/// Templates that know each other by name, so that one can include another.
public struct TemplateLibrary: Sendable {
    /// How deep partials may include partials (a list in a list in a list…).
    public static let partialDepthLimit = 32

    private let templates: [String: Template]

    /// Makes a library of compiled templates.
    ///
    /// - Parameter templates: The templates by name; a partial is looked up by it.
    /// - Throws: ``MustacheError`` when a template includes one that is not there.
    public init(_ templates: [String: Template]) throws(MustacheError) {
        for (name, template) in templates {
            for partial in template.partials.sorted() where templates[partial] == nil {
                throw MustacheError(kind: .unknownTemplate, template: name, line: 0, subject: partial)
            }
        }
        self.templates = templates
    }

    /// Compiles templates given as text.
    ///
    /// - Parameter sources: The texts by name.
    /// - Throws: ``MustacheError`` for the first template that can't be read or includes one that is not there.
    public init(sources: [String: String]) throws(MustacheError) {
        var templates: [String: Template] = [:]
        for (name, source) in sources {
            templates[name] = try Template(source, name: name)
        }
        try self.init(templates)
    }

    /// Compiles every `*.mustache` file of a folder and of the folders in it.
    ///
    /// A template's name is its path without the ending: `pages/cameras.mustache` is `pages/cameras`.
    ///
    /// - Parameter directory: The folder.
    /// - Throws: ``MustacheError`` for a file that can't be read or compiled, or includes one that is not there.
    public init(directory: String) throws(MustacheError) {
        var sources: [String: String] = [:]
        try Self.collect(directory, prefix: "", depth: 0, into: &sources)
        try self.init(sources: sources)
    }

    /// The names of all templates, sorted.
    public var names: [String] { templates.keys.sorted() }

    /// Renders a template.
    ///
    /// - Parameters:
    ///   - name: The template.
    ///   - context: The values it shows; a missing one is shown as nothing.
    /// - Returns: The text in UTF-8.
    /// - Throws: ``MustacheError`` when there is no such template or partials include each other without end.
    public func render(_ name: String, _ context: MustacheValue) throws(MustacheError) -> [UInt8] {
        guard let template = templates[name] else {
            throw MustacheError(kind: .unknownTemplate, template: name, line: 0, subject: name)
        }
        var renderer = Renderer(templates: templates, context: context, capacity: 16 * 1024)
        try renderer.render(template)
        return renderer.output
    }

    // MARK: Files

    private static let ending = ".mustache"

    private static func collect(
        _ directory: String,
        prefix: String,
        depth: Int,
        into sources: inout [String: String]
    ) throws(MustacheError) {
        guard depth < 8, let folder = opendir(directory) else {
            throw MustacheError(kind: .unreadable, template: directory, line: 0, subject: directory)
        }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            let path = directory + "/" + name
            if name.hasPrefix(".") { continue }
            if name.hasSuffix(ending) {
                sources[prefix + name.dropLast(ending.count)] = try read(path)
            } else if isDirectory(path) {
                try collect(path, prefix: prefix + name + "/", depth: depth + 1, into: &sources)
            }
        }
    }

    private static func isDirectory(_ path: String) -> Bool {
        var facts = stat()
        return stat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFDIR
    }

    private static func read(_ path: String) throws(MustacheError) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            throw MustacheError(kind: .unreadable, template: path, line: 0, subject: path)
        }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = Glibc.read(file, &chunk, chunk.count)
            guard count >= 0 else {
                throw MustacheError(kind: .unreadable, template: path, line: 0, subject: path)
            }
            if count == 0 { break }
            bytes += chunk[..<count]
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw MustacheError(kind: .unreadable, template: path, line: 0, subject: "not UTF-8")
        }
        return text
    }
}

extension Template {
    /// Renders a template that includes no other; a partial in it is shown as nothing.
    ///
    /// - Parameter context: The values it shows.
    /// - Returns: The text in UTF-8.
    /// - Throws: Never in practice: without partials nothing can go too deep.
    public func render(_ context: MustacheValue) throws(MustacheError) -> [UInt8] {
        var renderer = Renderer(templates: [:], context: context, capacity: 256)
        try renderer.render(self)
        return renderer.output
    }
}
