extension CatalogSchema {
    /// The keys that uploads were sent with, see `Idempotency-Key`.
    ///
    /// - A table of its own: a row here lives for a day, one of `uploads` for good, and an upload without a key writes
    ///   and reads nothing of this. A key costs 185 bytes, with owners and keys of usual lengths, and in groups of
    ///   eight uploads 1.7 pages of the log: mostly its place in the index of keys, which are spread like random text.
    /// - `UNIQUE (owner, key)` decides which of many uploads with one key is first. `owner` is the `sub` of the upload,
    ///   and stays it when the image is given to another.
    /// - `number` grows with each key, so it is the order of time. The oldest are found at its beginning without an
    ///   index of times, and what lies so many numbers back is dropped without counting: there are never more keys
    ///   than numbers. It is not the image's id, which grows with uploads that have no key too.
    /// - `image_id` ends a key together with its row. By a statement and not by a foreign key: the key is to be free as
    ///   soon as the upload is being taken back, when its row has to stay for a while.
    static let version3 = """
        CREATE TABLE idempotency (
          number INTEGER PRIMARY KEY,
          image_id INTEGER NOT NULL UNIQUE,
          owner TEXT NOT NULL,
          key TEXT NOT NULL,
          created_ms INTEGER NOT NULL,
          sha256 BLOB,
          UNIQUE (owner, key)
        ) STRICT;
        """
}
