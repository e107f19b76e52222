public import Logging

extension S3Notice {
    /// Writes the notice as one line.
    public func log(to logger: Logger) {
        switch self {
        case .lacks(let part): logger.info("Store lacks a part of S3", [.storePart: .string(part.rawValue)])
        case .clock(let offset):
            logger.warning("Clock follows the store's", [.clockErrorMilliseconds: .int(-Int(offset) * 1000)])
        case .moved(let region, let authority):
            logger.warning("Bucket is elsewhere", [.storeRegion: .string(region), .storeServer: .string(authority)])
        case .weakProof(let proof):
            logger.warning("Store proves no bytes", [.storeProof: .string(proof.rawValue)])
        }
    }
}
