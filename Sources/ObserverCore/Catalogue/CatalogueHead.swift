/// The place of a catalogue in its history, kept in the bucket and in the database.
///
/// The number in the database is raised first. So it is never behind that of the bucket, unless the database is an earlier
/// state of itself.
package struct CatalogueHead: Hashable, Sendable {
    /// The identity of the catalogue, which it keeps when it is restored.
    package var catalogue: UniqueID
    package var number: Int64

    package init(catalogue: UniqueID, number: Int64) {
        (self.catalogue, self.number) = (catalogue, number)
    }

    /// The relation of a database to its bucket.
    package enum Standing: Hashable, Sendable {
        /// The database knows all that the bucket knows.
        case current
        /// The database is an earlier state of itself.
        case behind
        /// The bucket has the recordings of another database.
        case foreign
    }

    /// Compares the head of the database with that in the bucket, if there is one.
    package func standing(to bucket: CatalogueHead?) -> Standing {
        guard let bucket else { return .current }
        guard bucket.catalogue == catalogue else { return .foreign }
        return bucket.number > number ? .behind : .current
    }
}
