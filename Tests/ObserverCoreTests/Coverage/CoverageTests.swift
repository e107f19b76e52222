import ObserverCore
import Testing

@Suite struct CoverageTests {
    /// A stream whose events are told in seconds.
    struct Stream {
        static let day = Timestamp(milliseconds: 1_790_000_000_000)
        var coverage: Coverage
        var rows = GapRows()
        var changes: [GapChange] = []
        var reports: [CameraStatus] = []
        /// The error of the wall clock, in seconds.
        var error = 0.0
        private var number = 0

        /// A camera that was switched on at 0 s, and whose recorder began at 1 s.
        init(known: KnownCoverage? = nil, at start: Double = 1) {
            coverage = Coverage(StreamID(CameraID(rawValue: 7), .main), recorder: "test", at: Self.moment(start, 0))
            tell(.started(known ?? KnownCoverage(wantedSince: Self.wall(0)), epoch: 3), at: start)
        }

        static func wall(_ seconds: Double) -> Timestamp { day.advanced(byMilliseconds: Int64(seconds * 1000)) }

        static func moment(_ seconds: Double, _ error: Double) -> Moment {
            Moment(wall: wall(seconds + error), uptime: Int64(seconds * 1_000_000))
        }

        static func stretch(_ from: Double, _ to: Double) -> Stretch {
            Stretch(from: Int64(from * 1_000_000), to: Int64(to * 1_000_000))
        }

        mutating func tell(_ event: Coverage.Event, at seconds: Double) {
            tell(event, at: Self.moment(seconds, error))
        }

        mutating func tell(_ event: Coverage.Event, at moment: Moment) {
            for action in coverage.handle(event, at: moment) {
                switch action {
                case .gap(let change):
                    changes.append(change)
                    rows.apply(change, isNew: true)
                case .report(let status, _): reports.append(status)
                }
            }
        }

        /// Queues a fragment, and returns its number.
        @discardableResult
        mutating func queue(_ stretches: (Double, Double)..., of segment: SegmentID) -> Int {
            number += 1
            let fragment = CoverageFragment(
                number: number,
                segment: segment,
                stretches: stretches.map { Self.stretch($0.0, $0.1) }
            )
            tell(.queued(fragment), at: stretches.last?.1 ?? 0)
            return number
        }

        mutating func write(_ stretches: (Double, Double)..., of segment: SegmentID) {
            for stretch in stretches {
                let number = queue(stretch, of: segment)
                tell(.written(fragment: number), at: stretch.1)
            }
        }

        /// The rows: from, to (nil while it lasts), cause.
        var gaps: [String] {
            rows.rows.sorted { $0.startedAt < $1.startedAt }.map { row in
                func seconds(_ time: Timestamp) -> Double { Double(time.milliseconds - Self.day.milliseconds) / 1000 }
                return "\(seconds(row.startedAt))–\(row.endedAt.map { "\(seconds($0))" } ?? "") \(row.cause.rawValue)"
            }
        }
    }

    let first = SegmentID.make(at: Stream.day)
    let second = SegmentID.make(at: Stream.day)
    static let silent = Interruption(.stalled, "silent")
    static let failed = Interruption(.diskFailed, "failed")

    /// A stream that is recorded from 2 s to 10 s.
    func recorded() -> Stream {
        var stream = Stream()
        stream.write((2, 6), (6, 10), of: first)
        return stream
    }

    @Test func `the time until the first frame is one gap`() {
        let stream = recorded()
        #expect(stream.gaps == ["0.0–2.0 no_recorder"])
        #expect(stream.reports.map(\.state) == [.connecting, .recording])
        #expect(stream.coverage.isRecording)
    }

    @Test func `the wait for a key frame is a gap of its own, and the time before the recorder stays what it was`() {
        let waiting = Interruption(.noKeyFrames, "awaited")
        var stream = Stream()
        stream.tell(.waiting(waiting), at: 5)
        stream.tell(.waiting(waiting), at: 6)
        stream.write((12, 13), of: first)
        #expect(stream.gaps == ["0.0–1.0 no_recorder", "1.0–12.0 no_key_frames"])
        #expect(stream.reports.map(\.state) == [.connecting, .connecting, .recording])
        #expect(stream.reports.map(\.cause) == [nil, .noKeyFrames, nil])
        // A connection that was lost keeps its cause.
        stream.tell(.interrupted(Self.silent), at: 20)
        stream.tell(.waiting(waiting), at: 24)
        stream.write((30, 31), of: second)
        #expect(stream.gaps.last == "13.0–30.0 stalled")
    }

    @Test func `nothing is recorded before it is written`() {
        var stream = Stream()
        let number = stream.queue((2, 3), of: first)
        #expect(stream.gaps.isEmpty && !stream.coverage.isRecording)
        stream.tell(.written(fragment: number), at: 3.1)
        #expect(stream.gaps == ["0.0–2.0 no_recorder"] && stream.coverage.isRecording)
    }

