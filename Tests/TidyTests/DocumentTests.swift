import Testing

/// What the documents and the parts that are not Swift promise, held against the tree.
@Suite struct DocumentTests {
    @Test func `every setting is in the README's table`() {
        let readme = Tree.load("README.md").text
        var settings: Set<String> = []
        for file in Tree.swift("Sources/ObserverConfiguration") {
            for piece in file.text.split(separator: "\"") {
                let isSetting = piece.hasPrefix("OBSERVER_") || piece.hasPrefix("AWS_")
                let isName = piece.utf8.allSatisfy { (65...90).contains($0) || (48...57).contains($0) || $0 == 95 }
                if isSetting, isName { settings.insert(String(piece)) }
            }
        }
        #expect(settings.count > 15)
        for name in settings.sorted() {
            #expect(readme.contains("`\(name)`"), "README.md does not say what \(name) is")
        }
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
