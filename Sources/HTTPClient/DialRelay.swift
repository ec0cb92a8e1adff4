internal import Dialing

/// Takes the dialer's wishes to the client's driver.
final class DialRelay: DialerDriver {
    private let driver: any HTTPClientDriver
    /// nil once it is closed.
    unowned var client: HTTPClient?

    init(_ driver: any HTTPClientDriver) { self.driver = driver }

    func opened(descriptor: Int32) { driver.opened(descriptor: descriptor) }

    func watch(descriptor: Int32, readable: Bool, writable: Bool) {
        driver.watch(descriptor: descriptor, readable: readable, writable: writable)
    }

    func unwatch(descriptor: Int32) { driver.unwatch(descriptor: descriptor) }

    func closing(descriptor: Int32) { driver.closing(descriptor: descriptor) }

    func setTimer(milliseconds: Int?) { client?.setDialerTimer(milliseconds) }
}

extension HTTPFailure.Kind {
    init(_ kind: DialFailure.Kind) {
        switch kind {
        case .resolve: self = .resolve
        case .connect: self = .connect
        case .timeout: self = .timeout
        case .invalidHost: self = .invalidRequest
        case .other: self = .other
        }
    }
}
