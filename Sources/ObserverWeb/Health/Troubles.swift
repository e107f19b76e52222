/// The sentences that pages say while a server that Observer needs is away; what was not looked at yet is no trouble.
enum Troubles {
    static func sentences(of board: HealthBoard) -> [String] {
        HealthBoard.Part.allCases.compactMap { part in
            let finding = board[part]
            guard !finding.isGood, !finding.isUnknown else { return nil }
            return sentence(part, finding.detail)
        }
    }

    private static func sentence(_ part: HealthBoard.Part, _ detail: String) -> String? {
        switch part {
        // A page that is made at all was made with the database.
        case .database: nil
        case .broker:
            "The message broker does not answer. Recording goes on; changes reach the recorders a few seconds later."
        case .storage:
            "The object store does not answer. Recording goes on; recordings wait on the recorders’ disks."
        case .spool: "The disk of the recordings that wait for upload: \(detail)."
        }
    }
}
