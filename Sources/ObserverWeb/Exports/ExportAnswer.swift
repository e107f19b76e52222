import Errors
import HTTPRouting
import HTTPTypes
import Logging
import ObserverCore
import ObserverExport

/// The answer with an export: conditions, ranges, and the body that is made while it is sent.
struct ExportAnswer {
    private let request: WebRequest
    private let place: ExportRegistry.Place
    private let incomplete: String?

    init(_ request: WebRequest, _ place: ExportRegistry.Place, incomplete: String?) {
        self.request = request
        self.place = place
        self.incomplete = incomplete
    }

    /// One file, or a part of it.
    func file(_ file: ExportFile) -> HTTPResponse {
        let tag = EntityTag(file.tag)
        if request.http.isFresh(tag) {
            var response = HTTPResponse(status: 304)
            response.set(.eTag, tag.description)
            return response
        }
        var range = 0..<file.bytes
        var isPart = false
        if let asked = request.http.header("Range"), isCurrent(tag) {
            switch ByteRange.read(asked, of: file.bytes) {
            case .none: break
            case .unsatisfiable:
                var response = Problem(416, "The export has \(file.bytes) bytes.").response
                response.set("Content-Range", "bytes */\(file.bytes)")
                return response
            case .part(let part): (range, isPart) = (part, true)
            }
        }
        var response = HTTPResponse(status: isPart ? 206 : 200, contentType: "video/mp4")
        if isPart {
            response.set("Content-Range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(file.bytes)")
        }
        response.set("Accept-Ranges", "bytes")
        add(to: &response, name: file.name, tag: tag)
        place.set(totalBytes: Int64(range.count))
        let (place, source, logger) = (place, request.context.exports.source, request.context.logger)
        let facts = facts
        let chosen = range
        response.stream = HTTPBodyStream(length: Int64(chosen.count)) { sink in
            Self.watched(logger, facts: facts) {
                let sender = ExportSender(file, source: source) { place.isCancelled }
                return try sender.send(chosen) { bytes in
                    place.sent(bytes.count)
                    return sink(bytes)
                }
            }
        }
        return response
    }

    /// Several files as an archive, which is sent as a whole: its directory has checksums of all that is before it.
    func archive(_ archive: ExportArchive) -> HTTPResponse {
        var response = HTTPResponse(contentType: "application/zip")
        response.set("Accept-Ranges", "none")
        add(to: &response, name: archive.name, tag: nil)
        place.set(totalBytes: archive.bytes)
        let (place, source, logger) = (place, request.context.exports.source, request.context.logger)
        let facts = facts
        response.stream = HTTPBodyStream(length: archive.bytes) { sink in
            Self.watched(logger, facts: facts) {
                try archive.send(source: source, isCancelled: { place.isCancelled }) { bytes in
                    place.sent(bytes.count)
                    return sink(bytes)
                }
            }
        }
        return response
    }

    private func add(to response: inout HTTPResponse, name: String, tag: EntityTag?) {
        if let tag { response.set(.eTag, tag.description) }
        response.set(.cacheControl, "private, no-cache")
        response.set("Content-Disposition", "attachment; filename=\"\(name)\"")
        // Told in the manifest as well.
        if let incomplete { response.set("X-Export-Missing", incomplete) }
    }

    /// Returns true if a range may be sent: without a condition, or where the reader has a part of these bytes (RFC 9110, 13.1.5).
    private func isCurrent(_ tag: EntityTag) -> Bool {
        guard let condition = request.http.header("If-Range") else { return true }
        return condition == tag.description
    }

    private var facts: [LogKey: LogValue] {
        [
            .requestID: .string(request.http.id ?? "-"), .requestPath: .string(request.http.path),
            .userName: .string(request.identity?.actor.description ?? "-"),
        ]
    }

    /// Logs why an answer is cut.
    private static func watched(_ logger: Logger, facts: [LogKey: LogValue], _ send: () throws -> Bool) -> Bool {
        do {
            return try send()
        } catch let error as SegmentSourceError where error.kind == .cancelled {
            logger.info("Export stopped", facts)
        } catch {
            logger.error("Export cut off", facts.merging([.error: LogValue(error)]) { $1 })
        }
        return false
    }
}

/// A stretch of a body that is asked for (RFC 9110, section 14.2).
enum ByteRange: Equatable {
    /// None that can be read, or several: all of it is sent.
    case none
    case unsatisfiable
    case part(Range<Int64>)

    static func read(_ text: String, of length: Int64) -> ByteRange {
        guard text.hasPrefix("bytes=") else { return .none }
        let parts = text.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, !text.contains(",") else { return .none }
        func number(_ text: Substring) -> Int64? {
            let digits = text.filter { $0 != " " }
            return digits.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int64(digits) : nil
        }
        if parts[0].isEmpty {
            guard let last = number(parts[1]) else { return .none }
            return last > 0 ? .part(max(length - last, 0)..<length) : .unsatisfiable
        }
        guard let first = number(parts[0]) else { return .none }
        guard first < length else { return .unsatisfiable }
        if parts[1].isEmpty { return .part(first..<length) }
        guard let last = number(parts[1]), last >= first else { return .none }
        return .part(first..<min(last, length - 1) + 1)
    }
}
