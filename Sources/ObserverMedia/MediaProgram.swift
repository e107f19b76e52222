import Glibc
import LibraryMedia
import Media
import System

/// The program `observer-media`: reads one camera with FFmpeg, encodes its audio, or creates pictures, for the recorder that started it.
///
/// It reads what strangers send with code that has flaws nobody knows yet. So it has little to lose: one camera's address and
/// password, no environment, no descriptor but a socket to the recorder, bounded memory, and it ends with the recorder.
package enum MediaProgram {
    /// Enough for a decoder's pictures of 4K with ten bits, and half a dozen of 8K.
    private static let memoryLimit: UInt64 = 512 << 20
    /// A playlist opens several connections.
    private static let fileLimit: UInt64 = 64

    /// Does what the first request says until the recorder closes the socket.
    ///
    /// - Returns: The exit code: 0 in order, 64 where nobody asks for anything (sysexits(3)), 71 where limits cannot be set.
    package static func run() -> Int32 {
        guard (try? ProcessConfinement.apply(memoryBytes: memoryLimit, files: fileLimit)) != nil else { return 71 }
        ProcessMemory.limitArenas()
        MediaLibrary.start()
        let recorder = RecorderSocket(ChildProcess.socketNumber)
        switch recorder.next() {
        case .read(let stream): CameraReading.run(stream, for: recorder)
        case .stills: Stills.run(for: recorder)
        case .encode(let audio): Encoding.run(audio, for: recorder)
        case .still, .group, .frame, .samples, nil: return 64
        }
        return 0
    }
}
