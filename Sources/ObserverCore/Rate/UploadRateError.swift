import Errors

/// The reason why a text is not the bandwidth of uploads.
package struct UploadRateError: DescribedError, Hashable {
    package enum Kind: String, CaseIterable, Sendable {
        case empty, noElse, elseNotLast, badDays, badTime, badRate, rateOutOfRange
    }

    package let kind: Kind
    package let part: String

    package init(_ kind: Kind, _ part: String) {
        self.kind = kind
        self.part = part
    }

    package var detail: String {
        switch kind {
        case .empty: "a part of it is empty"
        case .noElse: "the last rule, \"\(part)\", does not begin with `else`"
        case .elseNotLast: "\"\(part)\" is not the last rule"
        case .badDays: "\"\(part)\" is neither days such as Mon, Mon-Fri or Sat,Sun nor a time"
        case .badTime: "\"\(part)\" is not a time such as 08:00-18:00"
        case .badRate: "\"\(part)\" is not a rate such as 20 Mbit/s, 512 kbit/s or unlimited"
        case .rateOutOfRange: "\"\(part)\" is not between 64 kbit/s and 100 Gbit/s"
        }
    }

    /// Always false: the same text is refused again.
    package var isTemporary: Bool { false }
}
