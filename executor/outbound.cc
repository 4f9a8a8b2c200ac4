#include "executor/outbound.h"

namespace fog::executor {
namespace {

template <class BodyFrame>
void append_body(Bytes& out, std::uint64_t id, std::uint32_t number, ByteView body) {
  for (; !body.empty(); body = body.subspan(std::min(body.size(), kChunkBytesMax))) {
    BodyFrame frame;
    frame.id = id;
    frame.number = number;
    frame.bytes = to_bytes(body.first(std::min(body.size(), kChunkBytesMax)));
    append(out, encode_frame(frame));
  }
}

}  // namespace

std::uint64_t outbound_bytes(const OutboundRequest& request) {
  std::uint64_t out = 16 + request.head.target.size() + request.body.size();
  for (const FieldEntry& field : request.head.fields) {
    out += field.name.size() + field.value.size() + 4;
  }
  return out;
}

OutboundReply failed_reply(OutboundFault fault) {
  OutboundReply reply;
  reply.head.fault = fault;
  return reply;
}

Bytes encode_outbound(std::uint64_t id, std::uint32_t number, const OutboundRequest& request) {
  Bytes out = encode_frame(OutboundFrame{id, number, request.head, request.body.size()});
  append_body<OutboundBodyFrame>(out, id, number, request.body);
  return out;
}

Bytes encode_reply(std::uint64_t id, std::uint32_t number, const OutboundReply& reply) {
  Bytes out = encode_frame(ReplyFrame{id, number, reply.head, reply.body.size()});
  append_body<ReplyBodyFrame>(out, id, number, reply.body);
  return out;
}

}  // namespace fog::executor
