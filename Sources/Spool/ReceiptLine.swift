import Crypto
import Encodings
import FoundationEssentials
package import ObserverCore

/// A line of the receipt log: a checksum, the identifier of a segment, and its receipt as JSON.
///
/// The checksum tells a line from one that was cut off by a crash, or spoilt by the disk. The identifier stands apart, so that
/// receipts whose rows are there need not be decoded.
package struct ReceiptLine: Hashable, Sendable {
    private static let checksumBytes = 16
    private static let identifierBytes = 36

    package let id: SegmentID
    /// From the identifier on, without the line's end.
    private let text: [UInt8]

    package init(_ receipt: Receipt) {
        self.init(receipt.segment.id, json: SpoolJSON.encode(receipt).dropLast())
    }

    init(_ id: SegmentID, json: [UInt8]) {
        self.id = id
        text = Array("\(id) ".utf8) + json
    }

    /// Returns nil for a line that is not whole.
    init?(_ bytes: ArraySlice<UInt8>) {
        let text = bytes.dropFirst(Self.checksumBytes + 1)
        guard text.count > Self.identifierBytes + 1,
            Self.checksum(text) == Array(bytes.prefix(Self.checksumBytes)),
            let id = SegmentID(String(decoding: text.prefix(Self.identifierBytes), as: UTF8.self))
        else { return nil }
        self.id = id
        self.text = Array(text)
    }

    var encoded: [UInt8] { Self.checksum(text[...]) + [UInt8(ascii: " ")] + text + [UInt8(ascii: "\n")] }

    /// The receipt; nil if what the line holds is not one that can be believed.
    package var receipt: Receipt? {
        let json = Data(text.dropFirst(Self.identifierBytes + 1))
        guard let receipt = try? JSONDecoder().decode(Receipt.self, from: json), receipt.problem == nil,
            receipt.segment.id == id
        else { return nil }
        return receipt
    }

    private static func checksum(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        Array(SHA256.hex(Array(bytes)).utf8.prefix(checksumBytes))
    }
}