    @Test func `a lost camera has one gap until it is recorded again`() {
        var stream = recorded()
        stream.tell(.interrupted(Self.silent), at: 20)
        #expect(stream.gaps.last == "10.0– stalled")
        stream.tell(.interrupted(Interruption(.refused, "closed")), at: 22)
        stream.write((30, 31), of: second)
        #expect(stream.gaps == ["0.0–2.0 no_recorder", "10.0–30.0 stalled"])
        #expect(stream.reports.map(\.cause) == [nil, nil, .stalled, .refused, nil])
    }

    @Test func `a gap begins behind the frames that were on their way when the camera was lost`() {
        var stream = recorded()
        let number = stream.queue((10, 11), of: first)
        stream.tell(.interrupted(Self.silent), at: 21)
        #expect(stream.gaps.count == 1)
        #expect(stream.reports.last?.state == .retrying)
        stream.tell(.written(fragment: number), at: 22)
        #expect(stream.gaps.last == "11.0– stalled")
        #expect(!stream.coverage.isRecording)
    }

    @Test func `what was queued and could not be written is a gap with the disk's cause`() {
        var stream = recorded()
        let lost = stream.queue((10, 11), of: first)
        stream.queue((11, 12), of: first)
        stream.tell(.failed(first, Self.failed), at: 12)
        #expect(stream.gaps.last == "10.0– disk_failed")
        stream.tell(.written(fragment: lost), at: 12.5)
        #expect(stream.gaps.last == "10.0– disk_failed")
        stream.write((14, 15), of: second)
        #expect(stream.gaps.last == "10.0–14.0 disk_failed")
    }

    @Test func `what the writers refuse does not count as recorded, however much before it is`() {
        var stream = recorded()
        let before = stream.queue((10, 11), of: first)
        let refused = stream.queue((11, 12), of: first)
        stream.tell(.dropped(fragment: refused, Self.failed), at: 12)
        #expect(stream.reports.last?.state == .retrying)
        stream.tell(.written(fragment: before), at: 13)
        #expect(stream.gaps.last == "11.0– disk_failed" && !stream.coverage.isRecording)
    }

    @Test func `rows have times in whole milliseconds, whoever told the times`() {
        let odd = Timestamp(microseconds: Stream.wall(0).microseconds + 123)
        var stream = Stream(known: KnownCoverage(wantedSince: odd), at: 1.000_456)
        stream.write((2.000_789, 3), of: first)
        stream.tell(.interrupted(Self.silent), at: 20.000_001)
        let times = stream.rows.rows.flatMap { [$0.startedAt, $0.endedAt].compactMap { $0 } }
        #expect(times.count == 3 && times.allSatisfy { $0.microseconds % 1000 == 0 })
    }

    // MARK: Holes

    @Test func `a silence inside a connection is a gap`() {
        var stream = recorded()
        let number = stream.queue((10, 11), (14, 15), of: first)
        stream.tell(.written(fragment: number), at: 15)
        #expect(stream.gaps.last == "11.0–14.0 stalled")
        stream.tell(.lostPackets, at: 18)
        stream.write((18, 19), of: first)
        #expect(stream.gaps.last == "15.0–18.0 lossy")
        #expect(stream.coverage.isRecording)
    }

    @Test func `silences above two seconds, and above three times the usual, are holes`() {
        func stretches(_ times: [Int64], nominal: Int64) -> [Stretch] {
            var frames = FrameStretches(ticksPerSecond: 1000)
            for time in times { frames.add(time, nominal: nominal) }
            return frames.take(until: (times.last ?? 0) + nominal)
        }
        #expect(stretches([0, 40, 80, 2080, 2120], nominal: 40) == [Stretch(from: 0, to: 2160)])
        let holed = [Stretch(from: 0, to: 120), Stretch(from: 2081, to: 2161)]
        #expect(stretches([0, 40, 80, 2081, 2121], nominal: 40) == holed)
        #expect(stretches([0, 5000, 10_000, 24_000], nominal: 5000) == [Stretch(from: 0, to: 29_000)])
        #expect(stretches([0, 5000, 21_000], nominal: 5000).count == 2)
        #expect(stretches([100, 60, 140], nominal: 40) == [Stretch(from: 100, to: 180)])
    }

    @Test func `the last frame before a silence lasts as long as usual`() {
        var frames = FrameStretches(ticksPerSecond: 1000)
        frames.add(0, nominal: 40)
        #expect(frames.take(until: 9000) == [Stretch(from: 0, to: 40)])
        #expect(frames.take(until: 9000).isEmpty)
        frames.add(9000, nominal: 40)
        #expect(frames.take(until: 9040) == [Stretch(from: 9000, to: 9040)])
    }

