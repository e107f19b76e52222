import Glibc
import ObserverConfiguration
import Testing

@Suite struct SettingsDocumentTests {
    @Test func `SETTINGS.md is what the code says`() throws {
        let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let file = try #require(fopen("\(root)/SETTINGS.md", "r"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        let text = String(decoding: bytes[..<count], as: UTF8.self)
        #expect(text == SettingsDocument.markdown, "generate it anew: observerctl settings >SETTINGS.md")
    }

    @Test func `each setting is listed once, and its default has the form that it demands`() {
        let settings = Setting.all.flatMap(\.settings)
        #expect(Set(settings.map(\.name)).count == settings.count)
        for setting in settings {
            guard case .value(let text) = setting.fallback else { continue }
            switch setting.form {
            case .integer(let range): #expect(Int(text).map { range.contains($0) } == true, "\(setting.name)")
            case .word(let words): #expect(words.contains(text), "\(setting.name)")
            case .integers(let count, _): #expect(text.split(separator: ",").count == count, "\(setting.name)")
            case .text, .path: #expect(!text.isEmpty, "\(setting.name)")
            }
        }
    }
}
