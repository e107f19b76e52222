import FoundationEssentials
import Glibc
import Testing

/// The style sheet's colours, held against WCAG 2.2.
@Suite struct PagesStyleTests {
    /// The tokens of a scheme by name.
    private func tokens(dark: Bool) throws -> [String: [Double]] {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let css = try String(contentsOfFile: "/\(root)/templates/static/observer.css", encoding: .utf8)
        let parts = css.split(separator: "@media (prefers-color-scheme: dark)", maxSplits: 1)
        let own = try #require(dark ? parts.last?.split(separator: "}").first : parts.first)
        var tokens = dark ? try self.tokens(dark: false) : [:]
        for line in own.split(separator: "\n") {
            let halves = line.split(separator: ":").map { $0.filter { $0 != " " && $0 != ";" } }
            guard halves.count == 2, halves[0].hasPrefix("--"), halves[1].hasPrefix("#"), halves[1].count == 7,
                let number = Int(halves[1].dropFirst(), radix: 16)
            else { continue }
            tokens[String(halves[0].dropFirst(2))] = [number >> 16, number >> 8 & 255, number & 255].map {
                Double($0) / 255
            }
        }
        return tokens
    }

    /// The contrast ratio of two colours (WCAG 2.2, relative luminance).
    private func contrast(_ left: [Double], _ right: [Double]) -> Double {
        func luminance(_ color: [Double]) -> Double {
            let linear = color.map { $0 <= 0.04045 ? $0 / 12.92 : Glibc.pow(($0 + 0.055) / 1.055, 2.4) }
            return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        }
        let (one, other) = (luminance(left), luminance(right))
        return (max(one, other) + 0.05) / (min(one, other) + 0.05)
    }

    @Test(arguments: [false, true])
    func `every text is readable on every ground it stands on, light and dark`(_ isDark: Bool) throws {
        let tokens = try tokens(dark: isDark)
        let texts = ["ink", "ink-quiet", "accent", "recording", "retrying", "failing"]
        var pairs = texts.flatMap { text in ["paper", "sheet", "hover"].map { (text, $0, 4.5) } }
        pairs += [
            ("accent-ink", "accent", 4.5), ("failing-ink", "failing", 4.5), ("stage-ink", "stage", 4.5),
            ("ink", "failing-sheet", 4.5), ("failing", "failing-sheet", 4.5),
            // What shows that something can be pressed or filled in.
            ("line-strong", "paper", 3), ("line-strong", "sheet", 3),
        ]
        for (text, ground, least) in pairs {
            let ratio = contrast(try #require(tokens[text]), try #require(tokens[ground]))
            #expect(ratio >= least, "\(text) on \(ground): \(ratio)")
        }
    }
}
