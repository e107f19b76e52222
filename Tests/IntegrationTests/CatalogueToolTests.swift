import ObserverCore
import ObserverStore
import Postgres
import TestSupport
import Testing

/// `observerctl rebuild`, `reconcile` and `spool`, run as programs.
@Suite(.enabled(if: TestEnvironment.has(.database) && TestEnvironment.has(.s3)), .timeLimit(.minutes(3)))
struct CatalogueToolTests {
    @Test func `rebuild fills an empty database, and refuses one that has recordings`() throws {
        let fixture = try CatalogueFixture()
        try fixture.record(fixture.cameras[0], hoursAgo: 5, count: 20)
        try fixture.writeManifests()
        let empty = try TestDatabase()
        let environment = try fixture.environment(empty)
        let first = try ToolProgram.run("rebuild", environment: environment)
        #expect(first.code == 0 && first.output.contains("segments_added      20"), "\(first.output) \(first.errors)")
        let connection = empty.connect()
        #expect(try CatalogueFixture.rows(connection) == CatalogueFixture.rows(fixture.connection))
        let again = try ToolProgram.run("rebuild", environment: environment)
        #expect(again.code == 1 && again.errors.contains("--merge"))
        try fixture.record(fixture.cameras[0], hoursAgo: 2, count: 3, hasRows: false)
        let merged = try ToolProgram.run("rebuild --merge", environment: environment)
        #expect(merged.code == 0 && merged.output.contains("segments_added      3"), "\(merged.output)")
        // What tells nothing about itself is told of.
        try fixture.record(fixture.cameras[0], hoursAgo: 1, count: 1, hasRows: false, hasMetadata: false)
        let silent = try ToolProgram.run("rebuild --merge", environment: environment)
        #expect(silent.code == 1 && silent.output.contains("objects_unknown     1"))
    }

    @Test func `reconcile reports first, and refuses to take away much`() throws {
        let fixture = try CatalogueFixture()
        try fixture.record(fixture.cameras[0], hoursAgo: 5, count: 30, hasObjects: false)
        try fixture.record(fixture.cameras[0], hoursAgo: 9, count: 5)
        try fixture.connection.execute(
            "update segments set created_at = created_at - interval '1 day', stored_at = stored_at - interval '1 day'"
        )
        let environment = try fixture.environment(fixture.database)
        let report = try ToolProgram.run("reconcile", environment: environment)
        #expect(report.code == 1 && report.output.contains("missing             30"), "\(report.errors)")
        let refused = try ToolProgram.run("reconcile --mend missing", environment: environment)
        #expect(refused.code == 1 && refused.errors.contains("--force"))
        let states: SQL = "select count(*) from segments where state = 'stored'"
        #expect(try fixture.connection.rows(states, as: (Int).self) == [35])
        let mended = try ToolProgram.run("reconcile --mend missing --force", environment: environment)
        #expect(mended.code == 0 && mended.output.contains("segments_lost       30"), "\(mended.errors)")
        #expect(try ToolProgram.run("reconcile", environment: environment).code == 0)
        #expect(try ToolProgram.run("reconcile --mend sound", environment: environment).code == 64)
        #expect(try ToolProgram.run("reconcile --camera x", environment: environment).code == 64)
        #expect(try ToolProgram.run("reconcile --spool /nowhere", environment: environment).code == 1)
    }

    @Test func `a spool that is in use is not given up, and one that is gone is`() throws {
        let fixture = try CatalogueFixture()
        let environment = "OBSERVER_DATABASE_URL='\(fixture.database.url)'"
        let dead = SegmentOrigin(recorder: "node-b", spoolID: .makeRandom())
        try fixture.record(fixture.cameras[0], hoursAgo: 30, count: 12, .spooled, origin: dead)
        let list = try ToolProgram.run("spool list", environment: environment)
        #expect(list.output.contains("\(dead.spoolID)  12 segments"))
        _ = try RecorderStore(fixture.connection).register("node-b", spool: dead.spoolID, version: "1")
        let refused = try ToolProgram.run("spool give-up \(dead.spoolID) --reason fire", environment: environment)
        #expect(refused.code == 1 && refused.errors.contains("in use"))
        try fixture.connection.execute("update recorders set heartbeat_at = now() - interval '3 hours'")
        let done = try ToolProgram.run("spool give-up \(dead.spoolID) --reason fire", environment: environment)
        #expect(done.code == 0 && done.output.contains("12 segments"), "\(done.errors)")
        let states: SQL = "select count(*) from segments where state = 'lost'"
        #expect(try fixture.connection.rows(states, as: (Int).self) == [12])
        for wrong in ["spool", "spool give-up", "spool give-up x --reason y", "spool give-up \(dead.spoolID)"] {
            #expect(try ToolProgram.run(wrong, environment: environment).code == 64, "\(wrong)")
        }
    }
}
