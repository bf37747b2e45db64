import Modbus
import NIOCore

/// What a stream of bytes became.
struct Decoded: Equatable {
  var frames: [ModbusFrame] = []
  var failure: WireFailure?
}

/// Both directions; all at once and a byte at a time must give the same frames and then the same failure; each
/// frame is written back and read again.
func fuzzFraming(_ framing: ModbusFraming, _ bytes: UnsafeRawBufferPointer) {
  for direction in FrameDirection.allCases {
    let whole = decode(framing, direction, bytes, piece: max(1, bytes.count))
    let dripped = decode(framing, direction, bytes, piece: 1)
    require(whole.frames == dripped.frames, "drip feeding found other frames")
    require((whole.failure == nil) == (dripped.failure == nil), "drip feeding failed otherwise")
    for frame in whole.frames {
      require((1...253).contains(frame.pdu.readableBytes), "a PDU outside its limits")
      var again = ByteBuffer()
      framing.write(transactionId: frame.transactionId, unitId: frame.unitId, to: &again) {
        (out: inout ByteBuffer) in _ = out.writeImmutableBuffer(frame.pdu)
      }
      let reread = try? framing.read(direction, from: &again)
      require(reread == frame, "a frame does not survive the trip")
      fuzzPDU(frame.pdu)
    }
  }
}

func decode(
  _ framing: ModbusFraming, _ direction: FrameDirection, _ bytes: UnsafeRawBufferPointer, piece: Int
) -> Decoded {
  var decoded = Decoded()
  var buffer = ByteBuffer()
  var fed = 0
  while fed < bytes.count {
    let end = min(bytes.count, fed + piece)
    buffer.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[fed..<end]))
    fed = end
    do throws(WireFailure) {
      while let frame = try framing.read(direction, from: &buffer) { decoded.frames.append(frame) }
    } catch {
      decoded.failure = error
      return decoded
    }
    require(buffer.readableBytes < 520, "a decoder keeps more than one frame's bytes")
  }
  return decoded
}

/// A request, as long as the first byte says, and whatever answers it: taken only when it fits.
func fuzzExchange(_ bytes: UnsafeRawBufferPointer) {
  guard let first = bytes.first else { return }
  let length = min(Int(first), bytes.count - 1)
  let asked = ByteBuffer(bytes: bytes[1..<(1 + length)])
  let answer = ByteBuffer(bytes: bytes[(1 + length)...])
  guard let request = try? ModbusRequest(pdu: asked) else { return }
  do throws(RequestFailure) {
    let response = try ModbusResponse.answer(answer, to: request)
    require((try? response.checkAnswers(request)) != nil, "an answer to another request was taken")
    require(response.function == request.function, "an answer to another function was taken")
  } catch {
    _ = "\(error)"
  }
}

func fuzzPDU(_ bytes: UnsafeRawBufferPointer) { fuzzPDU(ByteBuffer(bytes: bytes)) }

/// What is accepted is within the limits, and is the same after the trip.
func fuzzPDU(_ pdu: ByteBuffer) {
  if let request = try? ModbusRequest(pdu: pdu) {
    var again = ByteBuffer()
    require((try? request.write(to: &again)) != nil, "an accepted request cannot be sent")
    require(again.readableBytes == pdu.readableBytes, "a request changes its length")
    require((try? ModbusRequest(pdu: again)) == request, "a request does not survive the trip")
    _ = try? ModbusResponse.answer(pdu, to: request)
    _ = request.description
  }
  if let response = try? ModbusResponse(pdu: pdu) {
    var again = ByteBuffer()
    require((try? response.write(to: &again)) != nil, "an accepted response cannot be sent")
    require(again.readableBytes == pdu.readableBytes, "a response changes its length")
    require((try? ModbusResponse(pdu: again)) == response, "a response does not survive the trip")
  }
}
