internal import Linux

/// What `sluice doctor` says, one line for each thing that it looked at.
final class DoctorReport {
    enum Rank: String {
        case ok
        /// It serves, but not as it should.
        case warning
        /// It would not serve.
        case failure = "FAIL"
    }

    private(set) var hasFailures = false

    func ok(_ subject: String, _ text: String) { add(.ok, subject, text) }

    func warn(_ subject: String, _ text: String) { add(.warning, subject, text) }

    func fail(_ subject: String, _ text: String) { add(.failure, subject, text) }

    private func add(_ rank: Rank, _ subject: String, _ text: String) {
        if rank == .failure { hasFailures = true }
        let mark = rank.rawValue + String(repeating: " ", count: Self.markWidth - rank.rawValue.utf8.count)
        let line = text.split { $0.isNewline }.joined(separator: " ")
        print("\(mark)\(subject): \(line)")
        // Whoever waits for the network sees what is known already.
        StandardStreams.flushOutput()
    }

    private static let markWidth = 9
}
