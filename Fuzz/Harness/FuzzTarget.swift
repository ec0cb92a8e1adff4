/// The fuzz targets by the names that their executables and their folders under `Fuzz` have.
package enum FuzzTarget: String, CaseIterable, Sendable {
    /// Must fail: it shows that the fuzzer sees coverage and that a failure is noticed.
    case canary = "Canary"
    case chunked = "Chunked"
    case fieldValues = "FieldValues"
    case fileName = "FileName"
    case formSplit = "FormSplit"
    case gateway = "Gateway"
    case gatewayRequests = "GatewayRequests"
    case json = "JSON"
    case magicNumber = "MagicNumber"
    case profileFile = "ProfileFile"
    case registrations = "Registrations"
    case requestGenerated = "RequestGenerated"
    case requestReference = "RequestReference"
    case requestSplit = "RequestSplit"
    case sigV4 = "SigV4"
    case storeXML = "StoreXML"
    case tokenStructured = "TokenStructured"
    case tokenVerify = "TokenVerify"

    /// Runs one input through the code under test and its oracle.
    package func run(_ input: Span<UInt8>) throws(OracleFailure) {
        switch self {
        case .canary: try Canary.run(input)
        case .chunked: try ChunkedReading.run(input)
        case .fieldValues: try FieldValues.run(input)
        case .fileName: try FileNaming.run(input)
        case .formSplit: try FormSplit.run(input)
        case .gateway: try GatewaySchedule.run(input)
        case .gatewayRequests: try GatewayRequests.run(input)
        case .json: try JSONReading.run(input)
        case .magicNumber: try MagicReading.run(input)
        case .profileFile: try ProfileReading.run(input)
        case .registrations: try RegistrationScript.run(input)
        case .requestGenerated: try RequestGenerated.run(input)
        case .requestReference: try RequestReference.run(input)
        case .requestSplit: try RequestSplit.run(input)
        case .sigV4: try RequestSigning.run(input)
        case .storeXML: try StoreDocument.run(input)
        case .tokenStructured: try TokenStructured.run(input)
        case .tokenVerify: try TokenVerify.run(input)
        }
    }

    /// Runs one input and ends the process where the oracle fails.
    package func runOrTrap(_ input: Span<UInt8>) {
        do throws(OracleFailure) {
            try run(input)
        } catch {
            // Ending the process is how an oracle tells libFuzzer of a finding; no daemon and no test comes here.
            fatalError("\(rawValue): \(error)")
        }
    }
}
