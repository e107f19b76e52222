import CLibAV
import Glibc
import System

/// The requests that open an RTSP session, up to PLAY.
struct RTSPOpening {
    var link: UnsafeMutablePointer<observer_link>
    var authorization: RTSPAuthorization?
    var session: String?
    var sequence = 0
    var timeout: Int64 = 60
    var hasGetParameter = false
    private var target: String
    private let interrupt: MediaInterrupt

    init(_ target: String, options: LibAVSource.Options, interrupt: MediaInterrupt) throws(MediaError) {
        self.target = target
        self.interrupt = interrupt
        authorization = options.credentials.map { RTSPAuthorization(user: $0.user, password: $0.password) }
        link = try Self.connect(target, interrupt)
    }

    // MARK: The three requests

    mutating func describe(_ options: LibAVSource.Options) throws(MediaError) -> VideoDescription {
        for _ in 0..<4 {
            let answer = try ask("DESCRIBE", address: target, headers: ["Accept: application/sdp"])
            if (300..<400).contains(answer.status), let location = answer.header("location") {
                guard location.lowercased().hasPrefix("rtsp://") else {
                    throw MediaError(.refused, "the camera sent us on to an address that is no RTSP")
                }
                target = try options.admit(InputScheme.withoutUser(location))
                // The old link is freed once there is a new one; on failure the caller frees `link`.
                let next = try Self.connect(target, interrupt)
                observer_link_free(link)
                link = next
                continue
            }
            try check(answer)
            hasGetParameter = answer.header("public")?.contains("GET_PARAMETER") ?? true
            // The base may name a host that only the camera knows; the address that was opened leads there.
            let base = answer.header("content-base").map { rebased($0) } ?? target
            guard let video = VideoDescription(answer.body, base: base) else {
                throw MediaError(.noVideo, "the camera describes no video")
            }
            return video
        }
        throw MediaError(.badStream, "the camera sends us round in circles")
    }

    mutating func setUp(_ video: VideoDescription) throws(MediaError) {
        let answer = try ask(
            "SETUP",
            address: video.control,
            headers: ["Transport: RTP/AVP/TCP;unicast;interleaved=0-1"]
        )
        try check(answer)
        guard let named = answer.header("session"),
            answer.header("transport")?.lowercased().contains("interleaved=0-1") ?? true
        else { throw MediaError(.badStream, "the camera set up another transport than was asked for") }
        let parts = named.split(separator: ";")
        session = parts.first.map { String($0) }
        for part in parts.dropFirst() {
            let pair = part.filter { $0 != " " }.lowercased().split(separator: "=")
            if pair.count == 2, pair[0] == "timeout", let seconds = Int64(pair[1]), seconds > 0 {
                timeout = min(seconds, 3600)
            }
        }
        try check(try ask("PLAY", address: video.session, headers: ["Range: npt=0.000-"]))
    }

    private func rebased(_ base: String) -> String {
        guard base.lowercased().hasPrefix("rtsp://") else { return target }
        let path = base.dropFirst(7).drop { $0 != "/" && $0 != "?" }
        return "rtsp://" + InputScheme.authority(target) + path
    }

    private func check(_ answer: RTSPAnswer) throws(MediaError) {
        switch answer.status {
        case 200..<300: return
        case 401, 403:
            throw MediaError(.unauthorized, "the camera refused user and password", code: Int32(answer.status))
        case 404: throw MediaError(.notFound, "the camera knows no stream at this path", code: 404)
        case 453: throw MediaError(.refused, "the camera has no session or bandwidth left", code: 453)
        case 400, 405, 406, 415, 459...461, 501, 505, 551:
            throw MediaError(.badStream, "the camera does not understand the request", code: Int32(answer.status))
        case 500...: throw MediaError(.refused, "the camera reported an error of its own", code: Int32(answer.status))
        default: throw MediaError(.refused, "the camera refused the request", code: Int32(answer.status))
        }
    }

    // MARK: One request

    private mutating func ask(_ method: String, address: String, headers: [String]) throws(MediaError) -> RTSPAnswer {
        let answer = try exchange(method, address: address, headers: headers)
        guard answer.status == 401, authorization?.take(answer.headers("www-authenticate")) == true else {
            return answer
        }
        return try exchange(method, address: address, headers: headers)
    }

