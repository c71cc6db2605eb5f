import Foundation

/// Why a file operation failed in the system's words ("Permission denied"), where the error holds them.
public func systemReason(_ error: any Error) -> String {
    let own = error as NSError
    let cause = (own.userInfo[NSUnderlyingErrorKey] as? any Error).map { $0 as NSError } ?? own
    guard cause.domain == NSPOSIXErrorDomain else { return error.localizedDescription }
    return String(cString: strerror(Int32(cause.code)))
}
