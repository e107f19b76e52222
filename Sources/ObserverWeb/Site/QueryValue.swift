import HTTPRouting
import ObserverCore
import ObserverStore

/// Reads the parameters of lists; errors name the parameter.
enum QueryValue {
    /// A whole number within a range.
    static func integer(_ fields: FormFields, _ name: String, in range: ClosedRange<Int>) throws(Problem) -> Int? {
        guard let text = fields[name] else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw problem(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// The number of a row.
    static func identifier(_ fields: FormFields, _ name: String) throws(Problem) -> Int64? {
        guard let text = fields[name] else { return nil }
        guard let number = Int64(text), number >= 0 else { throw problem(name, "must be the number of a camera") }
        return number
    }

    /// Numbers of rows with commas between them, as many as a page has.
    static func identifiers(_ fields: FormFields, _ name: String) throws(Problem) -> [Int64]? {
        guard let text = fields[name] else { return nil }
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { Int64($0) }
        guard numbers.count == parts.count, numbers.allSatisfy({ $0 >= 0 }), numbers.count <= CameraQuery.longestPage
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

    private static func problem(_ name: String, _ message: String) -> Problem {
        Problem(422, "The parameter \(name) \(message).", errors: [name: message])
    }
}
