extension CatalogSchema {
    /// What registration needs of the table.
    ///
    /// - `registered_by`: the role that registered an image. `GUEST` is provisional: a trusted role may follow. The
    ///   times cannot say it, since there is no expiry to look at where none is set. The expiry of a row is decided by
    ///   `expires_ms` alone, which a final registration takes away and a guest's own does not.
    /// - `uploads_created`: finds the row of a key by the time that stands in it, which is its `created_ms`. Ids are no
    ///   order to search in: rows are made when bodies have come, up to a request's whole time after their keys, and
    ///   clocks step back. Whatever the clock does, the time in the key is the time in the row, so the index finds it
    ///   among the rows of one millisecond, whose keys are compared. Entries are made in the order of time, so they
    ///   fill the last page of the index, which a transaction writes once; an index on `key` would write a page for
    ///   each row, and be six times as large. Nothing changes `created_ms`, so an upload writes its entry once.
    static let registration = """

        ALTER TABLE uploads ADD COLUMN registered_by TEXT;
        CREATE INDEX uploads_created ON uploads (created_ms);
        """
}
