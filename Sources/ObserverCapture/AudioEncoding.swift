import Glibc
import Media
import System

/// Has `observer-media` encode the audio of one connection, without ever waiting.
///
/// Audio never stops the video: where the process breaks down audio is left out until another one runs, and after the third time within an hour
/// for the rest of the connection. Belongs to the camera's loop.
final class AudioEncoding {
    private static let pause = Duration.seconds(10)
    private static let givenUp = "the audio was left out: the program that encodes it broke down three times"

    private let audio: SampledAudio
    private let segmenter: RunSegmenter
    private let processes: MediaProcesses
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 << 10, alignment: 16)
    private var present: (process: MediaProcess, encoder: LibraryEncoder)?
    /// The process that was asked for.
    private var starting: MediaProcessStart?
    private var startDue = MonotonicInstant.now()
    private var quarantine = Quarantine()
    private var dropped = 0

    init(_ audio: SampledAudio, into segmenter: RunSegmenter, processes: MediaProcesses) {
        self.audio = audio
        self.segmenter = segmenter
        self.processes = processes
    }

    deinit {
        present?.process.leave()
        buffer.deallocate()
    }

    /// The process ID, for tests.
    var identifier: Int32? { present?.process.identifier }

    /// Takes samples; what comes while no process runs is left out.
    func take(_ bytes: UnsafeRawBufferPointer, timestamp: Int64, arrival: Int64) {
        present?.encoder.take(bytes, timestamp: timestamp, arrival: arrival)
    }

    /// Starts a process where one is due, sends samples and takes frames.
    func exchange(now: MonotonicInstant) {
        guard now >= startDue else { return }
        guard let (process, encoder) = present else { return start(at: now) }
        do throws(MediaError) {
            try send(process, encoder)
            let count = recv(process.socket, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
            if count < 0, errno == EAGAIN || errno == EINTR { return }
            guard count > 0 else { throw Self.brokenDown }
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            try encoder.receive(bytes, now: now.nanoseconds, into: segmenter)
            if encoder.dropped > dropped { segmenter.leaveOutAudio() }
            dropped = encoder.dropped
        } catch {
            process.kill()
            fail(now)
        }
    }

    private func start(at now: MonotonicInstant) {
        guard let asked = starting else { return starting = processes.request() }
        guard let result = asked.take() else { return }
        starting = nil
        switch result {
        case .success(let process):
            present = (process, LibraryEncoder(audio))
            dropped = 0
        case .failure: fail(now)
        }
    }

    private func fail(_ now: MonotonicInstant) {
        present = nil
        quarantine.breakDown(at: now)
        let isOver = quarantine.end(at: now) != nil
        startDue = isOver ? MonotonicInstant(nanoseconds: .max) : now + Self.pause
        segmenter.leaveOutAudio(because: isOver ? Self.givenUp : nil)
    }

    private func send(_ process: MediaProcess, _ encoder: LibraryEncoder) throws(MediaError) {
        guard encoder.hasOutput else { return }
        var isBroken = false
        encoder.send { bytes in
            let count = Glibc.send(process.socket, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            isBroken = count < 0 && errno != EAGAIN && errno != EINTR
            return count
        }
        if isBroken { throw Self.brokenDown }
    }

    private static let brokenDown = MediaError(.badStream, "the program that encodes audio broke down")
}
