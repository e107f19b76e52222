import ObserverCore
import Testing

@Suite struct RecorderClockTests {
    private static let second: Int64 = 1_000_000
    private static let year: Int64 = 365 * 86_400
    private static let base: Int64 = 1_790_000_000_000_000

    /// A machine that booted at 0 s, and what its clocks say; times are in seconds.
    private struct Machine {
        var clock: RecorderClock
        /// The errors of the two clocks.
        var own: Double
        var database: Double? = 0
        var now: Double

        init(at now: Double = 1000, own: Double = 0, database: Double? = 0, kept: Double? = nil) {
            (self.now, self.own, self.database) = (now, own, database)
            clock = RecorderClock(
                wall: Self.wall(now + own),
                at: Self.uptime(now),
                kept: kept.map { base + Int64($0 * 1_000_000) }
            )
        }

        static func uptime(_ seconds: Double) -> Int64 { Int64(seconds * 1_000_000) }
        static func wall(_ seconds: Double) -> Timestamp { Timestamp(microseconds: base + uptime(seconds)) }

        /// Passes so many seconds; the clocks are looked at once a second.
        mutating func run(_ seconds: Int, isSynchronized: Bool = false) {
            for _ in 0..<seconds {
                now += 1
                clock.observe(Self.wall(now + own), isSynchronized: isSynchronized, at: Self.uptime(now))
                guard let database else { continue }
                let answer = Self.wall(now - 0.01 + database)
                clock.hear(answer, sent: Self.uptime(now - 0.02), received: Self.uptime(now))
            }
        }

        /// The error of the time that counts, at a moment or now.
        func error(at moment: Double? = nil) -> Double {
            let moment = moment ?? now
            return Double(clock.timeOfDay.wall(Self.uptime(moment)).microseconds - Self.wall(moment).microseconds) / 1e6
        }
    }

    private func isNear(_ one: Double, _ other: Double) -> Bool { abs(one - other) < 0.05 }

    @Test func `clocks that agree are certain at once, and the machine's counts`() {
        var machine = Machine(own: 0.4)
        machine.run(1)
        #expect(machine.clock.isCertain && isNear(machine.error(), 0.4))
        #expect(machine.clock.error == nil && !machine.clock.wasWrong(from: 0, to: .max))
    }

    @Test(arguments: [Double(year), -Double(year), 7, -3600, -1_790_000_000])
    func `a machine's clock that differs from the database's counts no more, also for what was before`(own: Double) {
        var machine = Machine(own: own, database: nil)
        machine.run(45)
        #expect(!machine.clock.isCertain)
        machine.database = 0
        machine.run(1)
        #expect(machine.clock.isCertain && isNear(machine.error(), 0) && isNear(machine.error(at: 1001), 0))
        #expect(machine.clock.error != nil && machine.clock.wasWrong(from: 0, to: 1))
    }

    @Test func `a clock that is a year ahead for a while changes nothing, and what is recorded meanwhile is marked`() {
        var machine = Machine()
        machine.run(10)
        machine.own = Double(Self.year)
        machine.run(45)
        #expect(machine.clock.isCertain && isNear(machine.error(), 0))
        machine.own = 0
        machine.run(10)
        #expect(machine.clock.isCertain && machine.clock.error == nil && isNear(machine.error(at: 1030), 0))
        #expect(machine.clock.wasWrong(from: 1030 * Self.second, to: 1040 * Self.second))
        #expect(!machine.clock.wasWrong(from: 1000 * Self.second, to: 1008 * Self.second))
        #expect(!machine.clock.wasWrong(from: 1057 * Self.second, to: 1060 * Self.second))
    }

    @Test(arguments: [-0.5, 0.5]) func `a small step is followed from then on`(step: Double) {
        var machine = Machine()
        machine.run(10)
        machine.own = step
        machine.run(1)
        #expect(machine.clock.isCertain && isNear(machine.error(), step) && isNear(machine.error(at: 1005), 0))
    }

