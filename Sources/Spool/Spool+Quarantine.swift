import ObserverCore

extension Spool {
    /// Moves an unknown file out of the way, under a name that shows its folder and is not in use.
    ///
    /// - Parameter name: Relative to the spool.
    /// - Throws: `SpoolError` where the disk fails.
    package func quarantine(_ name: String) throws(SpoolError) {
        let base = "\(layout.quarantine)/\(name.replacing("/", with: "-"))"
        var target = base
        var number = 1
        while try Files.exists(target) {
            number += 1
            target = "\(base).\(number)"
        }
        try Files.rename("\(root)/\(name)", target)
    }

    /// The files in `ready` and `stored` that do not belong there, relative to the spool.
    ///
    /// Parts of files that were being written when a process died are removed on the way once they are ten minutes old.
    ///
    /// - Parameter ready: The names in `ready`, where they have been read already.
    /// - Returns: Their names.
    /// - Throws: `SpoolError` where the disk fails.
    package func strays(_ ready: ReadyFolder? = nil) throws(SpoolError) -> [String] {
        var strays: [String] = []
        let receipts = try Files.names(in: layout.stored).filter { SpoolLayout.receiptFile(named: $0) == nil }
        let others: [String]
        if let ready { others = ready.otherNames } else { others = try readReady().otherNames }
        for name in others.map({ "ready/\($0)" }) + receipts.map({ "stored/\($0)" }) {
            let path = "\(root)/\(name)"
            guard name.hasSuffix(".part") else {
                strays.append(name)
                continue
            }
            if let status = try Files.status(path), status.ageSeconds > 600 { try Files.remove(path) }
        }
        return strays
    }
}
