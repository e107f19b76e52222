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
        /// The process may open no more files (EMFILE, ENFILE); the disk may be fine.
        case tooManyOpen
        /// A file or directory cannot be read, written or made durable; what was written to it is suspect.
        case fileFailed
        /// A file does not hold what belongs there.
        case corrupt
    }

    package let kind: Kind
    /// The file or folder.
    package let path: String
    /// The system's words, or what was found.
    package let reason: String
    /// The system's error number; 0 where there was none.
    package let code: Int32

    package init(_ kind: Kind, _ path: String, reason: String, code: Int32 = 0) {
        self.kind = kind
        self.path = path
        self.reason = reason
        self.code = code
    }

    /// Creates the error of a system call that just failed.
    init(call: String, _ path: String) {
        self.init(SystemError(call: call, path), path)
    }

    /// Creates the error of an operation of the operating system.
    init(_ error: SystemError, _ path: String) {
        self.init(Self.kind(of: error), path, reason: error.detail, code: error.code)
    }

    private static func kind(of error: SystemError) -> Kind {
        switch error.kind {
        case .diskFull: .diskFull
        case .tooManyOpen: .tooManyOpen
        case .tooLarge: .corrupt
        default: .fileFailed
        }
    }

    package var detail: String { reason.contains(path) ? reason : "\(path): \(reason)" }

    /// Returns true if the same operation can succeed later without anybody's help.
    package var isTemporary: Bool {
        switch kind {
        case .inUse, .diskFull, .tooManyOpen, .fileFailed: true
        case .notASpool, .corrupt: false
        }
    }

    package var description: String { "spool: \(kind.rawValue): \(detail)" }
}
