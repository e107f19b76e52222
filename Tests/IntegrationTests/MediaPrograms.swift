import Lifecycle
import Logging
import Media
import ObserverConfiguration
import ObserverCore
import System
import Testing

@testable import ObserverCapture

/// The built `observer-media`, started as the recorder starts it.
final class MediaPrograms {
    let processes: MediaProcesses
    /// Lends its memory; the sources are read on the test's thread.
    let loop: CameraLoop
    private let stop = StopSignal()
    private let thread: DedicatedThread
    static let isBuilt = (try? File(opening: MediaProcesses.standardPath, followsLinks: true)) != nil

    init() throws {
        let processes = try MediaProcesses(logger: Logger(label: "test", level: .error))
        self.processes = processes
        loop = try CameraLoop(name: "test", slots: OpeningSlots(), logger: Logger(label: "test", level: .error))
        thread = DedicatedThread.start(name: "processes") { [stop] in processes.run(until: stop) }
    }

    deinit {
        stop.stop()
        thread.join()
    }

    func source(
        _ stream: LibraryStream,
        networks: String = "127.0.0.0/8"
    ) throws -> LibrarySource {
        LibrarySource(
            stream,
            processes: processes,
            resolver: CameraResolver(policy: try NetworkPolicy(parsing: networks)),
            clock: .ofMachine(),
            loop: loop
        )
    }

    /// Records a stream through a process of its own until so many frames came, or it ended; `onRead` is told the number of
    /// frames so far and the process.
    func record(
        _ source: LibrarySource,
        frames: Int = .max,
        onRead: (Int, MediaProcess?) -> Void = { (_, _) in }
    ) -> CaptureStreamTests.Take {
        let take = CaptureStreamTests.Take()
        var segmenter: RunSegmenter?
        defer { source.closeNow() }
        do throws(MediaError) {
            try source.openNow { streams in
                take.streams = streams
                let made = RunSegmenter(streams, seconds: 2) { CaptureStreamTests.collect($0, take) }
                segmenter = made
                return made
            }
            while take.videoPackets < frames {
                onRead(take.videoPackets, source.process)
                try source.read()
                take.videoPackets = segmenter?.frames ?? 0
            }
        } catch {
            take.error = error
        }
        take.videoPackets = segmenter?.frames ?? 0
        segmenter?.end(.stopped)
        return take
    }
}
