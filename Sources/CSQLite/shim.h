#pragma once
#include <sqlite3.h>

// sqlite3_config() is variadic. Without memory statistics the library takes no lock around each allocation.
// https://www.sqlite.org/c3ref/c_config_covering_index_scan.html#sqliteconfigmemstatus
static inline int csqlite_disable_memory_statistics(void) {
    return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

// sqlite3_db_config() is variadic, which Swift does not import.
// https://www.sqlite.org/c3ref/c_dbconfig_defensive.html
static inline int csqlite_configure(sqlite3 *connection, int option, int value) {
    int now = 0;
    return sqlite3_db_config(connection, option, value, &now);
}

// SQLITE_TRANSIENT ("SQLite should make its own private copy of the content before returning") is a macro that casts
// -1 to a function pointer.
// https://www.sqlite.org/c3ref/c_static.html
static inline int csqlite_bind_text(sqlite3_stmt *statement, int index, const void *bytes, sqlite3_uint64 count) {
    return sqlite3_bind_text64(statement, index, (const char *)bytes, count, SQLITE_TRANSIENT, SQLITE_UTF8);
}
static inline int csqlite_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, sqlite3_uint64 count) {
    return sqlite3_bind_blob64(statement, index, bytes, count, SQLITE_TRANSIENT);
}
// SQLITE_STATIC: the content "is in static, unmanaged space and does not need to be freed", and is not copied.
// https://www.sqlite.org/c3ref/c_static.html
static inline int csqlite_bind_kept_text(sqlite3_stmt *statement, int index, const void *bytes, sqlite3_uint64 count) {
    return sqlite3_bind_text64(statement, index, (const char *)bytes, count, SQLITE_STATIC, SQLITE_UTF8);
}
