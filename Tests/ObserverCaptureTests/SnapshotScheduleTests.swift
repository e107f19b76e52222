import ObserverCore
import System
import Testing

@testable import ObserverCapture

@Suite struct SnapshotScheduleTests {
    private let start = MonotonicInstant.now()
    private let gate = CameraID(rawValue: 1)
    private let yard = CameraID(rawValue: 2)
    private let door = CameraID(rawValue: 3)

    @Test func `the first picture of a camera is due at once, the next after the interval and its tenth`() {
        var schedule = SnapshotSchedule(interval: .seconds(100))
        #expect(schedule.nextDue == .distantFuture)
        schedule.add(gate)
        #expect(schedule.nextDue <= start)
        #expect(schedule.take(at: start) == [gate])
        #expect(schedule.nextDue == start + .seconds(110))
        #expect(schedule.take(at: start + .seconds(109)).isEmpty)
        #expect(schedule.take(at: start + .seconds(110)) == [gate])
        #expect(schedule.nextDue == start + .seconds(220))
    }

    @Test func `a batch takes all that are due when it begins`() {
        var schedule = SnapshotSchedule(interval: .seconds(100))
        for (camera, delay) in [(gate, 0), (yard, 5), (door, 11)] {
            schedule.add(camera)
            #expect(schedule.take(at: start + .seconds(delay)) == [camera])
        }
        #expect(schedule.take(at: start + .seconds(110)) == [gate, yard])
        #expect(schedule.take(at: start + .seconds(121)) == [door])
    }

    @Test func `a picture that was asked for is made at once, and what is due with it`() {
        var schedule = SnapshotSchedule(interval: .seconds(100))
        for camera in [gate, yard] {
            schedule.add(camera)
            _ = schedule.take(at: start)
        }
        schedule.ask(for: yard)
        #expect(schedule.take(at: start + .seconds(50)) == [yard])
        schedule.ask(for: yard)
        #expect(schedule.take(at: start + .seconds(101)) == [yard, gate])
        #expect(schedule.nextDue == start + .seconds(211))
    }

    @Test func `without an interval pictures are only made when asked for`() {
        var schedule = SnapshotSchedule(interval: nil)
        schedule.add(gate)
        #expect(schedule.nextDue == .distantFuture && schedule.take(at: start).isEmpty)
        schedule.ask(for: gate)
        #expect(schedule.take(at: start) == [gate])
        #expect(schedule.nextDue == .distantFuture)
    }
}
