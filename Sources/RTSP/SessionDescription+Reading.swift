extension SessionDescription {
    /// Reads a description.
    ///
    /// Lines that cannot be read are passed over, so this never fails; without an `m=` line there are no tracks.
    public init(_ bytes: [UInt8]) {
        var session = Section()
        var sections: [Section] = []
        for piece in bytes.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D || $0 == 0 }) {
            let line = String(decoding: piece, as: UTF8.self).trimmingBlanks
            guard line.utf8.count >= 2, line.utf8.dropFirst().first == UInt8(ascii: "=") else { continue }
            let value = String(line.dropFirst(2)).trimmingBlanks
            if line.hasPrefix("m=") {
                guard sections.count < RTSPLimits.mediaDescriptions else { break }
                sections.append(Section(media: value))
            } else if sections.isEmpty {
                session.take(line.utf8.first ?? 0, value)
            } else {
                sections[sections.count - 1].take(line.utf8.first ?? 0, value)
            }
        }
        name = session.name
        control = session.control
        direction = session.direction
        media = sections.map { $0.description(default: session.address) }
    }
}

/// The lines of the session or of one track, until all of them are there.
private struct Section {
    var name: String?
    var control: String?
    var direction: MediaDescription.Direction?
    var address: String?
    private var media: [String] = []
    private var maps: [(type: UInt8, text: String)] = []
    private var parameters: [(type: UInt8, text: String)] = []
    private var frameRate: Double?
    private var dimensions: PictureDimensions?

    init() {}

    init(media line: String) {
        media = line.split { $0 == " " || $0 == "\t" }.map(String.init)
    }

    mutating func take(_ kind: UInt8, _ value: String) {
        switch kind {
        case UInt8(ascii: "s"): name = value.isEmpty ? nil : value
        case UInt8(ascii: "c"):
            let words = value.split { $0 == " " || $0 == "\t" }
            if words.count >= 3 { address = words[2].split(separator: "/").first.map { String($0) } }
        case UInt8(ascii: "a"): takeAttribute(value)
        default: break
        }
    }

    private mutating func takeAttribute(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let value = parts.count == 2 ? parts[1].trimmingBlanks : ""
        switch parts[0].trimmingBlanks.lowercased() {
        case "control": if control == nil, !value.isEmpty { control = value }
        case "rtpmap": if let pair = Self.typed(value) { maps.append(pair) }
        case "fmtp": if let pair = Self.typed(value) { parameters.append(pair) }
        // `0S` and the like are placeholders; a later line may have the rate.
        case "framerate", "x-framerate":
            if let rate = Double(value), rate > 0, rate <= 1_000 { frameRate = rate }
        case "x-dimensions": takeDimensions(value, separator: ",")
        case "framesize":
            let words = value.split(separator: " ")
            if words.count == 2 { takeDimensions(String(words[1]), separator: "-") }
        case let word: if let stated = MediaDescription.Direction(rawValue: word) { direction = stated }
        }
    }

    private mutating func takeDimensions(_ text: String, separator: Character) {
        let numbers = text.split(separator: separator).map { $0.leadingNumber(upTo: 65_535) }
        if numbers.count == 2, let size = PictureDimensions(width: numbers[0], height: numbers[1]) { dimensions = size }
    }

    /// A payload type and the text behind it.
    private static func typed(_ text: String) -> (type: UInt8, text: String)? {
        let words = text.split(maxSplits: 1) { $0 == " " || $0 == "\t" }
        guard let type = words.first?.leadingNumber(upTo: 127) else { return nil }
        return (UInt8(type), words.count == 2 ? words[1].trimmingBlanks : "")
    }

    func description(default sessionAddress: String?) -> MediaDescription {
        let kind: MediaDescription.Kind =
            switch media.first?.lowercased() {
            case "video": .video
            case "audio": .audio
            default: .other
            }
        let transport = media.count > 2 ? media[2].uppercased() : ""
        return MediaDescription(
            kind: kind,
            port: media.count > 1 ? media[1].leadingNumber(upTo: 65_535) ?? 0 : 0,
            isRTP: transport.contains("RTP") || transport == "AVP",
            isEncrypted: transport.contains("SAVP"),
            formats: formats,
            control: control,
            direction: direction,
            frameRate: frameRate,
            dimensions: dimensions,
            address: address ?? sessionAddress
        )
    }

    /// The formats of the `m=` line, then those that only a map names.
    private var formats: [MediaFormat] {
        var types: [UInt8] = []
        let listed = media.dropFirst(3).compactMap { $0.wholeNumber(UInt8.self) }.filter { $0 < 128 }
        for type in listed + maps.map(\.type) where !types.contains(type) { types.append(type) }
        return types.prefix(RTSPLimits.formats).compactMap { format($0, isOnly: types.count == 1) }
    }

    private func format(_ type: UInt8, isOnly: Bool) -> MediaFormat? {
        // The number of a lone format is sometimes another one in its attributes.
        let text = parameters.first { $0.type == type } ?? (isOnly ? parameters.first : nil)
        let assigned = MediaFormat.assigned(type)
        let map = maps.first { $0.type == type }?.text ?? ""
        let parts = map.split(separator: "/", omittingEmptySubsequences: false).map { $0.trimmingBlanks }
        // A map wins over the assigned meaning of its number: cameras reuse 0 and 8 for AAC.
        let encoding = parts.first.flatMap { $0.isEmpty ? nil : $0.uppercased() } ?? assigned?.encoding
        guard let encoding else { return nil }
        let isAssigned = encoding == assigned?.encoding
        let rate = parts.count > 1 ? parts[1].leadingNumber(upTo: 1_000_000_000) ?? 0 : 0
        let channels = parts.count > 2 ? parts[2].leadingNumber(upTo: 255) ?? 0 : 0
        return MediaFormat(
            payloadType: type,
            encoding: encoding,
            clockRate: rate > 0 ? rate : isAssigned ? assigned?.clockRate ?? 90_000 : 90_000,
            channels: channels > 0 ? channels : isAssigned ? assigned?.channels ?? 1 : 1,
            parameters: FormatParameters(text?.text ?? "")
        )
    }
}