    // MARK: Commits

    @Test func `a segment that cannot be committed is no gap until it is given up`() {
        var stream = recorded()
        stream.tell(.failed(first, Self.failed), at: 10)
        #expect(stream.gaps.count == 1)
        stream.write((10, 12), of: second)
        stream.tell(.abandoned(first, Self.failed), at: 60)
        #expect(stream.gaps == ["0.0–2.0 no_recorder", "2.0–10.0 disk_failed"])
        stream.tell(.committed(second), at: 61)
        stream.tell(.abandoned(second, Self.failed), at: 62)
        #expect(stream.gaps.count == 2)
    }

    @Test func `of a segment that was cut off, the missing end is a gap`() {
        var stream = recorded()
        stream.tell(.failed(first, Self.failed), at: 10)
        stream.tell(.shortened(first, milliseconds: 5000), at: 20)
        #expect(stream.gaps.contains("7.0–10.0 disk_failed"))
    }

    @Test func `a gap ends where the first segment begins, also if that is known later`() {
        var stream = recorded()
        stream.tell(.corrected(first, from: 1_400_000), at: 11)
        #expect(stream.gaps == ["0.0–1.4 no_recorder"])
        var waiting = Stream()
        let number = waiting.queue((2, 6), of: first)
        waiting.tell(.corrected(first, from: 1_400_000), at: 6)
        waiting.tell(.written(fragment: number), at: 7)
        #expect(waiting.gaps == ["0.0–1.4 no_recorder"] && waiting.coverage.isRecording)
    }

    // MARK: Switch and process

    @Test func `a camera that is switched off has no gap from then on`() {
        var stream = recorded()
        stream.tell(.interrupted(Self.silent), at: 20)
        stream.tell(.off, at: 25)
        #expect(stream.gaps.last == "10.0–25.0 stalled")
        #expect(stream.reports.last?.state == .off && stream.reports.last?.cause == nil)
        stream.tell(.started(KnownCoverage(wantedSince: Stream.wall(40)), epoch: 3), at: 41)
        stream.write((42, 43), of: second)
        #expect(stream.gaps.last == "40.0–42.0 no_recorder")
    }

    @Test func `the stop of a process opens a gap, which the next one ends`() {
        var stream = recorded()
        stream.tell(.stopped, at: 10.2)
        #expect(stream.gaps.last == "10.0– no_recorder")
        let known = KnownCoverage(wantedSince: Stream.wall(0), gap: stream.rows.newest)
        var next = Stream(known: known, at: 60)
        next.rows = stream.rows
        next.write((62, 63), of: second)
        #expect(next.gaps == ["0.0–2.0 no_recorder", "10.0–62.0 no_recorder"])
    }

    @Test func `after a kill the time between the last frame and the first one is one gap`() {
        let recorded = KnownCoverage.Period(from: Stream.wall(2), to: Stream.wall(10))
        var next = Stream(known: KnownCoverage(wantedSince: Stream.wall(0), recorded: [recorded]), at: 13)
        next.write((15, 16), of: second)
        #expect(next.gaps == ["10.0–15.0 no_recorder"])
    }

    @Test func `after a kill a camera that does not answer has its own cause from the start on`() {
        let recorded = KnownCoverage.Period(from: Stream.wall(2), to: Stream.wall(10))
        var next = Stream(known: KnownCoverage(wantedSince: Stream.wall(0), recorded: [recorded]), at: 13)
        next.tell(.interrupted(Interruption(.unreachable, "no answer")), at: 20)
        #expect(next.gaps == ["10.0–13.0 no_recorder", "13.0– unreachable"])
    }

    @Test func `what other recorders wrote ends a gap that was left open`() {
        let stream = StreamID(CameraID(rawValue: 7), .main)
        let gap = Gap(stream: stream, epoch: 1, startedAt: Stream.wall(1), cause: .stalled, detail: "silent")
        let recorded = KnownCoverage.Period(from: Stream.wall(20), to: Stream.wall(30))
        let known = KnownCoverage(wantedSince: Stream.wall(0), recorded: [recorded], gap: gap)
        var next = Stream(known: known, at: 33)
        next.write((34, 35), of: second)
        #expect(next.gaps == ["1.0–20.0 stalled", "30.0–34.0 no_recorder"])
    }

