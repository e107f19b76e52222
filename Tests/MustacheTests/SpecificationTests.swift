import Mustache
import Testing

/// One behaviour of the Mustache specification, in a case of our own.
struct Behaviour: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let template: String
    let context: MustacheValue
    var partials: [String: String] = [:]
    let expected: String

    init(
        _ name: String,
        _ template: String,
        _ context: MustacheValue = [:],
        partials: [String: String] = [:],
        gives expected: String
    ) {
        testDescription = name
        self.template = template
        self.context = context
        self.partials = partials
        self.expected = expected
    }

    func check() throws {
        let library = try TemplateLibrary(sources: partials.merging(["main": template]) { $1 })
        #expect(String(decoding: try library.render("main", context), as: UTF8.self) == expected)
    }
}

/// The behaviours of the official Mustache specification 1.4, held with cases of our own.
@Suite struct SpecificationTests {
    @Test(arguments: interpolation) func `variables show values`(_ behaviour: Behaviour) throws {
        try behaviour.check()
    }

    @Test(arguments: sections) func `sections repeat, enter or hide`(_ behaviour: Behaviour) throws {
        try behaviour.check()
    }

    @Test(arguments: inverted) func `inverted sections show what is missing`(_ behaviour: Behaviour) throws {
        try behaviour.check()
    }

    @Test(arguments: comments) func `comments leave nothing`(_ behaviour: Behaviour) throws {
        try behaviour.check()
    }

    @Test(arguments: partials) func `partials are included in place`(_ behaviour: Behaviour) throws {
        try behaviour.check()
    }

    @Test(arguments: delimiters) func `delimiters can be changed`(_ behaviour: Behaviour) throws {
        try behaviour.check()
    }
}

private let gate: MustacheValue = ["camera": ["name": "Gate", "video": ["codec": "h264"]], "name": "outer"]

private let interpolation: [Behaviour] = [
    Behaviour("text without tags", "Big {brother} is\nwatching", gives: "Big {brother} is\nwatching"),
    Behaviour("a name", "Hello, {{name}}!", ["name": "Ada"], gives: "Hello, Ada!"),
    Behaviour("a value is not a template", "{{a}}", ["a": "{{b}}", "b": "no"], gives: "{{b}}"),
    Behaviour("escaped", "<{{a}}>", ["a": "&\"<>'"], gives: "<&amp;&quot;&lt;&gt;&#39;>"),
    Behaviour("three braces", "<{{{a}}}>", ["a": "&\"<>"], gives: "<&\"<>>"),
    Behaviour("ampersand", "<{{&a}}>", ["a": "&\"<>"], gives: "<&\"<>>"),
    Behaviour("whole number", "{{n}} {{{n}}} {{&n}}", ["n": 85], gives: "85 85 85"),
    Behaviour("decimal number", "{{n}}", ["n": 1.21], gives: "1.21"),
    Behaviour("null is nothing", "[{{n}}{{{n}}}{{&n}}]", ["n": nil], gives: "[]"),
    Behaviour("missing is nothing", "[{{n}}{{{n}}}{{&n}}]", gives: "[]"),
    Behaviour("html that is html already", "{{a}}", ["a": .html(Array("<b>".utf8))], gives: "<b>"),
    Behaviour("dotted", "{{camera.name}} {{{camera.video.codec}}}", gate, gives: "Gate h264"),
    Behaviour("dotted into nothing", "[{{camera.snapshot.width}}]", gate, gives: "[]"),
    Behaviour("dotted through text", "[{{name.length}}]", gate, gives: "[]"),
    Behaviour("first part alone walks outwards", "{{#camera}}{{camera.name}}{{/camera}}", gate, gives: "Gate"),
    Behaviour(
        "no walk outwards after the first part",
        "{{#a}}{{b.name}}{{/a}}",
        ["a": ["b": [:]], "b": ["name": "wrong"]],
        gives: ""
    ),
    Behaviour("element", "{{.}}{{{.}}}", "<", gives: "&lt;<"),
    Behaviour("blanks around stay", "| {{a}} |", ["a": "-"], gives: "| - |"),
    Behaviour("not standalone", "  {{a}}\n", ["a": "-"], gives: "  -\n"),
    Behaviour("blanks inside do not count", "|{{ a }}{{{ a }}}{{& a }}|", ["a": "-"], gives: "|---|"),
]

