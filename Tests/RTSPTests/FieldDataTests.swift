import Glibc
import Testing

@testable import RTSP

/// The folder with inputs from outside the project; nil where none is named.
private let folder = getenv("OBSERVER_TEST_FIELD_DATA").map { String(cString: $0) }

/// Inputs from outside the project, when a folder of them is named.
@Suite(.enabled(if: folder != nil)) struct FieldDataTests {
    @Test func `every captured description has its video`() {
        var count = 0
        for (name, bytes) in files("rtsp-answers") where name.contains("describe") || name.contains("sdp") {
            let message = bytes.withUnsafeBytes { buffer -> RTSPMessage? in
                guard case .whole(let head, let body) = MessageBounds.extent(buffer, at: 0, frame: { _ in .other }),
                    name.contains("describe")
                else { return nil }
                return RTSPMessage(
                    head: UnsafeRawBufferPointer(rebasing: buffer[..<head]),
                    body: UnsafeRawBufferPointer(rebasing: buffer[head..<(head + body)])
                )
            }
            let description = SessionDescription(message?.body ?? bytes)
            #expect(
                ["H264", "H265"].contains(description.video.flatMap { description.media[$0].format?.encoding }),
                "\(name)"
            )
            #expect(
                (description.video.flatMap { description.media[$0].format?.parameters.parameterSets.count } ?? 0) >= 2,
                "\(name)"
            )
            count += 1
        }
        #expect(count == 19)
    }

    @Test func `every captured answer is one message`() {
        for (name, bytes) in files("rtsp-answers") where !name.contains("sdp") {
            bytes.withUnsafeBytes { buffer in
                guard case .whole(let head, let body) = MessageBounds.extent(buffer, at: 0, frame: { _ in .other })
                else {
                    Issue.record("\(name) is not whole")
                    return
                }
                #expect(head + body == buffer.count || name.contains("describe"), "\(name)")
            }
        }
    }

    @Test func `inputs that broke other readers break nothing here`() {
        var count = 0
        for target in ["auth", "base", "description", "format", "headers", "sdpunmarshaler", "rtcpunmarshaler"] {
            for (_, bytes) in files("fuzz/\(target)") {
                count += 1
                let text = String(decoding: bytes, as: UTF8.self)
                _ = Challenge.list([text])
                _ = TransportHeader(text)
                _ = SessionHeader(text)
                _ = RTPInfo.list(text)
                _ = FormatParameters(text).parameterSets
                _ = RTSPURL(text)
                let description = SessionDescription(bytes)
                for media in description.media { _ = media.format?.parameters.audioConfiguration }
                for prefix in [[], Array("RTSP/1.0 200 OK\r\n".utf8), frame(0)] {
                    let driver = SessionDriver()
                    driver.begin()
                    driver.receive(prefix + bytes + Array("\r\n\r\n".utf8))
                    driver.advance(to: 10_000_000_000)
                }
            }
        }
        #expect(count > 100)
    }

    /// Names and contents of all files below a folder.
    private func files(_ path: String) -> [(String, [UInt8])] {
        let path = "\(folder ?? "")/\(path)"
        guard let directory = opendir(path) else { return read(path).map { [(path, $0)] } ?? [] }
        defer { closedir(directory) }
        var result: [(String, [UInt8])] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard !name.hasPrefix(".") else { continue }
            let isFolder = entry.pointee.d_type == UInt8(DT_DIR)
            result +=
                isFolder
                ? files("\(path.dropFirst((folder ?? "").count + 1))/\(name)")
                : read("\(path)/\(name)").map { [(name, $0)] } ?? []
        }
        return result
    }

    private func read(_ path: String) -> [UInt8]? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
        return bytes
    }
}
