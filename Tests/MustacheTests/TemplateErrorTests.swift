import Mustache
import Testing

@Suite struct TemplateErrorTests {
    @Test(arguments: [
        ("a\n{{b", MustacheError.Kind.unclosedTag, 2),
        ("{{{b}}", .unclosedTag, 1),
        ("a\n\n{{#b}}c", .unclosedSection, 3),
        ("a{{/b}}", .strayClose, 1),
        ("{{#a}}\n{{#b}}\n{{/a}}{{/b}}", .strayClose, 3),
        ("{{}}", .badTag, 1),
        ("{{ a b }}", .badTag, 1),
        ("{{=<%=}}", .badTag, 1),
        ("{{= a b c =}}", .badTag, 1),
        (String(repeating: "{{#a}}", count: 65), .sectionsTooDeep, 1),
    ])
    func `a broken template is refused with its line`(source: String, kind: MustacheError.Kind, line: Int) {
        let error = #expect(throws: MustacheError.self) { try Template(source, name: "t") }
        #expect(error?.kind == kind)
        #expect(error?.line == line)
        #expect(error?.template == "t")
    }

    @Test func `a partial that does not exist is found before anything is rendered`() {
        let error = #expect(throws: MustacheError.self) { try TemplateLibrary(sources: ["a": "{{#x}}{{>b}}{{/x}}"]) }
        #expect(error?.kind == .unknownTemplate)
        #expect(error?.detail == "template a: there is no template \"b\"")
    }

    @Test func `partials without end are stopped`() throws {
        let library = try TemplateLibrary(sources: ["a": "x{{>a}}"])
        let error = #expect(throws: MustacheError.self) { try library.render("a", [:]) }
        #expect(error?.kind == .partialsTooDeep)
    }

    @Test func `an unknown template is an error`() throws {
        let library = try TemplateLibrary(sources: [:])
        #expect(throws: MustacheError.self) { try library.render("a", [:]) }
    }

    @Test func `a folder that does not exist is an error`() {
        let error = #expect(throws: MustacheError.self) { try TemplateLibrary(directory: "/nowhere/at/all") }
        #expect(error?.kind == .unreadable)
        #expect(error?.detail == "template /nowhere/at/all: opendir /nowhere/at/all: No such file or directory")
    }

    @Test func `random text never stops the parser`() {
        var random = SystemRandomNumberGenerator()
        let pieces = [
            "{{", "}}", "{{{", "}}}", "#", "/", "^", ">", "!", "=", "a", ".", " ", "\n", "\r\n", "é", "{", "|",
        ]
        for _ in 0..<2000 {
            let text = (0..<12).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
            _ = try? Template(text).render(["a": [1, 2]])  // ignored: only that it returns counts
        }
    }
}
