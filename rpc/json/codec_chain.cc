// The chain's types, and those whose JSON differs from their fields.
#include "rpc/json/types.h"

namespace fog::rpc {
namespace detail {

Json Custom<TxAuth>::write(const TxAuth& value) {
  return std::visit([](const auto& auth) { return detail::write(auth); }, value);
}

bool Custom<TxAuth>::read(Reader& reader, const Json& json, TxAuth& value) {
  if (json.is_object() && json.contains("policy")) {
    return detail::read(reader, json, value.emplace<MultiAuth>());
  }
  return detail::read(reader, json, value.emplace<SingleAuth>());
}

Json Custom<Fault>::write(const Fault& value) {
  Json out{{"number", static_cast<std::uint16_t>(value)}, {"name", fault_name(value)}};
  if (value != Fault::kNone) out["help"] = fault_help(value);
  return out;
}

bool Custom<Fault>::read(Reader& reader, const Json& json, Fault& value) {
  if (!json.is_object() || !json.contains("number")) {
    return reader.fail("expected an object with \"number\"");
  }
  std::uint16_t number = 0;
  if (!reader.into("number", 0, [&] { return detail::read(reader, json["number"], number); })) {
    return false;
  }
  value = static_cast<Fault>(number);
  return true;
}

Json Custom<TxOutcome>::write(const TxOutcome& value) {
  Json out{{"fault", detail::write(static_cast<Fault>(value.fault))},
           {"units", detail::write(value.units)},
           {"fee_burned", detail::write(value.fee_burned)},
           {"fee_tip", detail::write(value.fee_tip)}};
  if (value.fault != 0) out["failed_message"] = value.failed_message;
  return out;
}

namespace {

// A field that must be there.
template <class T>
bool need(Reader& reader, const Json& json, const char* name, T& value) {
  return reader.into(name, 0, [&] {
    const auto found = json.find(name);
    return found == json.end() ? reader.fail("missing") : detail::read(reader, *found, value);
  });
}

}  // namespace

bool Custom<TxOutcome>::read(Reader& reader, const Json& json, TxOutcome& value) {
  if (!json.is_object()) return reader.fail("expected an object");
  Fault fault = Fault::kNone;
  if (!need(reader, json, "fault", fault) || !need(reader, json, "units", value.units) ||
      !need(reader, json, "fee_burned", value.fee_burned) ||
      !need(reader, json, "fee_tip", value.fee_tip)) {
    return false;
  }
  value.fault = static_cast<std::uint16_t>(fault);
  value.failed_message = 0;
  return fault == Fault::kNone || need(reader, json, "failed_message", value.failed_message);
}

Json Custom<TxStatus>::write(const TxStatus& value) {
  Json out{{"place", detail::write(value.place)}};
  if (value.place != TxPlace::kFinal) return out;
  out["height"] = detail::write(value.height);
  out["index"] = value.index;
  out["outcome"] = detail::write(value.outcome);
  return out;
}

bool Custom<TxStatus>::read(Reader& reader, const Json& json, TxStatus& value) {
  if (!json.is_object()) return reader.fail("expected an object");
  value = {};
  if (!need(reader, json, "place", value.place)) return false;
  return value.place != TxPlace::kFinal ||
         (need(reader, json, "height", value.height) && need(reader, json, "index", value.index) &&
          need(reader, json, "outcome", value.outcome));
}

Json Custom<SubmitReply>::write(const SubmitReply& value) {
  Json out{{"id", to_hex0x(value.id)}, {"fault", detail::write(value.fault)}};
  if (!value.refused.empty()) out["refused"] = value.refused;
  return out;
}

bool Custom<SubmitReply>::read(Reader& reader, const Json& json, SubmitReply& value) {
  if (!json.is_object()) return reader.fail("expected an object");
  value.refused.clear();
  return need(reader, json, "id", value.id) && need(reader, json, "fault", value.fault) &&
         (!json.contains("refused") || need(reader, json, "refused", value.refused));
}

Json Custom<BlockInfo>::write(const BlockInfo& value) {
  return {{"id", to_hex0x(value.id)},
          {"header", detail::write(value.block.header)},
          {"txs", detail::write(value.block.txs)},
          {"certificate", detail::write(value.block.certificate)},
          {"finalization", detail::write(value.finalization)},
          {"outcomes", detail::write(value.outcomes)}};
}

bool Custom<BlockInfo>::read(Reader& reader, const Json& json, BlockInfo& value) {
  if (!json.is_object()) return reader.fail("expected an object");
  return need(reader, json, "id", value.id) && need(reader, json, "header", value.block.header) &&
         need(reader, json, "txs", value.block.txs) &&
         need(reader, json, "certificate", value.block.certificate) &&
         (!json.contains("finalization") ||
          need(reader, json, "finalization", value.finalization)) &&
         need(reader, json, "outcomes", value.outcomes);
}

Json Custom<TxPosition>::write(const TxPosition& value) {
  return std::to_string(value.height) + ":" + std::to_string(value.index);
}

bool Custom<TxPosition>::read(Reader& reader, const Json& json, TxPosition& value) {
  const auto refuse = [&] { return reader.fail("expected HEIGHT:INDEX, e.g. \"12:0\""); };
  if (!json.is_string()) return refuse();
  const std::string_view text = json.get_ref<const std::string&>();
  const std::size_t colon = text.find(':');
  std::uint64_t index = 0;
  if (colon == std::string_view::npos || !parse_decimal(text.substr(0, colon), value.height) ||
      !parse_decimal(text.substr(colon + 1), index) ||
      index > std::numeric_limits<std::uint32_t>::max()) {
    return refuse();
  }
  value.index = static_cast<std::uint32_t>(index);
  return true;
}

Json Custom<FinalTx>::write(const FinalTx& value) {
  Json out{{"height", detail::write(value.position.height)},
           {"index", value.position.index},
           {"time_ms", detail::write(value.time_ms)},
           {"id", nullptr},
           {"tx", nullptr},
           {"outcome", detail::write(value.outcome)}};
  if (const auto tx = bcs_decode<SignedTx>(value.tx)) {
    out["id"] = to_hex0x(tx_id(tx->body));
    out["tx"] = detail::write(*tx);
  }
  return out;
}

bool Custom<FinalTx>::read(Reader& reader, const Json& json, FinalTx& value) {
  if (!json.is_object()) return reader.fail("expected an object");
  SignedTx tx;
  if (!need(reader, json, "height", value.position.height) ||
      !need(reader, json, "index", value.position.index) ||
      !need(reader, json, "time_ms", value.time_ms) || !need(reader, json, "tx", tx) ||
      !need(reader, json, "outcome", value.outcome)) {
    return false;
  }
  value.tx = bcs_encode(tx);
  return true;
}

Json Custom<std::pair<Hash32, Hash32>>::write(const std::pair<Hash32, Hash32>& value) {
  return {{"path", to_hex0x(value.first)}, {"value_hash", to_hex0x(value.second)}};
}

bool Custom<std::pair<Hash32, Hash32>>::read(Reader& reader, const Json& json,
                                             std::pair<Hash32, Hash32>& value) {
  if (!json.is_object()) return reader.fail("expected an object");
  return need(reader, json, "path", value.first) && need(reader, json, "value_hash", value.second);
}

}  // namespace detail

std::string pretty(const nlohmann::json& json) {
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}
std::string compact(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

FOG_JSON_TYPE(Account);
FOG_JSON_TYPE(Address);
FOG_JSON_TYPE(Amount);
FOG_JSON_TYPE(BlockHeader);
FOG_JSON_TYPE(BlockInfo);
FOG_JSON_TYPE(Bytes);
FOG_JSON_TYPE(ChainParams);
FOG_JSON_TYPE(ChainStatus);
FOG_JSON_TYPE(Checkpoint);
FOG_JSON_TYPE(EpochView);
FOG_JSON_TYPE(Fault);
FOG_JSON_TYPE(FinalTx);
FOG_JSON_TYPE(Hash32);
FOG_JSON_TYPE(HistoryOrder);
FOG_JSON_TYPE(HistoryPage);
FOG_JSON_TYPE(MultisigPolicy);
FOG_JSON_TYPE(Proposal);
FOG_JSON_TYPE(RawMessage);
FOG_JSON_TYPE(SignedTx);
FOG_JSON_TYPE(Simulation);
FOG_JSON_TYPE(StatePage);
FOG_JSON_TYPE(StakingParams);
FOG_JSON_TYPE(StateProof);
FOG_JSON_TYPE(SubmitReply);
FOG_JSON_TYPE(Supply);
FOG_JSON_TYPE(SupplyReport);
FOG_JSON_TYPE(SyncReport);
FOG_JSON_TYPE(TxBody);
FOG_JSON_TYPE(TxOutcome);
FOG_JSON_TYPE(TxPosition);
FOG_JSON_TYPE(TxStatus);
FOG_JSON_TYPE(StakeView);
FOG_JSON_TYPE(ValidatorView);
FOG_JSON_TYPE(std::vector<Proposal>);
FOG_JSON_TYPE(std::vector<ValidatorView>);
FOG_JSON_TYPE(SubmitEvidence);
FOG_JSON_TYPE(std::vector<SubmitEvidence>);
FOG_JSON_TYPE(std::uint64_t);
FOG_JSON_TYPE(std::uint32_t);
FOG_JSON_TYPE(std::string);
FOG_JSON_TYPE(std::vector<Bytes>);
FOG_JSON_TYPE(std::vector<SubmitReply>);
FOG_JSON_TYPE(std::vector<std::optional<Bytes>>);

}  // namespace fog::rpc
