import Testing
import XMLWire

private func parse(_ text: String) -> StoreReply { parse([UInt8](text.utf8)) }
private func parse(_ bytes: [UInt8]) -> StoreReply { StoreReply.parse(bytes.span) }

/// Replies as the stores send them.
enum Replies {
    static let initiated = """
        <?xml version="1.0" encoding="UTF-8"?>
        <InitiateMultipartUploadResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">\
        <Bucket>b</Bucket><Key>users/1/images/1-a.jpeg</Key><UploadId>VXBsb2FkIElE.-_~</UploadId>\
        </InitiateMultipartUploadResult>
        """
    static let completed = """
          \n<?xml version='1.0' encoding='UTF-8'?>\n\n
        <s3:CompleteMultipartUploadResult xmlns:s3="http://s3.amazonaws.com/doc/2006-03-01/">
          <s3:Location>http://b.s3.amazonaws.com/k?a=1&amp;b=2</s3:Location><!-- two - dashes -->
          <s3:ETag>&quot;3858f62230ac3c915f300c664312c11f-9&#34;</s3:ETag>
        </s3:CompleteMultipartUploadResult >
        """
    static let error = """
        <?xml version="1.0" encoding="UTF-8"?>
        <Error><Code>NoSuchUpload</Code><Message><![CDATA[The upload <id> & more]]> is gone.</Message>\
        <Key>/한/&lt;k&gt;</Key><RequestId>656c76696e6727732072657175657374</RequestId><HostId/></Error>
        """
    static let all = [initiated, completed, error]
}

struct StoreReplyTests {
    @Test func `reads the reply to Create`() {
        #expect(parse(Replies.initiated) == .initiated(uploadID: "VXBsb2FkIElE.-_~"))
    }

    @Test func `reads the reply to Complete after the white space that keeps the connection alive`() {
        #expect(parse(Replies.completed) == .completed(etag: "\"3858f62230ac3c915f300c664312c11f-9\""))
    }

    @Test func `bears Ceph's empty ETag`() {
        let text = "<CompleteMultipartUploadResult><ETag></ETag></CompleteMultipartUploadResult>"
        #expect(parse(text) == .completed(etag: ""))
        #expect(parse("<CompleteMultipartUploadResult/>") == .completed(etag: ""))
    }

    @Test func `reads the names that rclone and moto give to two documents`() {
        let created = "<InitiateMultipartUpload><UploadId>1</UploadId></InitiateMultipartUpload>"
        #expect(parse(created) == .initiated(uploadID: "1"))
        #expect(parse("<InitiateMultipartUpload/>") == .malformed(.incompleteReply))
        let completed = "<CompleteMultipartUploadResponse><ETag>e</ETag></CompleteMultipartUploadResponse>"
        #expect(parse(completed) == .completed(etag: "e"))
    }

    @Test func `reads an error with all that helps the operator`() {
        var expected = StoreError()
        expected.code = "NoSuchUpload"
        expected.message = "The upload <id> & more is gone."
        expected.requestID = "656c76696e6727732072657175657374"
        expected.hostID = ""
        #expect(parse(Replies.error) == .error(expected))
    }

    @Test func `reads the errors of the services that wrap them`() {
        var expected = StoreError()
        expected.code = "InvalidClientTokenId"
        expected.message = "m"
        expected.requestID = "r"
        let wrapped = "<Error><Code>InvalidClientTokenId</Code><Message>m</Message></Error>"
        #expect(parse("<ErrorResponse>\(wrapped)<RequestId>r</RequestId></ErrorResponse>") == .error(expected))
        #expect(parse("<Response><Errors>\(wrapped)</Errors><RequestID>r</RequestID></Response>") == .error(expected))
    }

    @Test func `the first of two codes counts`() {
        guard case .error(let error) = parse("<Error><Code>A</Code><Code>B</Code></Error>") else {
            Issue.record("not an error")
            return
        }
        #expect(error.code == "A")
    }

    @Test func `an element of the same name elsewhere does not count`() {
        let deep = "<InitiateMultipartUploadResult><x><UploadId>no</UploadId></x></InitiateMultipartUploadResult>"
        #expect(parse(deep) == .malformed(.incompleteReply))
        let nested = "<x><CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult></x>"
        #expect(parse(nested) == .other(root: "x"))
    }

    @Test func `a yes with an error inside is an error`() {
        let text = "<CompleteMultipartUploadResult><ETag>e</ETag><Error><Code>InternalError</Code></Error>"
            + "</CompleteMultipartUploadResult>"
        guard case .error(let error) = parse(text) else {
            Issue.record("\(parse(text))")
            return
        }
        #expect(error.code == "InternalError")
    }

    @Test func `a reply without what it must have is no reply`() {
        #expect(parse("<InitiateMultipartUploadResult/>") == .malformed(.incompleteReply))
        #expect(parse("<Error><Message>m</Message></Error>") == .malformed(.incompleteReply))
        #expect(parse("") == .malformed(.empty))
        #expect(parse(" \r\n\t") == .malformed(.empty))
        #expect(parse("<html><body>Bad Gateway</body></html>") == .other(root: "html"))
        #expect(parse("{\"__type\":\"X\"}") == .malformed(.malformed(offset: 0)))
    }

    @Test func `a reply cut at any place is no reply`() {
        for text in Replies.all {
            let bytes = [UInt8](text.utf8)
            let whole = parse(bytes)
            let end = (bytes.lastIndex(of: 0x3E) ?? 0) + 1
            for count in 0 ..< bytes.count {
                let reply = parse([UInt8](bytes.prefix(count)))
                if count < end {
                    guard case .malformed = reply else {
                        Issue.record("\(count) bytes gave \(reply)")
                        continue
                    }
                } else {
                    #expect(reply == whole)
                }
            }
        }
    }

    @Test func `no byte anywhere makes it trap`() {
        for text in Replies.all {
            let bytes = [UInt8](text.utf8)
            for index in bytes.indices {
                for byte: UInt8 in [0, 0x0A, 0x20, 0x22, 0x26, 0x2F, 0x3A, 0x3B, 0x3C, 0x3E, 0x5D, 0x61, 0x80, 0xFF] {
                    var changed = bytes
                    changed[index] = byte
                    _ = parse(changed)
                    changed = bytes
                    changed.insert(byte, at: index)
                    _ = parse(changed)
                }
                var removed = bytes
                removed.remove(at: index)
                _ = parse(removed)
            }
        }
    }

    @Test(arguments: 0 ..< 16) func `no soup of markup makes it trap`(seed: UInt64) {
        let pieces = [
            "<", ">", "</", "/>", "a", "b:c", "<a>", "</a>", "<!--", "-->", "<![CDATA[", "]]>", "<?", "?>", "&", ";",
            "&#", "x41", "&lt;", "\"", "'", "=", " ", "\n", "<!DOCTYPE", "Error", "<Error>", "<Code>", "</Code>",
            "</Error>", "é", "\u{0}",
        ]
        var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
        for _ in 0 ..< 2_000 {
            var text = ""
            for _ in 0 ..< 12 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                text += pieces[Int(state >> 33) % pieces.count]
            }
            _ = parse(text)
            _ = parse("<Error>\(text)</Error>")
        }
    }
}
