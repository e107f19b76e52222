/// Reads the one request that a web server sends on a connection (FastCGI 1.0, sections 3 to 6), as its bytes come.
///
/// A pure value that allocates no more than a record and `parametersLimit`, whatever is sent. A body is passed over.
public struct FastCGIRequestReader: Sendable {
    /// The parts of a request, in their order.
    private enum Stage {
        case beginning
        case parameters
        case body
        case complete
    }

    /// The kinds of records that a web server sends.
    private enum Kind: UInt8 {
        case beginRequest = 1
        case abortRequest = 2
        case parameters = 4
        case input = 5
    }

    /// The most bytes of all parameters; nginx's own limits on a request's head lie below.
    public static let parametersLimit = 64 << 10
    /// The most parameters.
    public static let countLimit = 512
    /// The most bytes of a body: nothing is done with it.
    public static let bodyLimit = 64 << 10
    /// The most records of a request: each may be nearly empty.
    private static let recordsLimit = 4096

    /// The parameters by name, once all of them are there; the first of a name counts.
    public private(set) var parameters: [String: [UInt8]]?
    /// True if the web server has lost interest.
    public private(set) var isAborted = false
    /// True once all of the request was read.
    public var isComplete: Bool { if case .complete = stage { true } else { false } }

    private var stage = Stage.beginning
    /// A record that is not complete yet.
    private var pending: [UInt8] = []
    private var text: [UInt8] = []
    private var bodyBytes = 0
    private var records = 0

    /// Creates a reader at the beginning of a connection.
    public init() {}

    /// Takes the next bytes of the connection.
    ///
    /// - Throws: ``FastCGIWireError``; the connection is of no use afterwards.
    public mutating func take(_ bytes: UnsafeRawBufferPointer) throws(FastCGIWireError) {
        pending += bytes
        var start = 0
        while pending.count - start >= 8 {
            let length = Int(pending[start + 4]) << 8 | Int(pending[start + 5])
            let end = start + 8 + length
            let following = end + Int(pending[start + 6])
            // A head that is wrong is refused before its content has come.
            let kind = try kind(at: start)
            guard pending.count >= following else { break }
            records += 1
            guard records <= Self.recordsLimit else {
                throw FastCGIWireError(.tooLarge, "more than \(Self.recordsLimit) records")
            }
            try take(kind, pending[start + 8..<end])
            start = following
        }
        pending.removeFirst(start)
    }

    /// Returns a parameter that is a text; nil where there is none.
    public func text(_ name: String) -> String? {
        parameters?[name].flatMap { String(validating: $0, as: UTF8.self) }
    }

    private func kind(at start: Int) throws(FastCGIWireError) -> Kind {
        guard pending[start] == 1 else {
            throw FastCGIWireError(.malformed, "version \(pending[start]) of the protocol; there is only 1")
        }
        guard let kind = Kind(rawValue: pending[start + 1]) else {
            throw FastCGIWireError(.unsupported, "a record of type \(pending[start + 1])")
        }
        let request = UInt16(pending[start + 2]) << 8 | UInt16(pending[start + 3])
        guard request == FastCGIFrame.request else {
            throw FastCGIWireError(.unsupported, "request \(request); a connection brings one, with the number 1")
        }
        return kind
    }

    private mutating func take(_ kind: Kind, _ content: ArraySlice<UInt8>) throws(FastCGIWireError) {
        switch (kind, stage) {
        case (.abortRequest, .parameters), (.abortRequest, .body), (.abortRequest, .complete):
            isAborted = true
        case (.beginRequest, .beginning):
            guard content.count == 8 else {
                throw FastCGIWireError(.malformed, "a beginning of \(content.count) bytes; it has 8")
            }
            let role = Int(content[content.startIndex]) << 8 | Int(content[content.startIndex + 1])
            guard role == 1 else { throw FastCGIWireError(.unsupported, "role \(role); only a responder, 1, is here") }
            stage = .parameters
        case (.parameters, .parameters):
            guard !content.isEmpty else {
                parameters = try Self.pairs(in: text)
                text = []
                stage = .body
                return
            }
            guard text.count + content.count <= Self.parametersLimit else {
                throw FastCGIWireError(.tooLarge, "parameters of more than \(Self.parametersLimit) bytes")
            }
            text += content
        case (.input, .body):
            guard !content.isEmpty else { return stage = .complete }
            bodyBytes += content.count
            guard bodyBytes <= Self.bodyLimit else {
                throw FastCGIWireError(.tooLarge, "a body of more than \(Self.bodyLimit) bytes")
            }
        default:
            throw FastCGIWireError(.malformed, "a record of type \(kind.rawValue) where none can be")
        }
    }

    /// Reads name-value pairs (section 3.4).
    private static func pairs(in text: [UInt8]) throws(FastCGIWireError) -> [String: [UInt8]] {
        var pairs: [String: [UInt8]] = [:]
        var (position, count) = (0, 0)
        while position < text.count {
            let name = try length(in: text, at: &position)
            let value = try length(in: text, at: &position)
            guard name <= text.count - position, value <= text.count - position - name else {
                throw FastCGIWireError(.malformed, "a parameter that is longer than all of them")
            }
            count += 1
            guard count <= countLimit else {
                throw FastCGIWireError(.tooLarge, "more than \(countLimit) parameters")
            }
            let middle = position + name
            guard let key = String(validating: text[position..<middle], as: UTF8.self) else {
                throw FastCGIWireError(.malformed, "the name of a parameter is not UTF-8")
            }
            if pairs[key] == nil { pairs[key] = Array(text[middle..<middle + value]) }
            position = middle + value
        }
        return pairs
    }

    private static func length(in text: [UInt8], at position: inout Int) throws(FastCGIWireError) -> Int {
        guard position < text.count else { throw FastCGIWireError(.malformed, "a parameter without its length") }
        let first = text[position]
        guard first & 0x80 != 0 else {
            position += 1
            return Int(first)
        }
        guard position + 4 <= text.count else { throw FastCGIWireError(.malformed, "a parameter without its length") }
        defer { position += 4 }
        return Int(first & 0x7F) << 24 | Int(text[position + 1]) << 16 | Int(text[position + 2]) << 8
            | Int(text[position + 3])
    }
}
