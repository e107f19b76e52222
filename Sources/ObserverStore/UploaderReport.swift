package import ObserverCore

/// The state of the store, as an uploader sees it.
package enum StoreState: String, CaseIterable, Sendable {
    /// It takes segments.
    case working
    /// It does not answer.
    case paused
    /// It refuses all segments.
    case refused
}

/// The state of a destination with its words.
package struct DestinationReport: Hashable, Sendable {
    package var destination: Destination
    package var state: StoreState
    /// The reason why it is not working.
    package var detail: String?
    /// True while another destination takes its place.
    package var isPassedOver: Bool

    package init(_ destination: Destination, _ state: StoreState, detail: String? = nil, isPassedOver: Bool = false) {
        (self.destination, self.state, self.detail, self.isPassedOver) = (destination, state, detail, isPassedOver)
    }
}

/// The account that an uploader gives of itself every few seconds.
package struct UploaderReport: Hashable, Sendable {
    /// Segments in the spool that are not in the store yet.
    package var backlogFiles: Int64
    package var backlogBytes: Int64
    package var backlogMilliseconds: Int64
    /// The time of the oldest of them.
    package var oldestAt: Timestamp?
    /// The state of home.
    package var store: StoreState
    /// The reason why it is not working, in its own words.
    package var storeDetail: String?
    /// The other destinations, in order.
    package var others: [DestinationReport] = []
    /// The destinations whose place another one takes.
    package var passedOver: DestinationSet = []
    /// Bytes a second that were stored lately.
    package var rate: Int64
    /// Room on the disk of the spool.
    package var freeBytes: Int64
    /// The time until the disk is full; nil while it is not filling.
    package var secondsUntilFull: Int64?

    package init(
        backlogFiles: Int64 = 0,
        backlogBytes: Int64 = 0,
        backlogMilliseconds: Int64 = 0,
        oldestAt: Timestamp? = nil,
        store: StoreState = .working,
        storeDetail: String? = nil,
        rate: Int64 = 0,
        freeBytes: Int64 = 0,
        secondsUntilFull: Int64? = nil
    ) {
        self.backlogFiles = backlogFiles
        self.backlogBytes = backlogBytes
        self.backlogMilliseconds = backlogMilliseconds
        self.oldestAt = oldestAt
        self.store = store
        self.storeDetail = storeDetail
        self.rate = rate
        self.freeBytes = freeBytes
        self.secondsUntilFull = secondsUntilFull
    }

    /// All destinations, home first.
    package var destinations: [DestinationReport] {
        [DestinationReport(.home, store, detail: storeDetail, isPassedOver: passedOver.contains(.home))] + others
    }

    /// The report about one of the others; nil where there is none.
    func other(_ destination: Destination) -> DestinationReport? { others.first { $0.destination == destination } }
}

/// An uploader with its last report, for people.
package struct UploaderListing: Hashable, Sendable {
    /// The condition of an uploader by its row alone.
    package enum State: String, CaseIterable, Sendable {
        /// Its last report is fresh.
        case alive
        /// It ended in order.
        case stopped
        /// No report came for a while.
        case silent
    }

    package var spoolID: SpoolID
    package var name: String
    package var state: State
    package var startedAt: Timestamp
    package var reportedAt: Timestamp
    /// The time since the last report by the database's clock.
    package var reportAgeMilliseconds: Int64
    package var report: UploaderReport
    /// When the disk of the spool is full at the rate of late; nil while it is not filling.
    package var fullAt: Timestamp?

    package init(
        spoolID: SpoolID,
        name: String,
        state: State,
        startedAt: Timestamp,
        reportedAt: Timestamp,
        reportAgeMilliseconds: Int64,
        report: UploaderReport,
        fullAt: Timestamp? = nil
    ) {
        self.spoolID = spoolID
        self.name = name
        self.state = state
        self.startedAt = startedAt
        self.reportedAt = reportedAt
        self.reportAgeMilliseconds = reportAgeMilliseconds
        self.report = report
        self.fullAt = fullAt
    }
}
