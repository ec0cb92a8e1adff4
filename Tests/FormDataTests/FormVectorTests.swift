import FormData
import Foundation
import Images
import TestSupport
import Testing

/// One case of `multipart.json`.
private struct Vector {
    struct Part {
        let name: String
        let filename: String?
        let contentType: String?
        let data: [UInt8]
    }

    let name: String
    let contentType: [UInt8]
    let body: [UInt8]
    let isOpen: Bool
    /// nil: an error.
    let parts: [Part]?

    init?(_ object: [String: Any]) {
        guard let name = object["name"] as? String, let contentType = object["content_type"] as? String,
            let encoded = object["body_b64"] as? String, let data = Data(base64Encoded: encoded),
            let expect = object["expect"] as? [String: Any]
        else { return nil }
        self.name = name
        self.contentType = Array(contentType.utf8)
        body = [UInt8](data)
        isOpen = object["either"] as? Bool ?? false
        parts = (expect["parts"] as? [[String: Any]])?.compactMap { part in
            guard let name = part["name"] as? String, let encoded = part["data_b64"] as? String,
                let data = Data(base64Encoded: encoded)
            else { return nil }
            return Part(
                name: name, filename: part["filename"] as? String, contentType: part["content_type"] as? String,
                data: [UInt8](data))
        }
    }

    /// What is wrong with what a reader made of the case; nil when it is what the case asks for.
    func complaint(_ result: Result<FormRun, FormFault>) -> String? {
        guard case .success(let run) = result, run.fault == nil else {
            return parts == nil || isOpen ? nil : "refused: \(result)"
        }
        guard run.isClosed, run.parts.allSatisfy(\.isComplete) else { return "no fault, and not complete" }
        guard let parts else { return isOpen ? nil : "accepted" }
        // Where parsers differ, they differ in names, not in the data that they give out.
        guard run.parts.map(\.data) == parts.map(\.data) else { return "other data" }
        return isOpen ? nil : zip(run.parts, parts).compactMap(complaint).first
    }

    private func complaint(_ found: FormRun.Part, _ expected: Part) -> String? {
        if String(decoding: found.head.name, as: UTF8.self) != expected.name { return "name \(found.head.name)" }
        let filename = FileName.decode(
            formFilename: found.head.filename, extended: found.head.extendedFilename)
        let last = expected.filename.map { $0.split { $0 == "/" || $0 == "\\" }.last.map(String.init) ?? "" }
        if filename != last.flatMap(FileName.display) { return "file name \(filename ?? "none")" }
        let type = found.head.contentType.map { String(decoding: $0, as: UTF8.self) }
        guard let wanted = expected.contentType, wanted != "text/plain" else { return nil }
        return type == wanted ? nil : "type \(type ?? "none")"
    }
}

@Suite(.enabled(if: SharedFiles.isUsable, Comment(rawValue: SharedFiles.skipMessage)))
struct FormVectorTests {
    @Test func `every vector gives what it expects, however it is cut`() throws {
        let cases = try SharedFiles.cases("vectors/multipart/multipart.json").cases
        let vectors = cases.compactMap(Vector.init)
        #expect(vectors.count == cases.count)
        var accepted = 0
        for vector in vectors {
            let result = Result { () throws(FormFault) in try FormBoundary.parse(contentType: vector.contentType.span) }
            let complaint: String?
            switch result {
            case .success(let boundary?):
                let run = try run(vector.body, boundary: boundary)
                accepted += run.fault == nil ? 1 : 0
                complaint = vector.complaint(.success(run))
            case .success(nil): complaint = vector.complaint(.failure(.contentType))
            case .failure(let fault): complaint = vector.complaint(.failure(fault))
            }
            if let complaint { Issue.record("\(vector.name): \(complaint)") }
        }
        // Refusing everything that may be refused would pass, too.
        #expect(accepted > 60)
    }

    /// The expectations are a lenient parser's. Where this one refuses, the value is no `token` or `quoted-string`, has
    /// white space at its `=`, is quoted although extended, or is there twice; where it finds no name, the charset of
    /// an extended value is not `UTF-8` (RFC 8187 § 3.2.1).
    @Test func `file names come out as the vectors of Content-Disposition have them`() throws {
        let cases = try SharedFiles.cases("vectors/filename/content_disposition.json").cases
        var refused = 0
        var unread = 0
        for object in cases {
            let name = try #require(object["name"] as? String)
            let value = try #require(object["value"] as? String)
            // The vectors are of downloads; what follows the type has the same form.
            let form = "form-data; x=y" + value[(value.firstIndex(of: ";") ?? value.endIndex)...]
            let named = form.contains("; name=") ? form : form + "; name=x"
            let bytes = named.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
            let found = Result { () throws(FormFault) in try FormDisposition(bytes.span) }
            guard case .success(let disposition) = found else {
                refused += 1
                continue
            }
            let filename = FileName.decode(
                formFilename: disposition.filename, extended: disposition.extendedFilename)
            let expected = object["filename"] as? String
            let last = expected.map { $0.split { $0 == "/" || $0 == "\\" }.last.map(String.init) ?? "" }
            guard filename != last else { continue }
            unread += 1
            if filename != nil { Issue.record("\(name): \(filename ?? "none") instead of \(last ?? "none")") }
        }
        #expect(cases.count == 76)
        #expect(refused == 20)
        #expect(unread == 2)
    }
}
