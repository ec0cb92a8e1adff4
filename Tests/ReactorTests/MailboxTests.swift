import Linux
import Synchronization
import Testing

@testable import Reactor

@Suite struct MailboxTests {
    @Test func `refuses what is over its capacity and after it was closed`() throws {
        let mailbox = try Mailbox<Int>(capacity: 2)
        #expect(mailbox.post(1))
        #expect(mailbox.post(2))
        #expect(!mailbox.post(3))
        #expect(mailbox.waitAll() == [1, 2])
        #expect(mailbox.post(4))
        mailbox.close()
        #expect(!mailbox.post(5))
        #expect(mailbox.waitAll() == [4])
        #expect(mailbox.waitAll() == [])
        #expect(mailbox.waitAll() == [])
    }

    @Test func `a plain thread gets every message of several posters, in each one's order`() throws {
        let mailbox = try Mailbox<(poster: Int, number: Int)>(capacity: 64)
        let perPoster = 5_000
        var posters: [Thread] = []
        for poster in 0 ..< 3 {
            posters.append(
                try Thread.start(name: "poster-\(poster)") {
                    for number in 0 ..< perPoster {
                        while !mailbox.post((poster, number)) { Thread.yield() }
                    }
                })
        }
        var next = [0, 0, 0]
        while next.reduce(0, +) < 3 * perPoster {
            for message in mailbox.waitAll() {
                #expect(next[message.poster] == message.number)
                next[message.poster] += 1
            }
        }
        for poster in posters { poster.join() }
        #expect(next == [perPoster, perPoster, perPoster])
    }

    @Test func `a loop gets every message although each turn handles a bounded number`() throws {
        let mailbox = try Mailbox<Int>(capacity: 100_000)
        let total = 3 * ReactorLimits.messagesPerTurnMax + 17
        // Before the loop knows the mailbox: what waits already must be found.
        for number in 0 ..< total { #expect(mailbox.post(number)) }
        let loop = try EventLoop()
        var received: [Int] = []
        try loop.receive(from: mailbox) { received.append($0) }
        loop.turn(timeoutMilliseconds: 1_000)
        #expect(received.count == ReactorLimits.messagesPerTurnMax)
        while received.count < total { loop.turn(timeoutMilliseconds: 1_000) }
        #expect(received == Array(0 ..< total))
        #expect(mailbox.post(-1))
        loop.turn(timeoutMilliseconds: 1_000)
        #expect(received.last == -1)
    }

    @Test func `a handler that deregisters its mailbox hears no more`() throws {
        let mailbox = try Mailbox<Int>(capacity: 10)
        let loop = try EventLoop()
        var received: [Int] = []
        var registration = Registration.none
        registration = try loop.receive(from: mailbox) { message in
            received.append(message)
            loop.deregister(registration)
        }
        for number in 0 ..< 5 { #expect(mailbox.post(number)) }
        loop.turn(timeoutMilliseconds: 1_000)
        loop.turn(timeoutMilliseconds: 0)
        #expect(received == [0])
    }

    @Test func `two loops talk over mailboxes`() throws {
        let there = try Mailbox<Int>(capacity: 16)
        let back = try Mailbox<Int>(capacity: 16)
        let worker = try Thread.start(name: "worker") {
            do {
                let loop = try EventLoop()
                try loop.receive(from: there) { message in
                    #expect(back.post(message * 2))
                    if message < 0 { loop.stop() }
                }
                loop.run()
            } catch {
                Issue.record(error)
            }
        }
        let loop = try EventLoop()
        var answers: [Int] = []
        try loop.receive(from: back) { answer in
            answers.append(answer)
            if answer < 0 { loop.stop() } else { #expect(there.post(answers.count == 1_000 ? -1 : answers.count)) }
        }
        #expect(there.post(0))
        loop.run()
        worker.join()
        #expect(answers == (0 ..< 1_000).map { $0 * 2 } + [-2])
    }
}
