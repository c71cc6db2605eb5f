import Logging

/// The program's messages on standard error.
let log = Logger(label: "graft")
