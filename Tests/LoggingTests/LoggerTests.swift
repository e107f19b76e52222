import Errors
import System
import Testing

@testable import Logging

@Suite struct LoggerTests {
    private func rendered(_ line: LogLine, _ format: LogFormat) -> String {
        let time = WallTime(seconds: 1_795_464_062, nanoseconds: 123_999_999)
        return String(decoding: line.rendered(as: format, at: time), as: UTF8.self)
    }

    @Test func `lines below the level are not written`() {
        let sink = MemoryLogSink()
        let logger = Logger(label: "test", level: .warning, sink: sink)
        logger.info("quiet")
        logger.error("loud")
        #expect(sink.lines.map(\.message) == ["loud"])
    }

    @Test func `a child adds its fields and the newest value wins`() {
        let sink = MemoryLogSink()
        let logger = Logger(label: "test", level: .info, sink: sink).with([.cameraID: 7, .note: "open"])
        logger.info("Recording", [.note: "read"])
        #expect(sink.lines.first?.fields == [.cameraID: 7, .note: "read"])
    }

    @Test func `a line of text carries the time in UTC and sorted fields`() {
        let line = LogLine(
            level: .info,
            label: "capture",
            message: "Recording",
            fields: [LogKey("b"): "x y", LogKey("a"): 1]
        )
        #expect(rendered(line, .text) == "2026-11-23T20:01:02.123Z INFO    capture: Recording a=1 b=\"x y\"")
    }

    @Test func `a name with a line feed cannot forge a line`() {
        let line = LogLine(
            level: .info,
            label: "web",
            message: "Camera added",
            fields: [.userName: "a\nERROR b\u{1B}[2J\u{9B}2J\u{7F}"]
        )
        for format in LogFormat.allCases {
            for control in ["\n", "\u{1B}", "\u{9B}", "\u{7F}"] { #expect(!rendered(line, format).contains(control)) }
            #expect(rendered(line, format).contains(#"a\nERROR b\u001b[2J\u009b2J\u007f"#))
        }
    }

    @Test func `an error is logged with its hint`() {
        struct Trouble: DescribedError {
            enum Kind: String, Sendable { case refused }
            let kind = Kind.refused
            let detail = "the broker refused"
            let isTemporary = false
            var hint: String?
        }
        #expect(LogValue(Trouble()) == "refused: the broker refused")
        #expect(LogValue(Trouble(hint: "check the password")) == "refused: the broker refused; check the password")
        #expect(LogValue(CancellationError()).description.contains("CancellationError"))
    }

    @Test func `a line of JSON keeps numbers and truth values as such`() {
        let fields: [LogKey: LogValue] = [LogKey("tries"): 3, LogKey("kept"): true, LogKey("text"): "a\"b"]
        let line = LogLine(level: .error, label: "upload", message: "Gave up", fields: fields)
        let head = #"{"time":"2026-11-23T20:01:02.123Z","level":"error","label":"upload","message":"Gave up""#
        #expect(rendered(line, .json) == head + #","kept":true,"text":"a\"b","tries":3}"#)
    }
}
