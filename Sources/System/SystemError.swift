public import Errors

import Glibc

/// The reason why the operating system did not do as asked.
public struct SystemError: DescribedError, Hashable {
    /// The kinds of trouble that callers tell apart.
    public enum Kind: String, CaseIterable, Sendable {
        /// Nothing lies at the path.
        case notFound
        /// Something lies at the path already.
        case alreadyExists
        /// The path leads to something of another kind: a link, a directory, a file.
        case wrongType
        /// The process lacks the right.
        case notPermitted
        /// The disk, or the user's share of it, is full.
        case diskFull
        /// More bytes than the caller's bound.
        case tooLarge
        /// The process, or the whole system, has as many descriptors as it may have.
        case tooManyOpen
        /// Another process has what was asked for.
        case inUse
        /// No answer before the deadline.
        case timedOut
        /// Nothing listens at the address.
        case refused
        /// No way leads to the address.
        case unreachable
        /// Every other error number.
        case failed
    }

    /// The kind of trouble.
    public let kind: Kind
    /// The call, the path or address, and the system's words.
    public let detail: String
    /// The error number (errno(3)); 0 where there was none.
    public let code: Int32

    /// Creates an error.
    public init(_ kind: Kind, _ detail: String, code: Int32 = 0) {
        self.kind = kind
        self.detail = detail
        self.code = code
    }

    /// Creates the error of a system call.
    ///
    /// - Parameters:
    ///   - call: The name of the call.
    ///   - subject: The path or address.
    ///   - code: The error number; the present `errno` by default.
    public init(call: String, _ subject: String, code: Int32? = nil) {
        let code = code ?? errno
        self.init(Kind(code: code), "\(call) \(subject): \(String(cString: strerror(code)))", code: code)
    }

    /// Returns true if the same call can succeed later without anybody's help.
    public var isTemporary: Bool {
        switch kind {
        case .diskFull, .tooManyOpen, .inUse, .timedOut, .refused, .unreachable: true
        case .notFound, .alreadyExists, .wrongType, .notPermitted, .tooLarge, .failed: false
        }
    }
}

extension SystemError.Kind {
    /// The kind of an error number.
    public init(code: Int32) {
        self =
            switch code {
            case ENOENT: .notFound
            case EEXIST: .alreadyExists
            case ENOTDIR, EISDIR, ELOOP: .wrongType
            case EACCES, EPERM, EROFS: .notPermitted
            case ENOSPC, EDQUOT: .diskFull
            case EMFILE, ENFILE: .tooManyOpen
            case EFBIG: .tooLarge
            case EBUSY, ETXTBSY, EADDRINUSE: .inUse
            case ETIMEDOUT: .timedOut
            case ECONNREFUSED: .refused
            case EHOSTUNREACH, ENETUNREACH, ENETDOWN, EHOSTDOWN, EADDRNOTAVAIL: .unreachable
            default: .failed
            }
    }
}
