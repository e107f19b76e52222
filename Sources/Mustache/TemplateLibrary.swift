import System

/// Templates that know each other by name, so that one can include another.
public struct TemplateLibrary: Sendable {
    /// The depth to which partials can include partials (a list in a list in a list…).
    public static let partialDepthLimit = 32

    private let templates: [String: Template]

    /// Creates a library of compiled templates.
    ///
    /// - Parameter templates: The templates by name; a partial is looked up by it.
    /// - Throws: ``MustacheError`` if a template includes one that does not exist.
    public init(_ templates: [String: Template]) throws(MustacheError) {
        for (name, template) in templates {
            for partial in template.partials.sorted() where templates[partial] == nil {
                throw MustacheError(.unknownTemplate, partial, template: name)
            }
        }
        self.templates = templates
    }

    /// Compiles templates given as text.
    ///
    /// - Parameter sources: The texts by name.
    /// - Throws: ``MustacheError`` for a template that cannot be compiled or includes one that does not exist.
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
    /// - Throws: ``MustacheError`` for a file that cannot be read or compiled, or includes one that does not exist.
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
    ///   - context: The values; a missing one is shown as nothing.
    /// - Returns: The text in UTF-8.
    /// - Throws: ``MustacheError`` if there is no such template or partials include each other without end.
    public func render(_ name: String, _ context: MustacheValue) throws(MustacheError) -> [UInt8] {
        guard let template = templates[name] else {
            throw MustacheError(.unknownTemplate, name, template: name)
        }
        var renderer = Renderer(templates: templates, context: context, capacity: 16 * 1024)
        try renderer.render(template)
        return renderer.output
    }

    // MARK: Files

    private static let ending = ".mustache"
    private static let folderDepthLimit = 8
    private static let byteLimit = 1 << 20

    private static func collect(
        _ directory: String,
        prefix: String,
        depth: Int,
        into sources: inout [String: String]
    ) throws(MustacheError) {
        guard depth < folderDepthLimit else {
            throw MustacheError(.unreadable, "folders are nested deeper than \(folderDepthLimit)", template: directory)
        }
        for name in try names(in: directory) where !name.hasPrefix(".") {
            let path = directory + "/" + name
            if name.hasSuffix(ending) {
                sources[prefix + name.dropLast(ending.count)] = try read(path)
            } else if Directory.isDirectory(path) {
                try collect(path, prefix: prefix + name + "/", depth: depth + 1, into: &sources)
            }
        }
    }

    private static func names(in directory: String) throws(MustacheError) -> [String] {
        do {
            return try Directory.names(in: directory)
        } catch {
            throw MustacheError(.unreadable, error.detail, template: directory)
        }
    }

    private static func read(_ path: String) throws(MustacheError) -> String {
        let bytes: [UInt8]
        do {
            bytes = try File.contents(of: path, limit: byteLimit, followsLinks: true)
        } catch {
            throw MustacheError(.unreadable, error.detail, template: path)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw MustacheError(.unreadable, "the file is not UTF-8", template: path)
        }
        return text
    }
}

extension Template {
    /// Renders a template that includes no other; a partial in it is shown as nothing.
    ///
    /// - Parameter context: The values.
    /// - Returns: The text in UTF-8.
    /// - Throws: Nothing in practice: without partials nothing can go too deep.
    public func render(_ context: MustacheValue) throws(MustacheError) -> [UInt8] {
        var renderer = Renderer(templates: [:], context: context, capacity: 256)
        try renderer.render(self)
        return renderer.output
    }
}
