#include "wallet/describe.h"

#include <ctime>

#include <fmt/format.h>

#include "chain/base/bcs.h"
#include "chain/types/staking_messages.h"
#include "wallet/describe_market.h"

namespace fog::wallet {
namespace {

std::string percent(std::uint32_t per_10000) {
  return fmt::format("{}.{:02} %", per_10000 / 100, per_10000 % 100);
}
std::string amount_or_all(const std::optional<Amount>& amount) {
  return amount ? format_fog(*amount) : "all stake";
}

void say(Words& words, const Transfer& message) {
  for (const TransferOutput& output : message.outputs) {
    words.effect("pay " + words.paid(output.amount) + " to " + words.who(output.to));
  }
}

void say(Words& words, const CreateValidator& message) {
  words.effect("register validator " + to_hex0x(message.key));
  words.effect("bond " + words.paid(message.bond) + " to it; unbonding takes weeks, and a vote " +
               "against itself costs a part");
  words.detail(fmt::format("keeps a commission of {}, at most {} ever, at most {} more in a day",
                           percent(message.commission.rate), percent(message.commission.rate_max),
                           percent(message.commission.change_max)));
  words.detail("the commission goes to " + words.who(message.payout));
}
void say(Words& words, const EditValidator& message) {
  words.effect("change validator " + to_hex0x(message.validator));
  if (message.payout) words.detail("the commission goes to " + words.who(*message.payout));
  if (message.commission_per_10000) {
    words.detail("keeps a commission of " + percent(*message.commission_per_10000));
  }
  if (message.beacon_commitment) {
    words.detail("commits to the beacon chain that ends in " +
                 to_hex0x(*message.beacon_commitment));
  }
}
void say(Words& words, const Unjail& message) {
  words.effect("take validator " + to_hex0x(message.validator) + " out of jail");
}
void say(Words& words, const SubmitEvidence& message) {
  words.effect(fmt::format("accuse validator {} of voting against itself in view {} of epoch {}",
                           to_hex0x(message.validator), message.first.view, message.first.epoch));
}
void say(Words& words, const Delegate& message) {
  words.effect("put " + words.paid(message.amount) + " behind validator " +
               to_hex0x(message.validator));
}
void say(Words& words, const Redelegate& message) {
  words.effect("move " + amount_or_all(message.amount) + " from validator " +
               to_hex0x(message.from) + " to " + to_hex0x(message.to));
  words.detail("it stays liable for the first one until unbonding would have ended");
}
void say(Words& words, const Undelegate& message) {
  words.effect("take " + amount_or_all(message.amount) + " back from validator " +
               to_hex0x(message.validator) + ", free after the unbonding time");
}
void say(Words& words, const WithdrawRewards& message) {
  words.effect("withdraw what validator " + to_hex0x(message.validator) + " has earned you");
}
void say(Words& words, const ProposeParameters& message) {
  words.effect("propose to change the network's parameters:");
  for (const ParameterChange& change : message.changes) {
    words.detail(fmt::format("{} = {}", printable(change.name), change.value));
  }
}
void say(Words& words, const VoteParameters& message) {
  words.effect(fmt::format("vote {} on proposal {} with the stake of all your validators",
                           message.approve ? "yes" : "no", message.proposal));
}

template <class M>
bool read(Words& words, const RawMessage& raw) {
  const auto message = bcs_decode<M>(raw.payload);
  if (message) say(words, *message);
  return message.has_value();
}

// All kinds, and no default: a new one does not compile until it has words. False for one that
// cannot be read.
bool say_message(Words& words, const RawMessage& raw) {
  using namespace market;  // NOLINT(google-build-using-namespace): the list below is of its types
  switch (static_cast<MessageKind>(raw.kind)) {
    case MessageKind::kTransfer:
      return read<Transfer>(words, raw);
    case MessageKind::kRegisterHost:
      return read<RegisterHost>(words, raw);
    case MessageKind::kUpdateHost:
      return read<UpdateHost>(words, raw);
    case MessageKind::kRetireHost:
      return read<RetireHost>(words, raw);
    case MessageKind::kSetOffer:
      return read<SetOffer>(words, raw);
    case MessageKind::kWithdrawOffer:
      return read<WithdrawOffer>(words, raw);
    case MessageKind::kAdmitAuditors:
      return read<AdmitAuditors>(words, raw);
    case MessageKind::kAttestHost:
      return read<AttestHost>(words, raw);
    case MessageKind::kRevokeAttestation:
      return read<RevokeAttestation>(words, raw);
    case MessageKind::kRegisterGateway:
      return read<RegisterGateway>(words, raw);
    case MessageKind::kUpdateGateway:
      return read<UpdateGateway>(words, raw);
    case MessageKind::kPublishService:
      return read<PublishService>(words, raw);
    case MessageKind::kUpdateService:
      return read<UpdateService>(words, raw);
    case MessageKind::kRetireService:
      return read<RetireService>(words, raw);
    case MessageKind::kCreateBid:
      return read<CreateBid>(words, raw);
    case MessageKind::kTopUpBid:
      return read<TopUpBid>(words, raw);
    case MessageKind::kCloseBid:
      return read<CloseBid>(words, raw);
    case MessageKind::kUpdateBid:
      return read<UpdateBid>(words, raw);
    case MessageKind::kRaiseDemand:
      return read<RaiseDemand>(words, raw);
    case MessageKind::kAckLease:
      return read<AckLease>(words, raw);
    case MessageKind::kReleaseLease:
      return read<ReleaseLease>(words, raw);
    case MessageKind::kHeartbeat:
      return read<Heartbeat>(words, raw);
    case MessageKind::kSubmitReceipts:
      return read<SubmitReceipts>(words, raw);
    case MessageKind::kOpenLease:
      return read<OpenLease>(words, raw);
    case MessageKind::kDrainHost:
      return read<DrainHost>(words, raw);
    case MessageKind::kCreateValidator:
      return read<CreateValidator>(words, raw);
    case MessageKind::kEditValidator:
      return read<EditValidator>(words, raw);
    case MessageKind::kUnjail:
      return read<Unjail>(words, raw);
    case MessageKind::kSubmitEvidence:
      return read<SubmitEvidence>(words, raw);
    case MessageKind::kDelegate:
      return read<Delegate>(words, raw);
    case MessageKind::kRedelegate:
      return read<Redelegate>(words, raw);
    case MessageKind::kUndelegate:
      return read<Undelegate>(words, raw);
    case MessageKind::kWithdrawRewards:
      return read<WithdrawRewards>(words, raw);
    case MessageKind::kProposeParameters:
      return read<ProposeParameters>(words, raw);
    case MessageKind::kVoteParameters:
      return read<VoteParameters>(words, raw);
  }
  return false;
}

// The length of a character of valid UTF-8 by its first byte.
std::size_t length_of(unsigned char first) {
  return first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

// What is not to reach a terminal: control characters (C0, DEL, C1), line and paragraph separators,
// and the marks that turn the direction of what follows or join invisibly.
bool is_hidden(std::string_view character) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
  if (character.size() == 1) return byte(0) < 0x20 || byte(0) == 0x7F;
  if (character.size() == 2) return byte(0) == 0xC2 && byte(1) < 0xA0;
  if (character.size() != 3) return character.starts_with("\xF3\xA0");  // tags
  const unsigned code = (byte(0) & 0x0FU) << 12U | (byte(1) & 0x3FU) << 6U | (byte(2) & 0x3FU);
  return (code >= 0x200B && code <= 0x200F) || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF;
}

}  // namespace

ErrorOr<Description> describe(const std::vector<RawMessage>& messages, const AddressWords& who) {
  Words words(who);
  for (const RawMessage& message : messages) {
    if (say_message(words, message)) continue;
    return fail(ErrorCode::kInvalidInput,
                fmt::format("it holds a message of kind {} that this program cannot read; do not "
                            "sign it, and look for a newer version",
                            message.kind));
  }
  return std::move(words).description();
}

std::string time_text(std::uint64_t time_ms) {
  if (time_ms == 0) return "-";
  const auto seconds = static_cast<std::time_t>(time_ms / 1'000);
  std::tm parts{};
  // Beyond the years that a calendar can count there is no text but the number.
  if (gmtime_r(&seconds, &parts) == nullptr) return std::to_string(time_ms) + " ms";
  char text[40];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts);
  return text;
}

std::string printable(std::string_view text) {
  const bool valid = is_utf8(text);
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto first = static_cast<unsigned char>(text[at]);
    const std::size_t size = valid ? length_of(first) : 1;
    const std::string_view character = text.substr(at, size);
    if (is_hidden(character) || (!valid && first >= 0x80)) {
      for (const char byte : character) {
        out += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
      }
    } else {
      out += character;
    }
    at += size;
  }
  return out;
}

}  // namespace fog::wallet
