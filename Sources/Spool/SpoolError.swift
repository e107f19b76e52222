import Errors
import Glibc
import System

/// The reason why an operation in the spool failed.
package struct SpoolError: DescribedError, Hashable {
    package enum Kind: String, CaseIterable, Sendable {
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
        /// A file does not hold what belongs there.
        case corrupt
    }

    package let kind: Kind
    /// The file or folder.
    package let path: String
    /// The system's words, or what was found.
    package let reason: String

    package init(_ kind: Kind, _ path: String, reason: String) {
        self.kind = kind
        self.path = path
        self.reason = reason
    }

    /// Creates the error of a system call that just failed.
    init(call: String, _ path: String) {
        self.init(SystemError(call: call, path), path)
    }

    /// Creates the error of an operation of the operating system.
    ///
    /// - Parameters:
    ///   - error: The system's error.
    ///   - path: The file or folder.
    ///   - kind: The kind, where the operation decides it whatever the reason; by default it follows from the error.
    init(_ error: SystemError, _ path: String, kind: Kind? = nil) {
        self.init(kind ?? Self.kind(of: error), path, reason: error.detail)
    }

    private static func kind(of error: SystemError) -> Kind {
        switch error.kind {
        case .diskFull: .diskFull
        case .tooLarge: .corrupt
        default: .fileFailed
        }
    }

    package var detail: String { reason.contains(path) ? reason : "\(path): \(reason)" }

    /// Returns true if the same operation can succeed later without anybody's help.
    package var isTemporary: Bool {
        switch kind {
        case .inUse, .diskFull, .fileFailed: true
        case .notASpool, .directoryNotDurable, .corrupt: false
        }
    }

    package var description: String { "spool: \(kind.rawValue): \(detail)" }
}
