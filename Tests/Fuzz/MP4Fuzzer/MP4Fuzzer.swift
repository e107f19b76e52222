import Encodings
import MP4

/// Reads one input of libFuzzer; its first byte chooses the reader.
func testOneInput(_ start: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: start, count: size)
    guard let choice = bytes.first else { return 0 }
    let rest = Array(bytes.dropFirst())
    switch choice % 8 {
    case 0: inspect(rest)
    case 1: inspectBehindInitSection(rest)
    case 2: AVCConfiguration(units: units(rest)).map(check)
    case 3: AVCConfiguration(record: rest).map(check)
    case 4: HEVCConfiguration(units: units(rest)).map(check)
    case 5: HEVCConfiguration(record: rest).map(check)
    case 6: readSmall(rest)
    default: write(rest)
    }
    return 0
}

/// Cuts the input into units behind a byte of length each.
private func units(_ bytes: [UInt8]) -> [[UInt8]] {
    var units: [[UInt8]] = []
    var index = 0
    while index < bytes.count {
        let end = min(index + 1 + Int(bytes[index]), bytes.count)
        units.append(Array(bytes[(index + 1)..<max(end, index + 1)]))
        index = end
    }
    return units
}

/// Stops the fuzzer if a file's summary contradicts itself, or a file that is cut where it says is not the same.
private func inspect(_ bytes: [UInt8]) {
    guard let summary = try? FragmentedMP4.inspect(bytes: bytes) else { return }
    precondition(summary.initBytes > 0 && summary.initBytes <= summary.completeBytes)
    precondition(summary.completeBytes <= Int64(bytes.count))
    precondition(summary.frames >= 0 && summary.fragments >= 0 && summary.mediaStart90k >= 0)
    precondition(summary.codecs.utf8.count <= 100_000)
    precondition((try? FragmentedMP4.inspect(bytes: Array(bytes.prefix(Int(summary.completeBytes))))) == summary)
}

private let head: [UInt8] = {
    let video = VideoFormat(.jpeg, width: 640, height: 360)
    return InitSection(video: video, audio: AudioFormat(.mp3, sampleRate: 44_100, channels: 2)).bytes
}()

private func inspectBehindInitSection(_ bytes: [UInt8]) {
    inspect(head + bytes)
}

private func check(_ configuration: AVCConfiguration) {
    precondition(AVCConfiguration(record: configuration.record)?.record == configuration.record)
    check(VideoFormat(configuration))
}

private func check(_ configuration: HEVCConfiguration) {
    precondition(HEVCConfiguration(record: configuration.record)?.record == configuration.record)
    check(VideoFormat(configuration))
}

/// Stops the fuzzer if the init section of a format does not read back as what was written.
private func check(_ format: VideoFormat) {
    precondition(format.width > 0 && format.height > 0)
    let section = InitSection(video: format)
    guard let summary = try? FragmentedMP4.inspect(bytes: section.bytes) else { preconditionFailure() }
    precondition(summary.initBytes == section.bytes.count && summary.codecs == section.codecs)
    precondition(summary.width == min(format.width, 0xFFFF) && summary.height == min(format.height, 0xFFFF))
}

private func readSmall(_ bytes: [UInt8]) {
    if let audio = AACConfiguration(bytes) {
        precondition((1...8).contains(audio.channels) && (4000...192_000).contains(audio.sampleRate))
        precondition([960, 1024, 1920, 2048].contains(audio.frameSamples))
    }
    bytes.withUnsafeBytes {
        precondition(ParameterSetName(avc: $0)?.id ?? 0 <= 255)
        precondition(ParameterSetName(hevc: $0)?.id ?? 0 <= 63)
    }
    _ = (CodecString.avc(record: bytes), CodecString.hevc(record: bytes), CodecString.av1(record: bytes))
}

/// Writes a fragment of frames and audio with numbers from the input, and reads it back.
private func write(_ bytes: [UInt8]) {
    var reader = BigEndianReader(bytes)
    var index = FragmentIndex()
    var frames = 0
    while frames < 100, let kind = reader.read(UInt8.self), let length = reader.read(UInt8.self),
        let time = reader.read(Int64.self), let duration = reader.read(UInt32.self)
    {
        if kind & 1 == 0 {
            frames += 1
            index.addFrame(
                bytes: Int(length),
                decodeTime: time,
                compositionOffset: Int64(kind) << 20 &- time >> 8,
                duration: Int64(duration),
                isSync: kind & 2 == 0
            )
        } else {
            index.addAudio(bytes: Int(length), decodeTime: time, duration: Int64(duration))
        }
        if kind & 4 != 0 { index.moveFrames(by: time) }
        if kind & 8 != 0 { index.endLastFrame(at: time) }
    }
    let file = head + index.header(sequence: 1, wallClock: reader.read(Int64.self))
    inspect(file + [UInt8](repeating: 7, count: index.bytes))
}