private let sections: [Behaviour] = [
    Behaviour("true", "[{{#a}}yes{{/a}}]", ["a": true], gives: "[yes]"),
    Behaviour("false", "[{{#a}}yes{{/a}}]", ["a": false], gives: "[]"),
    Behaviour("null", "[{{#a}}yes{{/a}}]", ["a": nil], gives: "[]"),
    Behaviour("missing", "[{{#a}}yes{{/a}}]", gives: "[]"),
    Behaviour("empty text", "[{{#a}}yes{{/a}}]", ["a": ""], gives: "[]"),
    Behaviour("zero is a value", "[{{#a}}yes{{/a}}]", ["a": 0], gives: "[yes]"),
    Behaviour("object is entered", "{{#camera}}{{name}}{{/camera}}", gate, gives: "Gate"),
    Behaviour("outer names are seen", "{{#a}}{{name}}{{/a}}", ["a": ["b": 1], "name": "outer"], gives: "outer"),
    Behaviour("inner names win", "{{#a}}{{n}}{{#b}}{{n}}{{/b}}{{/a}}", ["a": ["n": 1, "b": ["n": 2]]], gives: "12"),
    Behaviour("list of objects", "{{#a}}<{{n}}>{{/a}}", ["a": [["n": 1], ["n": 2]]], gives: "<1><2>"),
    Behaviour("empty list", "[{{#a}}x{{/a}}]", ["a": []], gives: "[]"),
    Behaviour("list of values", "{{#a}}({{.}}){{/a}}", ["a": ["x", 2, 3.5, "<"]], gives: "(x)(2)(3.5)(&lt;)"),
    Behaviour("list of lists", "{{#a}}({{#.}}{{.}}{{/.}}){{/a}}", ["a": [[1, 2], [3]]], gives: "(12)(3)"),
    Behaviour("a text is entered", "{{#a}}{{.}}{{/a}}", ["a": "x"], gives: "x"),
    Behaviour("twice", "{{#a}}1{{/a}}-{{#a}}2{{/a}}", ["a": true], gives: "1-2"),
    Behaviour("nested true", "{{#a}}b{{#a}}c{{/a}}d{{/a}}", ["a": true], gives: "bcd"),
    Behaviour("nested false", "{{#a}}b{{#b}}c{{/b}}d{{/a}}", ["a": true], gives: "bd"),
    Behaviour("dotted", "{{#a.b}}here{{/a.b}}", ["a": ["b": true]], gives: "here"),
    Behaviour("dotted missing", "[{{#a.b}}here{{/a.b}}]", ["a": [:]], gives: "[]"),
    Behaviour("blanks around stay", " | {{#a}}\t|\t{{/a}} | \n", ["a": true], gives: " | \t|\t | \n"),
    Behaviour("two on a line stay", " {{#a}}Y{{/a}}\n {{#a}}G{{/a}}\n", ["a": true], gives: " Y\n G\n"),
    Behaviour(
        "standalone",
        "| this\n{{#a}}\n| line\n{{/a}}\n| stays\n",
        ["a": true],
        gives: "| this\n| line\n| stays\n"
    ),
    Behaviour("standalone, indented", "|\n  {{#a}}\n|\n  {{/a}}\n|", ["a": true], gives: "|\n|\n|"),
    Behaviour("standalone, CRLF", "|\r\n{{#a}}\r\n{{/a}}\r\n|", ["a": true], gives: "|\r\n|"),
    Behaviour("standalone on the first line", "  {{#a}}\n#{{/a}}\n/", ["a": true], gives: "#\n/"),
    Behaviour("standalone on the last line", "#{{#a}}\n/\n  {{/a}}", ["a": true], gives: "#\n/\n"),
    Behaviour("blanks inside do not count", "|{{# a }}={{/ a }}|", ["a": true], gives: "|=|"),
]

private let inverted: [Behaviour] = [
    Behaviour("false", "{{^a}}no{{/a}}", ["a": false], gives: "no"),
    Behaviour("true", "[{{^a}}no{{/a}}]", ["a": true], gives: "[]"),
    Behaviour("null", "{{^a}}no{{/a}}", ["a": nil], gives: "no"),
    Behaviour("missing", "{{^a}}no{{/a}}", gives: "no"),
    Behaviour("object", "[{{^a}}no{{/a}}]", ["a": ["n": 1]], gives: "[]"),
    Behaviour("list", "[{{^a}}no{{/a}}]", ["a": [1]], gives: "[]"),
    Behaviour("empty list", "{{^a}}no{{/a}}", ["a": []], gives: "no"),
    Behaviour("twice", "{{^a}}1{{/a}}-{{^a}}2{{/a}}", gives: "1-2"),
    Behaviour("nested", "{{^a}}b{{^a}}c{{/a}}d{{/a}}", gives: "bcd"),
    Behaviour("dotted missing", "{{^a.b}}no{{/a.b}}", ["a": [:]], gives: "no"),
    Behaviour("standalone", "|\n{{^a}}\n|\n{{/a}}\n|\n", gives: "|\n|\n|\n"),
    Behaviour("standalone, CRLF", "|\r\n{{^a}}\r\n{{/a}}\r\n|", gives: "|\r\n|"),
    Behaviour("blanks around stay", " | {{^a}} | {{/a}} | \n", gives: " |  |  | \n"),
]

