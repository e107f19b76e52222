import CLibAV
import System

/// An RTSP session over TCP for one video track.
///
/// Sets the session up, keeps it alive and tears it down. It asks for the track alone and reads the connection in large
/// pieces (`observer_link`). Anything unusual ends in `badStream`, and the caller falls back to libavformat's own client,
/// which knows more oddities. Used by one thread.
final class RTSPLink {
    /// The description of the track, for libavformat's SDP demuxer.
    let description: String
    let handle: UnsafeMutablePointer<observer_link>
    private let interrupt: MediaInterrupt
    private let address: String
    private var authorization: RTSPAuthorization?
    private var session: String?
    private var sequence: Int
    private let keepAliveMethod: String
    private let keepAliveInterval: Duration
    private var keepAliveDue: MonotonicInstant

    /// Connects and starts the stream.
    ///
    /// - Parameters:
    ///   - target: An address that may be opened.
    ///   - options: User, password and the check for a redirect.
    ///   - interrupt: Holds the deadline.
    /// - Throws: The cause; `badStream` where another client may succeed.
    init(_ target: String, _ options: LibAVSource.Options, interrupt: MediaInterrupt) throws(MediaError) {
        var opening = try RTSPOpening(target, options: options, interrupt: interrupt)
        do throws(MediaError) {
            let video = try opening.describe(options)
            try opening.setUp(video)
            description = video.text
            address = video.session
        } catch {
            observer_link_free(opening.link)
            throw error
        }
        handle = opening.link
        observer_link_gather(handle)
        self.interrupt = interrupt
        authorization = opening.authorization
        session = opening.session
        sequence = opening.sequence
        keepAliveMethod = opening.hasGetParameter ? "GET_PARAMETER" : "OPTIONS"
        keepAliveInterval = .seconds(max(opening.timeout / 2, 5))
        keepAliveDue = MonotonicInstant.now() + keepAliveInterval
    }

    deinit {
        observer_link_free(handle)
    }

    /// Keeps the session alive, when it is time to; the reader passes over the answer.
    func keepAlive() {
        let now = MonotonicInstant.now()
        guard now >= keepAliveDue else { return }
        keepAliveDue = now + keepAliveInterval
        send(keepAliveMethod)
    }

    /// Sends TEARDOWN, so that the camera frees the session immediately.
    func tearDown() {
        send("TEARDOWN")
    }

    private func send(_ method: String) {
        sequence += 1
        let text = RTSPOpening.request(
            method,
            address: address,
            sequence: sequence,
            session: session,
            authorization: &authorization
        )
        // A broken connection shows when it is read.
        _ = Array(text.utf8).withUnsafeBufferPointer { buffer in
            buffer.baseAddress.map { observer_link_send(handle, $0, Int32(buffer.count)) }
        }
    }
}
