extension Coverage {
    /// Something that happened to a stream, told in the order in which it happened.
    package enum Event: Hashable, Sendable {
        /// A recorder has the camera, which is wanted; the first event, and the first one after `off` or `released`.
        case started(KnownCoverage, epoch: Int64)
        /// The camera is off, and no recorder of this process had it; nil if it was never wanted.
        case foundOff(KnownCoverage?, epoch: Int64)
        /// The assignment has a new epoch.
        case epochChanged(Int64)
        /// Nothing happened: the clocks are compared, as they are with every event.
        case tick
        /// The connection is closed on purpose and opened again, for this reason.
        case reconnecting(Interruption)
        /// The stream is open; its first frame is awaited.
        case opened(VideoInfo)
        /// Frames come, and none that a recording can begin with: the time until one does has this reason.
        case waiting(Interruption)
        /// Figures of the running recording and what is wrong with it, to be reported.
        case measured(VideoInfo, health: [HealthNote])
        /// The stream ended, could not be opened, or may not be recorded.
        case interrupted(Interruption)
        /// Packets were lost on their way: the next hole has this cause.
        case lostPackets
        /// A fragment is on its way to the disk.
        case queued(CoverageFragment)
        /// The writers refused a fragment that was queued.
        case dropped(fragment: Int, Interruption)
        /// A fragment is on the disk.
        case written(fragment: Int)
        /// Nothing more of this segment is written: its fragments that are still queued are lost.
        case failed(SegmentID, Interruption)
        /// All that was written of a segment is committed.
        case committed(SegmentID)
        /// A segment began at another time than was known when its first fragment was queued.
        case corrected(SegmentID, from: Int64)
        /// Only the first part of what was written of a segment could be committed.
        case shortened(SegmentID, milliseconds: Int64)
        /// All that was written of a segment is given up.
        case abandoned(SegmentID, Interruption)
        /// The camera is switched off.
        case off
        /// Another process has the camera.
        case released
        /// The process ends.
        case stopped
    }

    /// A thing to do.
    package enum Action: Hashable, Sendable {
        /// Change the rows of gaps.
        case gap(GapChange)
        /// Report the status; `isNew` if the state is another one, and not only its figures.
        case report(CameraStatus, isNew: Bool)
    }
}