private let comments: [Behaviour] = [
    Behaviour("inline", "12{{! said aside }}34", gives: "1234"),
    Behaviour("many lines", "12{{!\n  a\n  b\n}}34\n", gives: "1234\n"),
    Behaviour("standalone", "a\n{{! x }}\nb\n", gives: "a\nb\n"),
    Behaviour("standalone, indented", "a\n   {{! x }}  \nb\n", gives: "a\nb\n"),
    Behaviour("standalone, CRLF", "|\r\n{{! x }}\r\n|", gives: "|\r\n|"),
    Behaviour("standalone, first line", "  {{! x }}\n!", gives: "!"),
    Behaviour("standalone, last line", "!\n  {{! x }}", gives: "!\n"),
    Behaviour("standalone, many lines", "a\n  {{!\n x\n }}\nb\n", gives: "a\nb\n"),
    Behaviour("indented inline", "  12 {{! 34 }}\n", gives: "  12 \n"),
    Behaviour("a comment is no variable", "{{! a }}[{{a}}]", ["a": 1, "! a": 2], gives: "[1]"),
]

private let partials: [Behaviour] = [
    Behaviour("included", "[{{>p}}]", partials: ["p": "from the partial"], gives: "[from the partial]"),
    Behaviour("sees the context", "[{{>p}}]", ["a": 1], partials: ["p": "*{{a}}*"], gives: "[*1*]"),
    Behaviour(
        "may include itself",
        "{{>node}}",
        ["x": "1", "n": [["x": "2", "n": []]]],
        partials: ["node": "{{x}}<{{#n}}{{>node}}{{/n}}>"],
        gives: "1<2<>>"
    ),
    Behaviour("nested", "{{>a}}", ["v": 1], partials: ["a": "*{{>b}}*", "b": "{{v}}"], gives: "*1*"),
    Behaviour("inline keeps its blanks", "| {{>p}} |", partials: ["p": "\t|\t"], gives: "| \t|\t |"),
    Behaviour(
        "inline is not indented",
        "  {{v}}  {{> p}}\n",
        ["v": "|"],
        partials: ["p": ">\n>"],
        gives: "  |  >\n>\n"
    ),
    Behaviour("standalone, CRLF", "|\r\n{{>p}}\r\n|", partials: ["p": ">"], gives: "|\r\n>|"),
    Behaviour("standalone, first line", "  {{>p}}\n>", partials: ["p": ">\n>"], gives: "  >\n  >>"),
    Behaviour("standalone, last line", ">\n  {{>p}}", partials: ["p": ">\n>"], gives: ">\n  >\n  >"),
    Behaviour(
        "each line is indented, values are not",
        "\\\n {{>p}}\n/\n",
        ["v": "<\n->"],
        partials: ["p": "|\n{{{v}}}\n|\n"],
        gives: "\\\n |\n <\n->\n |\n/\n"
    ),
    Behaviour(
        "indentations add up",
        " {{>a}}\n",
        partials: ["a": "a\n {{>b}}\n", "b": "b\nb\n"],
        gives: " a\n  b\n  b\n"
    ),
    Behaviour(
        "sections in an indented partial",
        "  {{>p}}\n",
        ["a": [1, 2]],
        partials: ["p": "{{#a}}\n- {{.}}\n{{/a}}\nend"],
        gives: "  - 1\n  - 2\n  end"
    ),
    Behaviour("blanks inside do not count", "|{{> p }}|", partials: ["p": "[]"], gives: "|[]|"),
    Behaviour("a path is a name", "{{> partials/row }}", partials: ["partials/row": "row"], gives: "row"),
]

private let delimiters: [Behaviour] = [
    Behaviour("a pair", "{{=<% %>=}}(<%a%>)", ["a": "Hey"], gives: "(Hey)"),
    Behaviour("characters with other meanings", "({{=[ ]=}}[a])", ["a": "x"], gives: "(x)"),
    Behaviour(
        "in sections",
        "[{{#s}}{{v}}|v|{{/s}}{{= | | =}}|#s|{{v}}|v||/s|]",
        ["s": true, "v": 1],
        gives: "[1|v|{{v}}1]"
    ),
    Behaviour("and back", "{{=| |=}}|a|{{a}}|={{ }}=|{{a}}", ["a": 1], gives: "1{{a}}1"),
    Behaviour(
        "a partial has its own",
        "[{{>p}}]{{= | | =}}[|>p|]",
        ["v": "yes"],
        partials: ["p": ".{{v}}."],
        gives: "[.yes.][.yes.]"
    ),
    Behaviour("end with the partial", "{{>p}}[{{v}}|v|]", ["v": 1], partials: ["p": "{{=| |=}}|v|"], gives: "1[1|v|]"),
    Behaviour("around blanks", "| {{=@ @=}} |", gives: "|  |"),
    Behaviour("standalone", "a\n{{=@ @=}}\nb\n", gives: "a\nb\n"),
    Behaviour("standalone, indented, CRLF", "|\r\n  {{=@ @=}}\r\n|", gives: "|\r\n|"),
    Behaviour("standalone, last line", "=\n  {{=@ @=}}", gives: "=\n"),
    Behaviour("blanks inside", "|{{=  @   @  =}}|", gives: "||"),
    Behaviour("unescaped by ampersand", "{{=<% %>=}}<%& a %>", ["a": "<"], gives: "<"),
]
