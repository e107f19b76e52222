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
    package func strays() throws(SpoolError) -> [String] {
        var strays: [String] = []
        for folder in ["ready", "stored"] {
            for name in try Files.names(in: "\(root)/\(folder)") {
                let path = "\(root)/\(folder)/\(name)"
                if name.hasSuffix(".part") {
                    if let status = try Files.status(path), status.ageSeconds > 600 { try Files.remove(path) }
                    continue
                }
                let isKnown =
                    switch folder {
                    case "ready": SpoolLayout.segment(named: name) != nil
                    default: SpoolLayout.receiptFile(named: name) != nil
                    }
                if !isKnown { strays.append("\(folder)/\(name)") }
            }
        }
        return strays
    }
}
