import Media
import ObserverConfiguration
import ObserverCore
import System

/// A camera that libavformat reads, on a thread of its own.
final class LibrarySource: CameraSource {
    private enum Step: Sendable {
        case opened(StreamDescription)
        case packet(Copy)
        case failed(MediaError)
    }
    /// Safe: the packet's own bytes are empty.
    private struct Copy: @unchecked Sendable {
        var packet: MediaPacket
        var bytes: [UInt8]
    }
    private let options: LibAVSource.Options
    private let loop: CameraLoop
    private var queue = BlockingQueue<Step>(limit: 1)
    private var interrupt = MediaInterrupt()
    private var makeSegmenter: ((StreamDescription) -> RunSegmenter)?
    private var segmenter: RunSegmenter?
    private(set) var phase = SourcePhase.closed
    private(set) var receivedBytes = 0
    /// libavformat keeps to itself what it lost.
    let lostPackets = 0
    let watch: SourceWatch? = nil

    init(_ options: LibAVSource.Options, loop: CameraLoop) {
        self.options = options
        self.loop = loop
    }

    var due: MonotonicInstant {
        phase == .opening ? .now() + .milliseconds(100) : MonotonicInstant(nanoseconds: .max)
    }

    func open(into segmenter: @escaping (StreamDescription) -> RunSegmenter) {
        receivedBytes = 0
        makeSegmenter = segmenter
        queue = BlockingQueue(limit: 1000)
        interrupt = MediaInterrupt()
        phase = .opening
        let (options, queue, interrupt) = (options, queue, interrupt)
        DedicatedThread.start(name: "library") {
            var source = LibAVSource(options, interrupt: interrupt)
            do throws(MediaError) {
                queue.push(.opened(try source.open()))
                while true {
                    let packet = try source.next()
                    var copy = packet
                    copy.bytes = UnsafeRawBufferPointer(start: nil, count: 0)
                    queue.push(.packet(Copy(packet: copy, bytes: Array(packet.bytes))))
                }
            } catch {
                queue.push(.failed(error))
            }
            source.close()
        }
    }

    func turn(at now: MonotonicInstant) throws(MediaError) {
        while let step = queue.pop(within: .zero) {
            switch step {
            case .opened(let streams):
                segmenter = makeSegmenter?(streams)
                phase = .open
            case .failed(let error): throw error
            case .packet(let copy):
                var packet = copy.packet
                let bytes = copy.bytes
                receivedBytes += bytes.count
                var failure: MediaError?
                bytes.withUnsafeBytes { buffer in
                    packet.bytes = buffer
                    do throws(MediaError) {
                        try segmenter?.take(packet, arrival: now.nanoseconds, wallClock: Timestamp.now().microseconds)
                    } catch {
                        failure = error
                    }
                }
                if let failure { throw failure }
            }
        }
    }

    func close() {
        interrupt.stop()
        queue.close()
        segmenter = nil
        phase = .closed
    }

    func takeWarning() -> String? { nil }
}
