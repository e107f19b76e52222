/// The reason why a camera is not recorded from some moment on.
package struct Interruption: Hashable, Sendable {
    package var cause: Cause
    /// A sentence for people.
    package var detail: String

    package init(_ cause: Cause, _ detail: String) {
        self.cause = cause
        self.detail = detail
    }
}
