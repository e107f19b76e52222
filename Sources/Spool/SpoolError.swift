import Glibc
import System

/// The reason why an operation in the spool failed.
package struct SpoolError: Error, CustomStringConvertible, Hashable, Sendable {
    package enum Kind: String, Sendable {
        /// The folder is not a spool, or one of another version.
        case notASpool
        /// Another process has what was asked for.
        case inUse
        /// The disk is full (ENOSPC, EDQUOT).
        case diskFull
        /// A file cannot be read, written or made durable; what was written to it is suspect.
        case fileFailed
        /// A directory cannot be made durable: nothing that was renamed in it can be trusted, the process must end.
        case directoryNotDurable
        /// The content of a file is not what belongs there.
        case corrupt
    }

    package let kind: Kind
    /// Which file or folder.
    package let path: String
    /// The system's words, or what was found.
    package let reason: String

    package init(_ kind: Kind, _ path: String, reason: String) {
        self.kind = kind
        self.path = path
        self.reason = reason
    }

    /// The error of a system call that just failed.
    init(call: String, _ path: String, kind: Kind = .fileFailed) {
        let number = errno
        let isFull = number == ENOSPC || number == EDQUOT
        // A directory that is not durable is so for whatever reason.
        self.kind = isFull && kind == .fileFailed ? .diskFull : kind
        self.path = path
        reason = "\(call): \(String(cString: strerror(number)))"
    }

    /// The error of an operation on `path`.
    init(_ error: SystemError, _ path: String, kind: Kind = .fileFailed) {
        // A directory that is not durable is so for whatever reason.
        self.kind =
            switch error.kind {
            case .diskFull where kind == .fileFailed: .diskFull
            case .tooLarge where kind == .fileFailed: .corrupt
            default: kind
            }
        self.path = path
        reason = error.code == 0 ? error.detail : String(cString: strerror(error.code))
    }

    package var description: String {
        "spool: \(kind.rawValue): \(path): \(reason)"
    }
}
