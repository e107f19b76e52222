import Errors

/// The fields of a request that are not valid.
package struct FieldErrors: DescribedError, Hashable {
    package enum Kind: String, CaseIterable, Sendable {
        case invalidFields
    }

    package let kind = Kind.invalidFields
    /// By the name of the field, a phrase that continues the name, for the person who filled it in.
    package let errors: [String: String]

    package init(_ errors: [String: String]) {
        self.errors = errors
    }

    /// The fields with their phrases; what was typed is not repeated.
    package var detail: String {
        errors.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: "; ")
    }

    /// Always false: the same fields are refused again.
    package var isTemporary: Bool { false }
}
