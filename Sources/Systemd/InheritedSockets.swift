internal import CSystemd

/// A socket that the service manager opened for us (`sluice.socket`).
package struct InheritedSocket: Equatable, Sendable {
    /// Close-on-exec, and ours to close.
    package let descriptor: Int32
    /// `FileDescriptorName=` of the socket unit, by default the unit's name.
    package let name: String
    /// Whether it listens for TCP or Unix-domain stream connections; anything else is no use to us.
    package let isStreamListener: Bool
}

/// Sockets passed by systemd (sd_listen_fds(3)).
package enum InheritedSockets {
    /// Takes them, in the order of the socket unit; a second call returns none, and so do processes started later: the
    /// variables leave the environment. Call it before other threads run.
    package static func take() throws(SystemdError) -> [InheritedSocket] {
        var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        let count = unsafe sd_listen_fds_with_names(1, &names)
        guard count >= 0 else { throw SystemdError(call: "sd_listen_fds_with_names", errno: -count) }
        var sockets: [InheritedSocket] = []
        for index in 0 ..< Int(count) {
            let descriptor = Int32(index) + SD_LISTEN_FDS_START
            var name = ""
            if let text = unsafe names?[index] {
                name = unsafe String(cString: text)
                unsafe free(text)
            }
            sockets.append(
                InheritedSocket(
                    descriptor: descriptor, name: name, isStreamListener: csystemd_is_stream_listener(descriptor) > 0))
        }
        unsafe free(names)
        return sockets
    }
}
