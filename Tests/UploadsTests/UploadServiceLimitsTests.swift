import Gateway
import StoreStates
import Testing

@testable import Uploads

@Suite struct UploadServiceLimitsTests {
    private static let mebibyte = 1_048_576
    private let limits = UploadServiceLimits(
        windowMemoryBytes: mebibyte, minBodyBytesPerSecond: 1_024, uploadsMax: 100)

    /// Else nothing would be read of a window that is full, and its client never go on.
    @Test func `what a PutObject keeps back leaves room in the window`() {
        let policy = UploadPolicy(uploadBytesMax: 1, partBytes: 1)
        #expect(Int(policy.withheldBytes) < UploadServiceLimits.streamBytesMax / 2)
        #expect(Int(policy.heldBytesMax) < UploadServiceLimits.windowBytesMax)
    }

    @Test func `as many uploads and forms may be under way as there are places`() throws {
        #expect(limits.shortage(uploads: 0, aborting: 0, forms: 0, windowBytes: 0) == nil)
        #expect(limits.shortage(uploads: 99, aborting: 0, forms: 0, windowBytes: 0) == nil)
        #expect(limits.shortage(uploads: 60, aborting: 0, forms: 39, windowBytes: 0) == nil)
        for (uploads, forms) in [(100, 0), (0, 100), (50, 50)] {
            let why = try #require(limits.shortage(uploads: uploads, aborting: 0, forms: forms, windowBytes: 0))
            #expect(why.contains("100 uploads under way"))
        }
    }

    @Test func `those that are being undone keep nobody out`() throws {
        // In doubt for a quarter of an hour each, while others come and go.
        for aborting in [1, 100, 512, 611] {
            #expect(limits.shortage(uploads: aborting + 99, aborting: aborting, forms: 0, windowBytes: 0) == nil)
            let full = limits.shortage(uploads: aborting + 100, aborting: aborting, forms: 0, windowBytes: 0)
            #expect(full?.contains("under way") == true)
        }
    }

    @Test func `but they are bounded too, with all that wait for a second look among them`() throws {
        #expect(limits.driversMax == 200 + S3RetryLimits.recheckUploadsMaxDefault)
        let most = limits.driversMax
        #expect(limits.shortage(uploads: most - 1, aborting: most - 1, forms: 0, windowBytes: 0) == nil)
        for forms in [0, 5] {
            let why = try #require(
                limits.shortage(uploads: most - forms, aborting: most - forms, forms: forms, windowBytes: 0))
            #expect(why.contains("\(most - forms) uploads to undo"))
        }
    }

    @Test func `a new upload must find its first block of memory free`() throws {
        let block = UploadServiceLimits.firstWindowBytes
        #expect(limits.shortage(uploads: 1, aborting: 0, forms: 0, windowBytes: Self.mebibyte - block) == nil)
        let why = try #require(
            limits.shortage(uploads: 1, aborting: 0, forms: 0, windowBytes: Self.mebibyte - block + 1))
        #expect(why.contains("SLUICE_WINDOW_MEMORY_BYTES"))
    }
}
