import Gateway

extension UploadEffect {
    /// As the table of states and events names it.
    var words: String {
        switch self {
        case .sendContinue: "continue"
        case .startOpenTimer: "timer"
        case .openSpool: "spool"
        case .journal(.opening): "journal opening"
        case .journal(.whole(let bytes)): "journal whole \(bytes)"
        case .journal(.uploadID): "journal id"
        case .journal(.completing(let bytes)): "journal completing \(bytes)"
        case .journal(.stored): "journal stored"
        case .journal(.aborting): "journal aborting"
        case .journal(.withdrawn): "journal withdrawn"
        case .journal(.gone): "journal gone"
        case .journal(.look(let id)): "journal look \(id)"
        case .create: "create"
        case .openPart(let number, let length, _): "part \(number) of \(length)"
        case .complete(let parts): "complete \(parts.count)"
        case .put(let length): "put \(length)"
        case .release: "release"
        case .abort: "abort"
        case .leave: "leave"
        case .reply(.created(let id, let bytes)): "201 \(id) of \(bytes)"
        case .reply(.replayed(let image)): "201 \(image.imageID) again"
        case .reply(.refused(let refusal)): "refuse \(refusal)"
        case .end: "end"
        }
    }
}
