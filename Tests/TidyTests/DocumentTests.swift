import Testing

/// The promises of the documents and of the parts that are not Swift, held against the tree.
@Suite struct DocumentTests {
    @Test func `every setting that scripts and deployments give is in SETTINGS`() {
        let settings = Tree.load("SETTINGS.md").text
        // Read by compose and by the scripts among themselves.
        let others: Set = [
            "OBSERVER_IMAGE", "OBSERVER_VERSION", "OBSERVER_SERVICE", "OBSERVER_SERVICES", "OBSERVER_HOST",
            "OBSERVER_RUN", "OBSERVER_BINARIES", "OBSERVER_TEMP", "OBSERVER_STATIC", "OBSERVER_ERRORS",
            "OBSERVER_NGINX", "OBSERVER_LIVE",
        ]
        let files =
            ["observer", "compose.yaml", "README.md"]
            + Tree.files(below: "deploy") + Tree.files(below: "scripts")
        var count = 0
        for path in files {
            for name in Self.settingNames(in: Tree.load(path).text) where !others.contains(name) {
                #expect(settings.contains("| `\(name)` |"), "\(path) gives \(name), which SETTINGS.md does not have")
                count += 1
            }
        }
        #expect(count > 50)
    }

    /// The names that begin like settings, without `_FILE` at their end; patterns and the settings of tests are left out.
    private static func settingNames(in text: String) -> Set<String> {
        var names: Set<String> = []
        for word in text.split(whereSeparator: { !($0.isASCII && ($0.isUppercase || $0.isNumber)) && $0 != "_" }) {
            guard word.hasPrefix("OBSERVER_") || word.hasPrefix("AWS_"), !word.hasSuffix("_") else { continue }
            guard !word.hasPrefix("OBSERVER_TEST_") else { continue }
            names.insert(String(word.hasSuffix("_FILE") ? word.dropLast(5) : word))
        }
        return names
    }

    @Test func `every module is in ARCHITECTURE`() {
        let text = Tree.load("ARCHITECTURE.md").text
        for name in Tree.names(in: "Sources") {
            #expect(text.contains("`\(name)`"), "ARCHITECTURE.md leaves out \(name)")
        }
    }

    @Test func `migrations are numbered without a hole`() {
        let numbers = Tree.names(in: "sql/migrations").compactMap { Int($0.prefix(4)) }
        #expect(!numbers.isEmpty)
        #expect(numbers == Array(1...max(numbers.count, 1)))
    }

    @Test func `every page's template has a view, and every view a template`() {
        let templates = Set(Tree.files(below: "templates/pages").map { $0.dropFirst("templates/".count) })
        var views: Set<Substring> = []
        for piece in Tree.swift("Sources/ObserverWeb").map(\.text).joined().split(separator: "\"")
        where piece.hasPrefix("pages/") {
            views.insert(piece + ".mustache")
        }
        #expect(!views.isEmpty)
        #expect(templates == views, "a page's template is named \"pages/…\" once, in the view that fills it in")
    }

    @Test func `nothing comes from another host`() {
        for path in Tree.files(below: "templates") where !path.hasSuffix(".svg") {
            for (index, line) in Tree.load(path).lines.enumerated() {
                let links = line.contains("src=\"http") || line.contains("href=\"http") || line.contains("url(http")
                #expect(!links, "\(path):\(index + 1) loads something from elsewhere")
            }
        }
    }

    @Test func `documents point at what is there`() {
        for name in Tree.names(in: "").filter({ $0.hasSuffix(".md") }) {
            for piece in Tree.load(name).text.split(separator: "](").dropFirst() {
                let target = piece.prefix { $0 != ")" && $0 != "#" }
                guard !target.isEmpty, !target.contains("://") else { continue }
                let isThere = Tree.isFolder(String(target)) || Tree.load(String(target)).lines.count > 1
                #expect(isThere, "\(name) points to \(target)")
            }
        }
    }

    @Test func `no file names the machine it was written on`() {
        let roots = ["/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/"]
        let kinds = [".swift", ".md", ".sh", ".py", ".sql", ".conf", ".mustache", ".yaml", ".js", ".css"]
        for path in Tree.files(below: "") where kinds.contains(where: { path.hasSuffix($0) }) && !path.hasPrefix("var/")
        {
            let text = Tree.load(path).text
            for root in roots { #expect(!text.contains(root), "\(path) has a path with \(root)") }
        }
    }
}
