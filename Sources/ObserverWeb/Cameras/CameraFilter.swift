import Encodings
import HTTPRouting
package import ObserverCore
import ObserverStore

/// The filter of the table and of the wall.
package struct CameraFilter: Hashable, Sendable {
    package var text: String?
    package var tag: String?
    package var state: CameraState?
    package var after: CameraID?

    package init(text: String? = nil, tag: String? = nil, state: CameraState? = nil, after: CameraID? = nil) {
        self.text = text
        self.tag = tag
        self.state = state
        self.after = after
    }

    /// Reads a query or a form; what can't be a filter counts as none, as in an address that somebody shortened.
    init(_ fields: FormFields) {
        self.init(
            text: Self.text(fields["q"]),
            tag: Self.text(fields["tag"]),
            state: fields["state"].flatMap(CameraState.init),
            after: fields["after"].flatMap { Int64($0) }.map(CameraID.init)
        )
    }

    var isEmpty: Bool { text == nil && tag == nil && state == nil }

    /// The filter as a person reads it.
    var words: String {
        [
            text.map { "“\($0)”" }, tag.map { "the tag \($0)" },
            state.map { "the state \(StateView.word($0).lowercased())" },
        ].compactMap { $0 }.joined(separator: ", ")
    }

    /// The fields of an address, without the place in the list.
    var fields: [(String, String?)] { [("state", state?.rawValue), ("q", text), ("tag", tag)] }

    /// An address with this filter and, if wanted, a place in the list.
    func link(_ path: String, after: CameraID? = nil) -> String {
        Links.link(path, fields + [("after", after?.description)])
    }

    /// The cameras of a page of that length.
    func query(limit: Int) -> CameraQuery {
        CameraQuery(text: text, tag: tag, state: state, limit: limit, after: after)
    }

    /// A search word; nil when there is none.
    private static func text(_ value: String?) -> String? {
        value.map { String($0.filter { $0 != "\0" }.drop { $0 == " " }.prefix(100)) }.flatMap { $0.isEmpty ? nil : $0 }
    }
}
