import FormData
import Testing

struct FormBoundaryTests {
    private func parse(_ value: String) throws(FormFault) -> String? {
        let boundary = try FormBoundary.parse(contentType: Array(value.utf8).span)
        return boundary.map { String(decoding: $0.delimiter.dropFirst(4), as: UTF8.self) }
    }

    @Test(arguments: [
        ("multipart/form-data; boundary=x", "x"), ("Multipart/Form-Data;BOUNDARY=aB", "aB"),
        ("multipart/form-data ;  boundary=x ", "x"), ("multipart/form-data; boundary=\"a b\"", "a b"),
        ("multipart/form-data; boundary=\"'()+_,-./:=?\"", "'()+_,-./:=?"),
        ("multipart/form-data; charset=utf-8; boundary=x; foo=\"a;boundary=y\"", "x"),
        ("multipart/form-data; boundary=" + String(repeating: "b", count: 70), String(repeating: "b", count: 70)),
    ])
    func `a boundary is a token or between quotes`(value: String, boundary: String) throws {
        #expect(try parse(value) == boundary)
    }

    @Test(arguments: [
        ("multipart/form-data", FormFault.boundaryMissing), ("multipart/form-data;", .boundaryMissing),
        ("multipart/form-data; boundary=x; boundary=x", .boundaryRepeated),
        ("multipart/form-data; boundary=", .contentType), ("multipart/form-data; boundary=\"\"", .boundary),
        ("multipart/form-data; boundary=\"a ", .contentType), ("multipart/form-data; boundary=\"a \"", .boundary),
        ("multipart/form-data; boundary=\"a\\b\"", .boundary), ("multipart/form-data; boundary=\"a\\\"b\"", .boundary),
        ("multipart/form-data; boundary=a/b", .contentType), ("multipart/form-data; boundary=a*b", .boundary),
        ("multipart/form-data, multipart/form-data; boundary=x", .contentType),
        ("multipart/form-data boundary=x", .contentType), ("multipart/form-data; boundary=\"\u{E9}\"", .boundary),
        ("multipart/form-data; boundary=" + String(repeating: "b", count: 71), .boundary),
    ])
    func `any other is refused`(value: String, fault: FormFault) {
        #expect(throws: fault) { try parse(value) }
    }

    @Test(arguments: ["", "image/png", "multipart/mixed; boundary=x", "multipart/form-data2; boundary=x", "multipart"])
    func `another type is no form`(value: String) throws {
        #expect(try parse(value) == nil)
    }
}
