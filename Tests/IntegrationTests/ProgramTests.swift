import TemporaryFolders
import Glibc
import ObserverCore
import ObserverMessages
import Spool
import System
import TestSupport
import Testing

/// The services as programs: how they end.
@Suite(.timeLimit(.minutes(2)))
struct ProgramTests {
    @Test(
        .enabled(if: UploadHarness.isPossible && UploadBinary.isBuilt)
    )
    func `a first signal lets uploads finish, a second one ends the process at once`() throws {
        let harness = try UploadHarness()
        let proxy = try FaultProxy(to: TestEnvironment.address(of: .s3))
        defer { proxy.stop() }
        proxy.set(.stall)
        let segment = try harness.record()
        let binary = try UploadBinary(harness, endpoint: proxy.endpoint)
        try harness.announce([SegmentRecorded(segment: segment)])
        #expect(poll(for: .seconds(20)) { proxy.hasConnection })
        binary.send(SIGTERM)
        #expect(poll(for: .seconds(10)) { binary.log.contains("Stopping") })
        #expect(binary.outcome(within: .milliseconds(300)) == nil, "an upload is under way")
        binary.send(SIGTERM)
        let outcome = binary.outcome(within: .seconds(5))
        #expect(outcome?.signal == 0 && outcome?.code == 1)
        #expect(binary.log.contains("Second signal; ending at once"))
        #expect(try harness.spool.mediaStatus(segment.id) != nil)
    }

    @Test(
        .enabled(if: UploadBinary.isBuilt),
        arguments: ["observer-web", "observer-capture", "observer-upload"]
    )
    func `a program with wrong settings names all of them and exits with 78`(name: String) throws {
        let path = "\(TestEnvironment.repository)/.build/debug/\(name)"
        let folder = TemporaryFolder()
        defer { folder.remove() }
        let output = folder.path + "/output"
        let settings = "OBSERVER_LOG_FORMAT=json OBSERVER_LOG_LEVEL=loud OBSERVER_AMQP_URL=http://user:canary@host"
        let pid = try PrivateBroker.spawn("exec env -i \(settings) '\(path)' < /dev/null 2> '\(output)'")
        var status: Int32 = 0
        #expect(poll(for: .seconds(20)) { waitpid(pid, &status, WNOHANG) == pid })
        #expect((status >> 8) & 0xFF == 78)
        let text = String(decoding: try File.contents(of: output), as: UTF8.self)
        let lines = text.split(separator: "\n")
        for setting in ["OBSERVER_LOG_LEVEL", "OBSERVER_AMQP_URL", "OBSERVER_DATABASE_URL"] {
            #expect(lines.contains { $0.contains("\"setting.name\":\"\(setting)\"") }, "\(lines)")
        }
        #expect(lines.allSatisfy { $0.hasPrefix("{") && !$0.contains("canary") })
    }
}
