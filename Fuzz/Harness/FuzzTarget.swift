package import FuzzBasics
internal import FuzzBounds
internal import FuzzBytes
internal import FuzzClaims
internal import FuzzConfiguration
internal import FuzzFields
internal import FuzzLoop
internal import FuzzRecords
internal import FuzzRequests
internal import FuzzValues
internal import FuzzWire
internal import FuzzWorld

/// The fuzz targets by the names that their executables and their folders under `Fuzz` have.
package enum FuzzTarget: String, CaseIterable, Sendable {
    case byteValues = "ByteValues"
    /// Must fail: it shows that the fuzzer sees coverage and that a failure is noticed.
    case canary = "Canary"
    case chunked = "Chunked"
    case fieldValues = "FieldValues"
    case fileName = "FileName"
    case formData = "FormData"
    case gateway = "Gateway"
    case gatewayRequests = "GatewayRequests"
    case json = "JSON"
    case magicNumber = "MagicNumber"
    case profileFile = "ProfileFile"
    case registrations = "Registrations"
    case requestGenerated = "RequestGenerated"
    case requestParser = "RequestParser"
    case requestReference = "RequestReference"
    case requestRoundTrip = "RequestRoundTrip"
    case requestSplit = "RequestSplit"
    case response = "Response"
    case responseWriter = "ResponseWriter"
    case settings = "Settings"
    case sigV4 = "SigV4"
    case storeXML = "StoreXML"
    case tlsRecords = "TLSRecords"
    case tokenStructured = "TokenStructured"
    case tokenVerify = "TokenVerify"

    /// Runs one input through the code under test and its oracle. What fails with some effort fails with all.
    package func run(_ input: Span<UInt8>, effort: Effort = .all) throws(OracleFailure) {
        switch self {
        case .byteValues: try ByteValues.run(input)
        case .canary: try Canary.run(input)
        case .chunked: try ChunkedReading.run(input, effort: effort)
        case .fieldValues: try FieldValues.run(input, effort: effort)
        case .fileName: try FileNaming.run(input)
        case .formData: try FormReading.run(input, effort: effort)
        case .gateway: try GatewaySchedule.run(input)
        case .gatewayRequests: try GatewayRequests.run(input)
        case .json: try JSONReading.run(input)
        case .magicNumber: try MagicReading.run(input)
        case .profileFile: try ProfileReading.run(input)
        case .registrations: try RegistrationScript.run(input)
        case .requestGenerated: try RequestGenerated.run(input, effort: effort)
        case .requestParser: try RequestBounds.run(input, effort: effort)
        case .requestReference: try RequestReference.run(input, effort: effort)
        case .requestRoundTrip: try RequestRoundTrip.run(input, effort: effort)
        case .requestSplit: try RequestSplit.run(input, effort: effort)
        case .response: try AnswerReading.run(input, effort: effort)
        case .responseWriter: try ResponseReading.run(input)
        case .settings: try SettingsReading.run(input)
        case .sigV4: try RequestSigning.run(input, effort: effort)
        case .storeXML: try StoreDocument.run(input)
        case .tlsRecords: try TLSRecords.run(input)
        case .tokenStructured: try TokenStructured.run(input, effort: effort)
        case .tokenVerify: try TokenVerify.run(input, effort: effort)
        }
    }
}
