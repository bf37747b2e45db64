import NIOCore
import NIOPosix

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension SerialPort {
  /// Opens and sets the line, drops what it had received, and hands it to an event loop.
  func connect(on loop: any EventLoop) -> EventLoopFuture<any Channel> {
    let framing = framing
    return loop.submit { try self.open() }.flatMap { input, output in
      NIOPipeBootstrap(group: loop)
        .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 520))
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(ClientChannelHandler(framing: framing))
          }
        }
        .takingOwnershipOfDescriptors(input: input, output: output)
        .map { $0 as any Channel }
        .flatMapErrorThrowing { error in
          close(input)
          close(output)
          throw error
        }
    }
  }

  /// The same line twice: a pipe channel wants one descriptor for each direction.
  private func open() throws -> (input: CInt, output: CInt) {
    #if canImport(Darwin)
      let input = Darwin.open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
    #elseif canImport(Musl)
      let input = Musl.open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
    #else
      let input = Glibc.open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
    #endif
    guard input >= 0 else { throw WireFailure.io("\(path): \(Self.lastError())") }
    do {
      try set(input)
      let output = fcntl(input, F_DUPFD_CLOEXEC, 0)
      guard output >= 0 else { throw WireFailure.io("\(path): \(Self.lastError())") }
      return (input, output)
    } catch {
      close(input)
      throw error
    }
  }

  private func set(_ line: CInt) throws {
    var settings = termios()
    guard tcgetattr(line, &settings) == 0 else {
      throw WireFailure.io("\(path) is not a serial port: \(Self.lastError())")
    }
    guard let speed = Self.speeds[baud] else { throw WireFailure.io("\(path): no speed of \(baud) baud") }
    cfmakeraw(&settings)
    // CRTSCTS is the sign bit of a C int.
    let cleared = CSIZE | PARENB | PARODD | CSTOPB | Int32(truncatingIfNeeded: CRTSCTS)
    settings.c_cflag &= ~tcflag_t(truncatingIfNeeded: cleared)
    settings.c_cflag |= tcflag_t(CREAD | CLOCAL | (dataBits == 7 ? CS7 : CS8))
    if parity != .none { settings.c_cflag |= tcflag_t(PARENB) }
    if parity == .odd { settings.c_cflag |= tcflag_t(PARODD) }
    if stopBits == 2 { settings.c_cflag |= tcflag_t(CSTOPB) }
    guard cfsetispeed(&settings, speed) == 0, cfsetospeed(&settings, speed) == 0,
      tcsetattr(line, TCSANOW, &settings) == 0
    else { throw WireFailure.io("\(path): cannot be set to \(self): \(Self.lastError())") }
    tcflush(line, TCIOFLUSH)
  }

  private static let speeds: [Int: speed_t] = [
    300: speed_t(B300), 600: speed_t(B600), 1200: speed_t(B1200), 2400: speed_t(B2400),
    4800: speed_t(B4800), 9600: speed_t(B9600), 19200: speed_t(B19200), 38400: speed_t(B38400),
    57600: speed_t(B57600), 115_200: speed_t(B115200), 230_400: speed_t(B230400),
  ]

  private static func lastError() -> String {
    let code = errno
    return strerror(code).map { String(cString: $0) } ?? "error \(code)"
  }
}
