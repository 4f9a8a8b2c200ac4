#include "rpc/json/message_json.h"

namespace fog::rpc {
namespace detail {
namespace {

template <class M>
std::optional<Json> body_of(ByteView payload) {
  const auto message = bcs_decode<M>(payload);
  if (!message) return std::nullopt;
  return write(*message);
}

template <class M>
bool payload_of(Reader& reader, const Json& body, Bytes& payload) {
  M message{};
  if (!read(reader, body, message)) return false;
  payload = bcs_encode(message);
  return payload.size() <= kMessageBytesMax || reader.fail("the message is too long");
}

template <class M>
constexpr MessageForm form(std::string_view name) {
  return {static_cast<std::uint16_t>(M::kKind), name, &body_of<M>, &payload_of<M>};
}

constexpr std::array kForms{
    form<Transfer>("transfer"),
    form<market::RegisterHost>("register_host"),
    form<market::UpdateHost>("update_host"),
    form<market::RetireHost>("retire_host"),
    form<market::SetOffer>("set_offer"),
    form<market::WithdrawOffer>("withdraw_offer"),
    form<market::AdmitAuditors>("admit_auditors"),
    form<market::AttestHost>("attest_host"),
    form<market::RevokeAttestation>("revoke_attestation"),
    form<market::RegisterGateway>("register_gateway"),
    form<market::UpdateGateway>("update_gateway"),
    form<market::PublishService>("publish_service"),
    form<market::UpdateService>("update_service"),
    form<market::RetireService>("retire_service"),
    form<market::CreateBid>("create_bid"),
    form<market::TopUpBid>("top_up_bid"),
    form<market::CloseBid>("close_bid"),
    form<market::AckLease>("ack_lease"),
    form<market::ReleaseLease>("release_lease"),
    form<market::Heartbeat>("heartbeat"),
    form<market::SubmitReceipts>("submit_receipts"),
    form<market::UpdateBid>("update_bid"),
    form<market::RaiseDemand>("raise_demand"),
    form<market::OpenLease>("open_lease"),
    form<market::DrainHost>("drain_host"),
    form<CreateValidator>("create_validator"),
    form<EditValidator>("edit_validator"),
    form<Unjail>("unjail"),
    form<SubmitEvidence>("submit_evidence"),
    form<Delegate>("delegate"),
    form<Redelegate>("redelegate"),
    form<Undelegate>("undelegate"),
    form<WithdrawRewards>("withdraw_rewards"),
    form<ProposeParameters>("propose_parameters"),
    form<VoteParameters>("vote_parameters"),
};

}  // namespace

const MessageForm* message_form(std::uint16_t kind) {
  for (const MessageForm& form : kForms) {
    if (form.kind == kind) return &form;
  }
  return nullptr;
}

const MessageForm* message_form(std::string_view name) {
  for (const MessageForm& form : kForms) {
    if (form.name == name) return &form;
  }
  return nullptr;
}

Json Custom<RawMessage>::write(const RawMessage& value) {
  Json out{{"kind", value.kind}};
  const MessageForm* form = message_form(value.kind);
  std::optional<Json> body = form ? form->body_of(value.payload) : std::nullopt;
  if (form) out["name"] = form->name;
  if (body) {
    out["body"] = *std::move(body);
  } else {
    out["payload"] = to_hex0x(value.payload);
  }
  return out;
}

bool Custom<RawMessage>::read(Reader& reader, const Json& json, RawMessage& value) {
  if (!json.is_object()) return reader.fail("expected an object");
  for (const auto& [name, item] : json.items()) {
    if (name == "kind" || name == "name" || name == "body" || name == "payload") continue;
    return reader.into(name, 0, [&] { return reader.fail("there is no such field"); });
  }
  const auto kind = json.find("kind");
  const auto name = json.find("name");
  const MessageForm* form = nullptr;
  if (name != json.end()) {
    const std::string* text = name->get_ptr<const std::string*>();
    form = text ? message_form(*text) : nullptr;
    if (!form) {
      return reader.into("name", 0, [&] { return reader.fail("no such kind of message"); });
    }
    value.kind = form->kind;
  }
  if (kind != json.end()) {
    std::uint16_t number = 0;
    if (!reader.into("kind", 0, [&] { return detail::read(reader, *kind, number); })) return false;
    if (form && form->kind != number) return reader.fail("kind and name do not belong together");
    value.kind = number;
    form = message_form(number);
  }
  if (kind == json.end() && !form) return reader.fail("\"kind\" or \"name\" is missing");
  const auto payload = json.find("payload");
  const auto body = json.find("body");
  if ((payload != json.end()) == (body != json.end())) {
    return reader.fail("expected either \"body\" or \"payload\"");
  }
  if (payload != json.end()) {
    return reader.into("payload", 0,
                       [&] { return read_hex(reader, *payload, value.payload, kMessageBytesMax); });
  }
  if (!form) return reader.fail("the body of an unknown kind cannot be read; give its payload");
  return reader.into("body", 0, [&] { return form->payload_of(reader, *body, value.payload); });
}

}  // namespace detail

std::string_view message_kind_name(std::uint16_t kind) {
  const detail::MessageForm* form = detail::message_form(kind);
  return form ? form->name : std::string_view();
}

FOG_JSON_TYPE(market::CreateBid);
FOG_JSON_TYPE(market::PublishService);
FOG_JSON_TYPE(market::RegisterHost);
FOG_JSON_TYPE(market::SubmitReceipts);

}  // namespace fog::rpc