    @Test func `a clock that both share and that is set back within minutes changes nothing`() {
        var machine = Machine()
        machine.run(10)
        (machine.own, machine.database) = (3600, 3600)
        machine.run(60)
        #expect(!machine.clock.isCertain && isNear(machine.error(), 0))
        (machine.own, machine.database) = (0, 0)
        machine.run(2)
        #expect(machine.clock.isCertain && isNear(machine.error(at: 1040), 0))
        #expect(machine.clock.wasWrong(from: 1040 * Self.second, to: 1041 * Self.second))
    }

    @Test func `a clock that both share and that nobody sets back counts from the moment at which it was set`() {
        var machine = Machine()
        machine.run(10)
        (machine.own, machine.database) = (3600, 3600)
        machine.run(Int(RecorderClock.patience / Self.second) - 5)
        #expect(!machine.clock.isCertain)
        machine.run(10)
        #expect(machine.clock.isCertain && isNear(machine.error(), 3600) && isNear(machine.error(at: 1020), 3600))
        #expect(isNear(machine.error(at: 1005), 0))
    }

    @Test func `a time server stands for what it sets`() {
        var machine = Machine()
        machine.run(10)
        (machine.own, machine.database) = (3600, 3600)
        machine.run(1, isSynchronized: true)
        #expect(machine.clock.isCertain && isNear(machine.error(), 3600))
    }

    @Test func `a machine that learns the time after its boot puts right what it recorded before`() {
        var machine = Machine(at: 10, own: -1_790_000_000, database: -1_790_000_000)
        machine.run(45)
        #expect(!machine.clock.isCertain)
        (machine.own, machine.database) = (0, 0)
        machine.run(1)
        #expect(
            isNear(machine.error(at: 20), 0) && machine.clock.wasWrong(from: 20 * Self.second, to: 30 * Self.second)
        )
        machine.run(Int(RecorderClock.bootTime / Self.second))
        #expect(machine.clock.isCertain)
    }

    @Test func `what was proven in the same boot counts without a database, whatever the machine's clock says`() {
        var machine = Machine(own: Double(Self.year), database: nil, kept: 0)
        machine.run(5000)
        #expect(machine.clock.isCertain && isNear(machine.error(), 0) && machine.clock.proven == Self.base)
    }

    @Test func `without a database the machine's own clock counts after an hour, and is not kept`() {
        var machine = Machine(own: 50, database: nil)
        machine.run(3590)
        #expect(!machine.clock.isCertain)
        machine.run(20)
        #expect(machine.clock.isCertain && isNear(machine.error(), 50) && machine.clock.proven == nil)
    }

    @Test func `an answer that took long says nothing, and one that took a second is made better by the next`() {
        var clock = RecorderClock(wall: Machine.wall(1090), at: Machine.uptime(1000))
        clock.hear(Machine.wall(1000), sent: Machine.uptime(1000), received: Machine.uptime(1003))
        #expect(!clock.isCertain)
        clock.hear(Machine.wall(1000), sent: Machine.uptime(1000), received: Machine.uptime(1001))
        clock.hear(Machine.wall(1001.01), sent: Machine.uptime(1001), received: Machine.uptime(1001.02))
        let error = clock.timeOfDay.offset - Self.base
        #expect(clock.isCertain && error.magnitude <= 50_000)
    }

    @Test func `numbers beyond all bounds end no process`() {
        var clock = RecorderClock(wall: Timestamp(microseconds: .min), at: 0, kept: .max)
        clock.observe(Timestamp(microseconds: .max), isSynchronized: true, at: 1)
        clock.hear(Timestamp(microseconds: .min), sent: 2, received: 3)
        clock.observe(Timestamp(microseconds: .min), isSynchronized: false, at: .max)
        let wall = clock.timeOfDay.wall(.max)
        #expect(SegmentLimits.startedAt.contains(wall) && clock.timeOfDay.uptime(wall) <= .max)
    }
}
