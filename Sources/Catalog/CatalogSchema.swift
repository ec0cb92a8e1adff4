internal import Gateway

/// The schema of the record.
enum CatalogSchema {
    /// `Sluc`: what marks a file as ours. https://www.sqlite.org/pragma.html#pragma_application_id
    static let applicationID: Int32 = 0x536C_7563

    static let migrations = [version1, version2]

    /// Times are milliseconds since 1970. States are words, so that a person with a shell can read the table.
    ///
    /// - No `CHECK` on the list of states: SQLite builds the list anew for each row that is written, which costs as
    ///   much as all four writes of an upload. The words come from ``UploadLife`` alone.
    /// - `AUTOINCREMENT`: an id that was answered is never given to another image, not even after the row is dropped.
    ///   Its counter is one page, written once a transaction.
    /// - No index on `key`: keys are spread over users, so each insert would touch a page of its own, for a look-up
    ///   that registration alone needs. It finds a row by the time that stands in the key.
    /// - `uploads_unfinished` lists what recovery has to look at, by the instance whose lock decides. Its condition
    ///   names `stored_ms` and not `state`, because SQLite rewrites an entry whenever a column that the index names
    ///   changes: like this it is written twice in an upload's life, at its beginning and its end. Rows that expire
    ///   are found by their time.
    private static let version1 = """
        CREATE TABLE uploads (
          id INTEGER PRIMARY KEY AUTOINCREMENT,
          key TEXT NOT NULL,
          owner TEXT NOT NULL,
          content_type TEXT NOT NULL,
          name TEXT,
          size INTEGER,
          state TEXT NOT NULL,
          upload_id TEXT,
          record_token TEXT NOT NULL,
          instance TEXT NOT NULL,
          created_ms INTEGER NOT NULL,
          updated_ms INTEGER NOT NULL,
          stored_ms INTEGER,
          registered_ms INTEGER,
          expires_ms INTEGER
        ) STRICT;
        CREATE INDEX uploads_unfinished ON uploads (instance) WHERE stored_ms IS NULL;
        """

    /// `uploads_due` lists what is to be deleted, the earliest first. A row is in it from `stored` on, and only where
    /// images expire at all: with the setting off nothing is ever written to it. Registration and the end take a row
    /// out. A row that is being deleted has the time 0: it comes first, and is found whatever the setting says by then.
    /// Ten bytes a row and one write of an index page whose entries grow with time, so always of its last page.
    private static let version2 = """
        CREATE INDEX uploads_due ON uploads (expires_ms) WHERE expires_ms IS NOT NULL;
        """

    /// States as a list of SQL.
    static func list(_ states: [UploadLife.State]) -> String {
        "(" + states.map { "'\($0.rawValue)'" }.joined(separator: ", ") + ")"
    }
}
