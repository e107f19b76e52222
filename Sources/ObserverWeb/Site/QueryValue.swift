import HTTPRouting
import ObserverCore
import ObserverStore

/// Reads the parameters of lists; errors name the parameter.
enum QueryValue {
    /// A whole number within a range.
    static func integer(_ fields: FormFields, _ name: String, in range: ClosedRange<Int>) throws(Problem) -> Int? {
        guard let text = fields[name] else { return nil }
        guard let number = number(text).flatMap(Int.init(exactly:)), range.contains(number) else {
            throw problem(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// The greatest number of a row: every program reads it without loss (RFC 8259, section 6).
    static let greatest = SegmentLimits.cameraID.upperBound

    /// A number of a row after which a page begins.
    static func cursor(_ fields: FormFields, _ name: String) throws(Problem) -> Int64? {
        try integer(fields, name, in: 1...Int(greatest)).map { Int64($0) }
    }

    /// Digits, perhaps with a minus before them; Swift would take a plus as well, which a query has for a blank.
    private static func number(_ text: some StringProtocol) -> Int64? {
        text.utf8.first == UInt8(ascii: "+") ? nil : Int64(text)
    }

    /// The number of a row.
    static func identifier(_ fields: FormFields, _ name: String) throws(Problem) -> Int64? {
        guard let text = fields[name] else { return nil }
        guard let number = number(text), (0...greatest).contains(number) else {
            throw problem(name, "must be the number of a camera")
        }
        return number
    }

    /// Numbers of rows with commas between them, as many as a page has.
    static func identifiers(_ fields: FormFields, _ name: String) throws(Problem) -> [Int64]? {
        guard let text = fields[name] else { return nil }
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { number($0) }
        guard numbers.count == parts.count, numbers.allSatisfy({ (0...greatest).contains($0) }),
            numbers.count <= CameraQuery.longestPage
        else {
            throw problem(name, "must be at most \(CameraQuery.longestPage) numbers of cameras with commas between")
        }
        return numbers
    }

    /// A text to look for.
    static func text(_ fields: FormFields, _ name: String) throws(Problem) -> String? {
        guard let text = fields[name] else { return nil }
        // The database has no such text, so there is nothing to find.
        guard !text.utf8.contains(0) else { throw problem(name, "has a zero byte in it") }
        return text
    }

    /// One of a set of words.
    static func word<Word: RawRepresentable & CaseIterable>(
        _ fields: FormFields,
        _ name: String
    ) throws(Problem) -> Word? where Word.RawValue == String {
        guard let text = fields[name] else { return nil }
        guard let word = Word(rawValue: text) else {
            throw problem(name, "must be one of \(Word.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return word
    }

    /// A moment.
    static func time(_ fields: FormFields, _ name: String) throws(Problem) -> Timestamp? {
        guard let text = fields[name] else { return nil }
        guard let time = Timestamp(rfc3339: text) else {
            throw problem(name, "must be a time such as 2026-11-23T20:00:00Z (a + in it percent-encoded)")
        }
        return time
    }

    /// The identifier of a segment.
    static func segment(_ fields: FormFields, _ name: String) throws(Problem) -> SegmentID? {
        guard let text = fields[name] else { return nil }
        guard let id = SegmentID(text) else { throw problem(name, "must be the id of a segment") }
        return id
    }

    /// `Link` to the next page of a list (RFC 8288).
    static func next(_ path: String, _ fields: FormFields, after: String) -> String {
        let others = fields.fields.filter { $0.name != "after" }
        return "<\(path)?\(FormFields(others + [("after", after)]).encoded)>; rel=\"next\""
    }

    /// The problem of a cursor at which no page can begin: an empty page would look like the end of the list.
    static func unknown(_ name: String, _ message: String) -> Problem { problem(name, message) }

    private static func problem(_ name: String, _ message: String) -> Problem {
        Problem(422, "The parameter \(name) \(message).", errors: [name: message])
    }
}
