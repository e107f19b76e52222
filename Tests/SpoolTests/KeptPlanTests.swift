import TemporaryFolders
import Crypto
import ObserverCore
import Testing

@testable import Spool

@Suite struct KeptPlanTests {
    private let folder = TemporaryFolder()

    private func key(_ byte: UInt8) throws -> SealingKey { try SealingKey([UInt8](repeating: byte, count: 32)) }

    private var plan: KeptPlan {
        var settings = CameraSettings()
        settings.url = "rtsp://camera.example/gate"
        settings.username = "viewer"
        settings.audio = .copy
        let camera = Camera(
            id: CameraID(rawValue: 7),
            settings: settings,
            hasPassword: true,
            version: 3,
            createdAt: Timestamp(milliseconds: 0),
            updatedAt: Timestamp(milliseconds: 0)
        )
        return KeptPlan(incarnation: 4, cameras: [.init(camera, sealedPassword: [1, 2], epoch: 9)])
    }

    @Test func `a plan comes back as it was kept, and its file shows nothing of it`() throws {
        let spool = try Spool(at: folder.path)
        let key = try key(1)
        #expect(try spool.keptPlan(of: "node-a", key: key) == nil)
        try spool.keep(plan, of: "node-a", key: key)
        let found = try #require(try spool.keptPlan(of: "node-a", key: key))
        #expect(found.plan == plan)
        #expect(found.plan.cameras.first?.camera.audio == .copy)
        let bytes = try Files.read(spool.layout.plans + "/node-a.sealed")
        #expect(!String(decoding: bytes, as: UTF8.self).contains("example"))
    }

    @Test func `a plan opens with its own key, for its own recorder`() throws {
        let spool = try Spool(at: folder.path)
        try spool.keep(plan, of: "node-a", key: key(1))
        #expect(throws: SpoolError.self) { try spool.keptPlan(of: "node-a", key: key(2)) }
        try Files.rename(spool.layout.plans + "/node-a.sealed", spool.layout.plans + "/node-b.sealed")
        #expect(throws: SpoolError.self) { try spool.keptPlan(of: "node-b", key: key(1)) }
    }
}
