import Glibc
import Media
import TestSupport
import Testing

@testable import ObserverCapture

/// Cameras that speak TLS, with a certificate of their own.
@Suite(.enabled(if: CameraSimulator.isPossible && MediaPrograms.isBuilt), .timeLimit(.minutes(2)))
struct CertificateTests {
    let simulator: CameraSimulator
    let programs: MediaPrograms
    /// The ports of TLS before the cameras and before the web server.
    let ports: [Int]
    let fingerprint: String

    init() throws {
        simulator = try CameraSimulator.shared.get()
        programs = try MediaPrograms()
        let certificate = "\(simulator.folder)/certificate-\(UInt64.random(in: 0 ... .max)).pem"
        let made = CameraSimulator.shell(
            """
            openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=camera -addext subjectAltName=IP:127.0.0.1 \
            -keyout \(certificate) -out \(certificate).crt 2> /dev/null && cat \(certificate).crt >> \(certificate)
            openssl x509 -in \(certificate).crt -outform der | sha256sum
            """
        )
        try #require(made.isGood)
        fingerprint = String(made.output.prefix(64))
        let script = #filePath.split(separator: "/").dropLast(2).map { "/" + $0 }.joined() + "/cameras/tls.py"
        var ports: [Int] = []
        for target in [simulator.rtspPort, simulator.httpPort] {
            let port = try FreePort.next()
            try CameraSimulator.background("python3 \(script) \(port) \(target) \(certificate)")
            ports.append(port)
        }
        self.ports = ports
        for port in ports {
            let isUp = CameraSimulator.eventually(20) {
                CameraSimulator.shell("bash -c 'exec 3<>/dev/tcp/127.0.0.1/\(port)'").isGood
            }
            try #require(isUp)
        }
    }

    private func record(_ trust: CertificateTrust, _ kind: Int, frames: Int) throws -> CaptureStreamTests.Take {
        let address = ["rtsps://127.0.0.1:\(ports[0])/tls-a", "https://127.0.0.1:\(ports[1])/clip.mp4"][kind]
        var stream = LibraryStream(address: address)
        stream.trust = trust
        return programs.record(try programs.source(stream), frames: frames)
    }

    @Test(arguments: [0, 1])
    func `a camera is read if its certificate is the pinned one, or if none is asked for`(kind: Int) throws {
        for trust in [CertificateTrust.any, .pinned(fingerprint)] {
            let take = try record(trust, kind, frames: 50)
            #expect(take.error == nil && take.videoPackets >= 50, "\(take.error.map { "\($0)" } ?? "")")
        }
    }

    @Test(arguments: [0, 1])
    func `another certificate is refused, and its fingerprint is named`(kind: Int) throws {
        let other = CertificateTrust.pinned(String(repeating: "0", count: 64))
        for trust in [CertificateTrust.system, .pinned(nil), other] {
            let take = try record(trust, kind, frames: 50)
            #expect(take.streams == nil && take.error?.kind == .refused)
            #expect(take.error?.detail.contains(fingerprint) == true, "\(take.error.map { "\($0)" } ?? "")")
        }
    }
}
