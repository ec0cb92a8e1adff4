import Gateway
import Testing

@Suite struct UploadPolicyTests {
    private static let policy = UploadPolicy(uploadBytesMax: 1 << 33, partBytes: 5 << 20)

    /// What is open at the store and gets no byte for about 20 s is cut there, and a body may come at 1,024 a second.
    @Test func `of a PutObject that is open the store is kept waiting for 4 KiB, and a short one is not opened`() {
        for length: UInt64 in [0, 1, 4_095, 4_096, 4_097, 65_535, 65_536] {
            #expect(Self.policy.earlyBytes(ofPut: length) == 0)
        }
        for length: UInt64 in [65_537, 65_538, 5 << 20, UploadPolicy.putBytesMax] {
            #expect(length - Self.policy.earlyBytes(ofPut: length) == 4_096)
        }
    }

    @Test func `what is held whole is a PutObject of which the store has nothing early`() {
        for strategy in [UploadPolicy.Strategy.multipart, .put, .auto] {
            var policy = Self.policy
            policy.strategy = strategy
            #expect(!policy.holds(declaredBytes: nil))
            for length: UInt64 in [0, 4_097, 65_536, 65_537, 5 << 20] {
                let isHeld = strategy != .multipart && length <= 65_536
                #expect(policy.holds(declaredBytes: length) == isHeld)
            }
        }
    }

    @Test func `something is withheld of every PutObject, whatever the figures`() {
        for held: UInt64 in 0 ... 6 {
            for withheld: UInt64 in 1 ... 6 {
                var policy = Self.policy
                policy.heldBytesMax = held
                policy.withheldBytes = withheld
                for length: UInt64 in 1 ... 14 {
                    let early = policy.earlyBytes(ofPut: length)
                    #expect(early == (length <= held || length <= withheld ? 0 : length - withheld))
                    #expect(early < length)
                }
            }
        }
    }
}
