import ObserverCore
import System
import Testing

@testable import ObserverCapture

@Suite struct OpeningSlotsTests {
    private static func at(_ milliseconds: Int64) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: milliseconds * 1_000_000)
    }

    private static func camera(_ number: Int64) -> CameraID { CameraID(rawValue: number) }

    @Test func `a slot that was given back is free at once`() {
        let slots = OpeningSlots(count: 2)
        #expect(slots.acquire(for: Self.camera(1), at: Self.at(0)))
        #expect(slots.acquire(for: Self.camera(2), at: Self.at(0)))
        #expect(!slots.acquire(for: Self.camera(3), at: Self.at(1)))
        slots.release(Self.camera(1))
        #expect(slots.acquire(for: Self.camera(3), at: Self.at(2)))
    }

    @Test func `cameras that hang keep others waiting for a second at most`() {
        let slots = OpeningSlots(count: 16)
        for number in 0..<16 { #expect(slots.acquire(for: Self.camera(Int64(number)), at: Self.at(0))) }
        #expect(!slots.acquire(for: Self.camera(100), at: Self.at(999)))
        #expect(slots.acquire(for: Self.camera(100), at: Self.at(1000)))
    }
}
