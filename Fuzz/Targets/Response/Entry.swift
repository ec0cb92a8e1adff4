import FuzzBasics
import FuzzWire

/// Called by libFuzzer with each input (https://llvm.org/docs/LibFuzzer.html#fuzz-target).
@c(LLVMFuzzerTestOneInput)
public func fuzzOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe UnsafeBufferPointer(start: bytes, count: count)
    OracleTrap.run("Response", unsafe input.span) { input throws(OracleFailure) in
        try AnswerReading.run(input, effort: .some)
    }
    return 0
}
