// The words for the market's messages, and what collects words. A part of describe (describe.h),
// for its two .cc files.
#pragma once

#include "market/types/messages.h"
#include "wallet/describe.h"

namespace fog::wallet {

class Words {
 public:
  explicit Words(const AddressWords& who) : who_(who) {}

  void effect(std::string line) { said_.lines.push_back(std::move(line)); }
  void detail(const std::string& line) { said_.lines.push_back("  " + line); }
  // The amount as text; it counts into what leaves the account.
  std::string paid(Amount amount) {
    said_.leaves = said_.leaves ? checked_add(*said_.leaves, amount) : std::nullopt;
    return format_fog(amount);
  }
  std::string who(const Address& address) const { return who_(address); }
  Description description() && { return std::move(said_); }

 private:
  const AddressWords& who_;
  Description said_;
};

void say(Words& words, const market::RegisterHost& message);
void say(Words& words, const market::UpdateHost& message);
void say(Words& words, const market::RetireHost& message);
void say(Words& words, const market::SetOffer& message);
void say(Words& words, const market::WithdrawOffer& message);
void say(Words& words, const market::AdmitAuditors& message);
void say(Words& words, const market::AttestHost& message);
void say(Words& words, const market::RevokeAttestation& message);
void say(Words& words, const market::RegisterGateway& message);
void say(Words& words, const market::UpdateGateway& message);
void say(Words& words, const market::PublishService& message);
void say(Words& words, const market::UpdateService& message);
void say(Words& words, const market::RetireService& message);
void say(Words& words, const market::CreateBid& message);
void say(Words& words, const market::TopUpBid& message);
void say(Words& words, const market::CloseBid& message);
void say(Words& words, const market::UpdateBid& message);
void say(Words& words, const market::RaiseDemand& message);
void say(Words& words, const market::AckLease& message);
void say(Words& words, const market::ReleaseLease& message);
void say(Words& words, const market::Heartbeat& message);
void say(Words& words, const market::SubmitReceipts& message);
void say(Words& words, const market::OpenLease& message);
void say(Words& words, const market::DrainHost& message);

}  // namespace fog::wallet