    @Test func `a camera that is off when the process starts has its gap ended there`() {
        let stream = StreamID(CameraID(rawValue: 7), .main)
        let gap = Gap(stream: stream, epoch: 1, startedAt: Stream.wall(1), cause: .noRecorder, detail: nil)
        let known = KnownCoverage(wantedSince: Stream.wall(0), switchedOffAt: Stream.wall(8), gap: gap)
        var coverage = Coverage(stream, recorder: "test", at: Stream.moment(50, 0))
        let actions = coverage.handle(.foundOff(known, epoch: 2), at: Stream.moment(50, 0))
        var closed = gap
        (closed.epoch, closed.endedAt) = (2, Stream.wall(8))
        #expect(actions.first == .gap(.close(closed)))
        #expect(actions.count == 2)
        guard case .report(let status, isNew: false) = actions[1] else { return #expect(Bool(false)) }
        #expect(status.state == .off && status.since == Stream.wall(8))
    }

    @Test func `a new epoch takes over the gap and repeats the report`() {
        var stream = recorded()
        stream.tell(.interrupted(Self.silent), at: 20)
        stream.tell(.epochChanged(4), at: 21)
        #expect(stream.reports.last?.epoch == 4 && stream.reports.last?.state == .retrying)
        #expect(stream.rows.newest?.epoch == 4)
        let count = stream.reports.count
        stream.tell(.epochChanged(4), at: 22)
        #expect(stream.reports.count == count)
    }

    @Test func `another kind of cause has a gap of its own`() {
        var stream = recorded()
        stream.tell(.interrupted(Self.silent), at: 20)
        stream.tell(.interrupted(Interruption(.diskFull, "full")), at: 22)
        #expect(stream.gaps.suffix(2) == ["10.0–22.0 stalled", "22.0– disk_full"])
        stream.tell(.interrupted(Interruption(.refused, "closed")), at: 24)
        stream.tell(.interrupted(Interruption(.unauthorized, "password")), at: 25)
        #expect(stream.gaps.last == "24.0– refused")
        // An outage that is over soon has one cause, that with which it began.
        stream.tell(.interrupted(Interruption(.unauthorized, "password")), at: 320)
        #expect(stream.gaps.last == "24.0– refused")
        stream.tell(.interrupted(Interruption(.unauthorized, "password")), at: 330)
        #expect(stream.gaps.suffix(2) == ["24.0–330.0 refused", "330.0– unauthorized"])
    }

    // MARK: Clocks

    @Test func `a recorder that begins a year ahead leaves no gap of a year`() {
        let recorded = KnownCoverage.Period(from: Stream.wall(2), to: Stream.wall(10))
        let known = KnownCoverage(wantedSince: Stream.wall(0), recorded: [recorded])
        let year = 365 * 86_400.0
        var next = Stream(known: known, at: 13)
        next.error = year
        next.write((15, 16), of: second)
        next.tell(.interrupted(Self.silent), at: 30)
        #expect(next.gaps.first != "10.0–15.0 no_recorder")
        next.error = 0
        next.tell(.tick, at: 58)
        #expect(next.gaps == ["10.0–15.0 no_recorder", "16.0– stalled"])
        next.write((60, 61), of: second)
        #expect(next.gaps == ["10.0–15.0 no_recorder", "16.0–60.0 stalled"])
    }

    @Test func `a clock that is set makes no gap in what is recorded without one`() {
        var stream = recorded()
        for error in [-40.0, 7200, 0] {
            stream.error = error
            stream.write((10, 11), of: first)
        }
        #expect(stream.gaps == ["0.0–2.0 no_recorder"])
    }

    @Test func `a clock that is put right moves all gaps of this process`() {
        var stream = recorded()
        stream.tell(.interrupted(Self.silent), at: 20)
        stream.error = 5
        stream.tell(.tick, at: 21)
        #expect(stream.gaps == ["0.0–7.0 no_recorder", "15.0– stalled"])
    }

    @Test func `a clock that is set forward from some moment on leaves what was before, and a gap for what never was`()
    {
        var stream = recorded()
        var time = Stream.moment(12, 0).time
        time.set(offset: time.offset + 5_000_000, from: 11_000_000)
        stream.tell(.tick, at: Moment(12_000_000, time))
        stream.tell(.tick, at: Moment(13_000_000, time))
        #expect(stream.gaps == ["0.0–2.0 no_recorder", "11.0–16.0 no_recorder"])
    }

    @Test func `numbers beyond all bounds end no process`() {
        let far = KnownCoverage(
            wantedSince: Timestamp(microseconds: .min),
            switchedOffAt: Timestamp(microseconds: .max),
            recorded: [.init(from: Timestamp(microseconds: .max), to: Timestamp(microseconds: .min))]
        )
        var stream = Stream(known: far, at: 1)
        stream.tell(.off, at: 2)
        stream.tell(.foundOff(far, epoch: 9), at: 3)
        stream.tell(.started(far, epoch: 9), at: 4)
        stream.write((5, 6), of: first)
        stream.tell(.shortened(first, milliseconds: .max), at: 7)
        #expect(stream.coverage.isRecording)
    }
}
