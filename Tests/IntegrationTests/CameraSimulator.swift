import TemporaryFolders
import Glibc
import TestSupport
import Testing

/// A building of simulated RTSP cameras, and clips served over HTTP, for the tests of recording.
///
/// Made once for all tests; its processes end with the test process, and its folder, which has the spools of recorders as well,
/// goes then.
final class CameraSimulator: Sendable {
    static let shared = Result { try CameraSimulator() }
    static var isPossible: Bool {
        ["/usr/bin/ffmpeg", "/usr/bin/ffprobe", "/usr/bin/python3"].allSatisfy { TestEnvironment.has(program: $0) }
    }

    let rtspPort: Int
    private let controlPort: Int
    let httpPort: Int
    let folder: String
    private let place = TemporaryFolder()

    private init() throws {
        folder = place.path
        atexit {
            if case .success(let simulator) = CameraSimulator.shared { simulator.place.remove() }
        }
        (rtspPort, controlPort, httpPort) = (try FreePort.next(), try FreePort.next(), try FreePort.next())
        let simulator = #filePath.split(separator: "/").dropLast(2).map { "/" + $0 }.joined() + "/cameras/simulator.py"
        try makeClips()
        try Self.background("python3 -m http.server \(httpPort) --bind 127.0.0.1 -d \(folder) 2> \(folder)/http.log")
        try Self.background(
            """
            python3 \(simulator) --port \(rtspPort) --control \(controlPort) --clips \(folder)/clips \
            --clip main=320x240@25,300k,g25 --clip small=160x120@25,100k,g25
            """
        )
        let isUp = Self.eventually(30) {
            Self.shell("curl -sf http://127.0.0.1:\(controlPort)/health && curl -sf http://127.0.0.1:\(httpPort)/")
                .isGood
        }
        try #require(isUp, "the cameras did not start")
    }

    /// 16 s at 25 frames a second, a key frame each second.
    private func makeClips() throws {
        let source = "-f lavfi -i testsrc2=s=320x240:r=25 -f lavfi -i sine=f=440:r=48000 -t 16"
        let video = "-c:v libx264 -preset veryfast -bf 0 -g 25 -keyint_min 25 -sc_threshold 0 -b:v 300k"
        let result = Self.shell(
            """
            set -e; cd \(folder); f="ffmpeg -hide_banner -loglevel error -y"
            $f \(source) \(video) -c:a aac -b:a 64k -movflags +faststart clip.mp4
            $f -i clip.mp4 -c copy -f hls -hls_time 4 -hls_list_size 0 list.m3u8
            sed 's/[.]ts$//' list.m3u8 > bare.m3u8
            for i in 0 1 2 3; do cp list$i.ts list$i; done
            $f -i clip.mp4 -c:v copy -c:a pcm_mulaw -ar 8000 clip.mkv
            $f -i clip.mp4 -c:v copy -c:a libvorbis vorbis.mkv
            echo "#EXTM3U" > master.m3u8
            for v in 1 2 3 4 5 6; do
                sed "s/^list/v$v-list/" list.m3u8 > v$v.m3u8
                for i in 0 1 2 3; do cp list$i.ts v$v-list$i.ts; done
                printf '#EXT-X-STREAM-INF:BANDWIDTH=%s00000\\nv%s.m3u8\\n' $v $v >> master.m3u8
            done
            """
        )
        try #require(result.isGood, "ffmpeg made no clips: \(result.output)")
    }

    func camera(_ name: String) -> String { "rtsp://127.0.0.1:\(rtspPort)/\(name)" }
    func file(_ name: String) -> String { "http://127.0.0.1:\(httpPort)/\(name)" }

    /// How many requests for files with these names the web server got.
    func requests(for pattern: String) -> Int {
        Int(Self.shell("grep -c 'GET /\(pattern) ' \(folder)/http.log").output.filter(\.isNumber)) ?? 0
    }

    /// Starts a server that sends the clip, at its pace, to the first who comes.
    func serve(_ scheme: String, _ format: String) throws -> String {
        let address = "\(scheme)://127.0.0.1:\(Int.random(in: 12_000..<19_000))/live/x"
        try Self.background("ffmpeg -loglevel error -re -i \(folder)/clip.mp4 \(format) -listen 1 \(address)")
        return address
    }

    /// Has a simulated camera misbehave; `resume` ends that.
    func fault(_ camera: String, _ fault: String, more: String = "") {
        let body = "{\"camera\": \"\(camera)\", \"fault\": \"\(fault)\"\(more)}"
        let result = Self.shell("curl -sf -X POST -d '\(body)' http://127.0.0.1:\(controlPort)/fault")
        if !result.isGood { Issue.record("the simulator refused \(body)") }
    }

    /// How many packets ffprobe finds in a file, for its video and its audio.
    static func packets(_ path: String) -> (video: Int, audio: Int) {
        func count(_ kind: String) -> Int {
            let command =
                "ffprobe -loglevel error -select_streams \(kind) -count_packets -show_entries stream=nb_read_packets"
            return Int(shell("\(command) -of csv=p=0 \(path) | head -1").output.filter(\.isNumber)) ?? 0
        }
        return (count("v"), count("a"))
    }

    /// The frame counters that the simulator's cameras put into their frames (`clip.py`), in the order of the bytes.
    static func counters(in bytes: [UInt8]) -> [Int] {
        let mark = Array("ObserverFrameCnt".utf8)
        var found: [Int] = []
        for start in bytes.indices.dropLast(mark.count + 11) where bytes[start] == mark[0] {
            let end = start + mark.count
            guard bytes[start..<end].elementsEqual(mark) else { continue }
            if let counter = Int(String(decoding: bytes[end..<end + 12], as: UTF8.self)) { found.append(counter) }
        }
        return found
    }

    struct Outcome {
        let isGood: Bool
        let output: String
    }

    static func shell(_ script: String) -> Outcome {
        guard let pipe = popen("exec 2>&1; \(script)", "r") else { return Outcome(isGood: false, output: "popen") }
        var bytes: [UInt8] = []
        var byte = fgetc(pipe)
        while byte >= 0 {
            bytes.append(UInt8(truncatingIfNeeded: byte))
            byte = fgetc(pipe)
        }
        return Outcome(isGood: pclose(pipe) == 0, output: String(decoding: bytes, as: UTF8.self))
    }

    /// Runs a command until the test process ends.
    static func background(_ command: String) throws {
        // In a session of its own, so that it outlives whoever ends the tests' process group; a quarter of an hour at most.
        // SIGKILL, because the thread that starts it may have SIGTERM blocked, and children inherit that.
        let watch = "i=0; while kill -0 \(getpid()) 2> /dev/null && [ $i -lt 900 ]; do sleep 1; i=$((i+1)); done"
        let result = shell(
            "setsid sh -c '\(command) & child=$!; \(watch); kill -9 $child' > /dev/null 2>&1 < /dev/null &"
        )
        try #require(result.isGood)
    }

    static func eventually(_ seconds: Double, _ condition: () -> Bool) -> Bool {
        let clock = ContinuousClock()
        let end = clock.now + .seconds(seconds)
        while clock.now < end {
            if condition() { return true }
            usleep(50_000)
        }
        return condition()
    }
}
