import Bytes
import Testing

struct ByteWindowTests {
    @Test func `bytes come out in the order in which they went in, whatever the steps`() {
        var random = SystemRandomNumberGenerator()
        for _ in 0 ..< 8 {
            var window = ByteWindow(keptBytesMax: 50_000)
            var sent: [UInt8] = []
            var received: [UInt8] = []
            while received.count < 150_000 {
                if Bool.random(using: &random), sent.count < 150_000 {
                    let piece = (0 ..< Int.random(in: 1 ... 30_000)).map {
                        UInt8(truncatingIfNeeded: $0 &* 7 &+ sent.count)
                    }
                    window.append(piece.span)
                    sent += piece
                } else if window.unreadBytes > 0 {
                    window.read { front in
                        let length = Int.random(in: 1 ... front.count)
                        received += front.extracting(first: length).copied()
                        return length
                    }
                } else if sent.count >= 150_000 {
                    break
                }
                #expect(window.unreadBytes == sent.count - received.count)
            }
            #expect(received.elementsEqual(sent.prefix(received.count)))
        }
    }

    @Test func `what was read can be read again until it had to make room`() {
        var window = ByteWindow(keptBytesMax: 20_000)
        let body = (0 ..< 15_000).map { UInt8(truncatingIfNeeded: $0) }
        window.append(body.span.extracting(first: 9_000))
        while window.unreadBytes > 0 { window.read { $0.count } }
        window.append(body.span.extracting(droppingFirst: 9_000))
        let first = window.rewind()
        #expect(first)
        #expect(window.unreadBytes == 15_000)
        var again: [UInt8] = []
        while window.unreadBytes > 0 {
            window.read { front in
                again += front.copied()
                return front.count
            }
        }
        #expect(again == body)
        window.append(body.span)
        let second = window.rewind()
        #expect(!second)
        #expect(window.unreadBytes == 15_000)
    }

    @Test func `a few bytes cost one small block and an emptied window gives all back`() {
        var window = ByteWindow(keptBytesMax: 128 * 1024)
        window.append([1, 2, 3].span)
        #expect(window.allocatedBytes < 5 * 1024)
        window.append([UInt8](repeating: 7, count: 128 * 1024).span)
        #expect(window.allocatedBytes <= 230 * 1024)
        window.removeAll()
        #expect(window.allocatedBytes == 0)
        #expect(window.unreadBytes == 0)
    }

    @Test func `a steady stream uses its blocks again`() {
        var window = ByteWindow(keptBytesMax: 128 * 1024)
        let piece = [UInt8](repeating: 9, count: 60 * 1024)
        for _ in 0 ..< 100 {
            window.append(piece.span)
            while window.unreadBytes > 0 { window.read { $0.count } }
            // While the first bytes may still be read again, all of them are there; then one block and the next.
            #expect(window.allocatedBytes <= (window.hasDropped ? 200 : 230) * 1024)
        }
    }
}