    private mutating func exchange(
        _ method: String,
        address: String,
        headers: [String]
    ) throws(MediaError) -> RTSPAnswer {
        sequence += 1
        let text = Self.request(
            method,
            address: address,
            sequence: sequence,
            session: session,
            headers: headers,
            authorization: &authorization
        )
        let sent = Array(text.utf8).withUnsafeBufferPointer { buffer in
            buffer.baseAddress.map { observer_link_send(link, $0, Int32(buffer.count)) } ?? 0
        }
        guard sent >= 0 else { throw failure(sent) }
        while true {
            let length = try awaitAnswer()
            let bytes = UnsafeRawBufferPointer(start: observer_link_bytes(link), count: length)
            let answer = RTSPAnswer(bytes)
            link.pointee.start += length
            guard let answer else { throw MediaError(.badStream, "the camera's answer cannot be read") }
            // An answer to something earlier, or a provisional one.
            if let number = answer.header("cseq"), Int(number) != sequence { continue }
            if answer.status >= 200 { return answer }
        }
    }

    /// Passes over packets that come early, until an answer is whole.
    private func awaitAnswer() throws(MediaError) -> Int {
        while true {
            let size = link.pointee.end - link.pointee.start
            let bytes = observer_link_bytes(link)
            if size >= 4, bytes[0] == UInt8(ascii: "$") {
                let whole = 4 + (Int(bytes[2]) << 8 | Int(bytes[3]))
                guard size < whole else {
                    link.pointee.start += whole
                    continue
                }
            } else {
                let length = observer_link_answer(link)
                guard length >= 0 else { throw MediaError(.badStream, "the camera's answer is no RTSP") }
                if length > 0 { return length }
            }
            let result = observer_link_fill(link)
            guard result >= 0 else { throw failure(result) }
        }
    }

    static func request(
        _ method: String,
        address: String,
        sequence: Int,
        session: String?,
        headers: [String] = [],
        authorization: inout RTSPAuthorization?
    ) -> String {
        var lines = ["\(method) \(address) RTSP/1.0", "CSeq: \(sequence)", "User-Agent: Observer"]
        let nonce = String(UInt64.random(in: .min ... .max), radix: 16)
        if let proof = authorization?.header(method: method, address: address, clientNonce: nonce) {
            lines.append("Authorization: " + proof)
        }
        if let session { lines.append("Session: \(session)") }
        return (lines + headers).joined(separator: "\r\n") + "\r\n\r\n"
    }

    private func failure(_ code: Int32) -> MediaError {
        if interrupt.isStopped { return MediaError(.stopped, "the end was asked for") }
        return LibAVFailure.error(code, .opening, isExpired: interrupt.isExpired)
    }

    // MARK: Connecting

    private static func connect(
        _ target: String,
        _ interrupt: MediaInterrupt
    ) throws(MediaError) -> UnsafeMutablePointer<observer_link> {
        guard let input = interrupt.handle else { throw MediaError(.file, "no memory for a stream") }
        var host = String(InputScheme.authority(target))
        var port = "554"
        if let colon = host.lastIndex(of: ":"), !host[colon...].contains("]") {
            port = String(host[host.index(after: colon)...])
            host = String(host[..<colon])
        }
        if host.hasPrefix("[") { host = String(host.dropFirst().dropLast()) }
        // Numbers only: the caller's check has resolved the name, on a thread that may hang.
        guard let number = Int(port), let socketAddress = SocketAddress(numeric: host, port: number) else {
            throw MediaError(.badStream, "the address is no number")
        }
        func failure(_ code: Int32) -> MediaError {
            interrupt.isStopped
                ? MediaError(.stopped, "the end was asked for")
                : LibAVFailure.error(code, .opening, isExpired: interrupt.isExpired)
        }
        let socket: StreamSocket
        do throws(SystemError) {
            socket = try StreamSocket(connectingTo: socketAddress)
        } catch {
            throw failure(-error.code)
        }
        guard let link = observer_link_new(socket.descriptor, input) else {
            throw MediaError(.file, "no memory for a stream")
        }
        // From here on the link closes it.
        let descriptor = socket.release()
        var code = observer_link_await_writable(link)
        if code == 0 { code = -StreamSocket.takeError(of: descriptor) }
        guard code == 0 else {
            observer_link_free(link)
            throw failure(code)
        }
        return link
    }
}
