import FuzzBasics
import FuzzLoop

/// Called by libFuzzer with each input (https://llvm.org/docs/LibFuzzer.html#fuzz-target).
@c(LLVMFuzzerTestOneInput)
public func fuzzOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe UnsafeBufferPointer(start: bytes, count: count)
    OracleTrap.run("Registrations", unsafe input.span, RegistrationScript.run)
    return 0
}
