#include "chain/types/fault.h"

namespace fog {
namespace {

struct FaultText {
  std::string_view name;
  std::string_view help;
};

// One case a fault and no default: a new fault does not compile until it has a name and a help.
FaultText fault_text(Fault fault) {
  switch (fault) {
    case Fault::kNone:
      return {"none", "Nothing is wrong."};
    case Fault::kMalformed:
      return {"malformed",
              "The bytes are not the canonical BCS encoding of a transaction; build it with a "
              "current wallet and send it again."};
    case Fault::kTooLarge:
      return {"too_large",
              "The transaction has more than 131072 bytes; split its messages over several "
              "transactions."};
    case Fault::kWrongChain:
      return {"wrong_chain",
              "The transaction was made for another chain; ask the node for its chain id and sign "
              "again."};
    case Fault::kBadLane:
      return {"bad_lane", "The lane must be 0 to 15; choose one of the account's sixteen lanes."};
    case Fault::kNoMessages:
      return {"no_messages", "The transaction has no message; add at least one."};
    case Fault::kBadPublicKey:
      return {
          "bad_public_key",
          "A public key is not a compressed point on secp256k1; check how the key was derived."};
    case Fault::kSenderMismatch:
      return {"sender_mismatch",
              "The key or multisig policy does not hash to the sender's address; sign with the "
              "sender's own key."};
    case Fault::kBadSignature:
      return {"bad_signature",
              "The signature does not verify, or is zero or high-S; sign the transaction's id with "
              "the sender's key and normalise S."};
    case Fault::kBadMultisig:
      return {"bad_multisig",
              "The multisig policy is out of bounds or the signatures are not exactly its "
              "threshold in ascending order; collect that many and sort them by index."};
    case Fault::kUnknownMessage:
      return {"unknown_message",
              "A message is of a kind that this chain does not know; check the kind, or use "
              "software made for this chain."};
    case Fault::kMalformedMessage:
      return {"malformed_message",
              "A message's payload is not the canonical encoding of its kind; build it with a "
              "current wallet."};
    case Fault::kTipAboveMax:
      return {"tip_above_max",
              "The tip per unit exceeds the maximum price per unit; lower the tip or raise the "
              "maximum."};
    case Fault::kExpired:
      return {"expired", "The transaction's expiry has passed; sign it again with a later one."};
    case Fault::kExpiryTooFar:
      return {"expiry_too_far",
              "The expiry lies further ahead than the chain allows; sign again with an earlier "
              "expiry."};
    case Fault::kSequenceTooLow:
      return {"sequence_too_low",
              "The sequence of this lane was already used; read the account and sign with the "
              "lane's next sequence."};
    case Fault::kSequenceGap:
      return {"sequence_gap",
              "The sequence is ahead of the lane's next; send the missing transactions first, or "
              "use another lane."};
    case Fault::kFeeTooLow:
      return {"fee_too_low",
              "The maximum price per unit is below the base price; sign again with a higher "
              "maximum price, or wait until the base price falls."};
    case Fault::kCannotPayFee:
      return {"cannot_pay_fee",
              "The sender's balance does not cover the maximum fee; add funds, or lower the "
              "maximum price."};
    case Fault::kNoAccount:
      return {"no_account",
              "The sender has no account yet; let somebody pay to its address first."};
    case Fault::kBlockFull:
      return {"block_full",
              "The transaction does not fit into the block any more; it can go into the next one."};
    case Fault::kInsufficientFunds:
      return {"insufficient_funds",
              "The sender's balance does not cover the amount; add funds or move less."};
    case Fault::kAmountOverflow:
      return {
          "amount_overflow",
          "The amounts add up to more than 64 bits of droplets; check them for a typing error."};
    case Fault::kZeroAmount:
      return {"zero_amount", "An amount is zero; leave it out or give one above zero."};
    case Fault::kBelowCreation:
      return {"below_creation",
              "A first payment to an address creates its account and must cover the creation burn; "
              "send more."};
    case Fault::kHostNotFound:
      return {"host_not_found", "No Host has this id; check the id, or register the Host first."};
    case Fault::kNotHostOwner:
      return {"not_host_owner",
              "Only the account that registered the Host may do this; send it from the owner's "
              "account."};
    case Fault::kNotHostOperator:
      return {"not_host_operator",
              "Only the Host's operator key may do this; send it from the operator's account."};
    case Fault::kBondTooLow:
      return {"bond_too_low", "The bond is below the market's minimum; bond more."};
    case Fault::kHostRetired:
      return {"host_retired", "The Host has been retired; register a new one."};
    case Fault::kHostBusy:
      return {"host_busy",
              "The Host still holds leases that need what would be taken away; close them first."};
    case Fault::kBadEndpoint:
      return {"bad_endpoint",
              "The endpoint must be http://HOST:PORT or https://HOST:PORT with nothing after it; "
              "correct it."};
    case Fault::kBadResources:
      return {"bad_resources",
              "The resources are zero or beyond what the type or the Host's capacity allows; "
              "correct them."};
    case Fault::kBadPriceClass:
      return {
          "bad_price_class",
          "There is no price class of this number; read the market's parameters for the classes."};
    case Fault::kBadScale:
      return {
          "bad_scale",
          "The scale is zero or above the largest allowed; choose one within the market's bounds."};
    case Fault::kOfferNotFound:
      return {"offer_not_found", "The Host has no standing Offer; set one first."};
    case Fault::kBadLocation:
      return {"bad_location",
              "The location needs a two-letter upper-case country and coordinates within the "
              "globe; correct it."};
    case Fault::kBadRuntime:
      return {"bad_runtime",
              "The runtime profile is missing or not known to the network; use one that a current "
              "executor names."};
    case Fault::kBadAuditors:
      return {"bad_auditors", "An auditor stands in the list twice; name each once."};
    case Fault::kAuditorNotAdmitted:
      return {"auditor_not_admitted",
              "The Host's owner has not admitted this account as an auditor; ask the owner to run "
              "`foghost auditors`."};
    case Fault::kBadAttestation:
      return {
          "bad_attestation",
          "The attestation has no attributes, has one without a name, or expires in the past or "
          "more than 366 days ahead; correct it."};
    case Fault::kAttestationNotFound:
      return {"attestation_not_found",
              "This account attests nothing of the Host; check the Host's id."};
    case Fault::kHostLeaving:
      return {"host_leaving",
              "The Host has said that it leaves; offer it again once the moment it named has "
              "passed."};
    case Fault::kBadNotice:
      return {"bad_notice",
              "A Host that leaves gives at least the market's notice_ms and at most 30 days; "
              "choose a notice between."};
    case Fault::kServiceNotFound:
      return {"service_not_found",
              "No service has this name; check the spelling, or publish it first."};
    case Fault::kServiceNameTaken:
      return {"service_name_taken", "Another service already has this name; choose another."};
    case Fault::kBadServiceName:
      return {"bad_service_name",
              "A service name has 3 to 63 characters of a-z, 0-9 and '-', with no '-' at the ends; "
              "choose another."};
    case Fault::kNotServiceOwner:
      return {"not_service_owner",
              "Only the account that published the service may do this; send it from the owner's "
              "account."};
    case Fault::kBadManifest:
      return {"bad_manifest",
              "A number of the manifest is outside its bounds; compare it with the limits in the "
              "manifest's description."};
    case Fault::kServiceInUse:
      return {"service_in_use", "The service still has open bids; close them first."};
    case Fault::kBidNotFound:
      return {"bid_not_found", "No Bid has this id; check the id."};
    case Fault::kNotBidOwner:
      return {
          "not_bid_owner",
          "Only the account that created the Bid may do this; send it from the owner's account."};
    case Fault::kBadReplicas:
      return {"bad_replicas",
              "The replicas must satisfy 0 <= min <= max and 1 <= max <= 1024; correct them."};
    case Fault::kBadCap:
      return {"bad_cap",
              "The cap must be a step of the ladder and the spending limit above zero; choose a "
              "cap that the fewest replicas can cost."};
    case Fault::kBadProfile:
      return {"bad_profile",
              "The declared use per hour is outside the bounds; state what one replica is expected "
              "to use in an hour."};
    case Fault::kBadConstraint:
      return {"bad_constraint",
              "A constraint contradicts another or is outside its bounds; correct or remove it."};
    case Fault::kDepositTooLow:
      return {"deposit_too_low",
              "The deposit does not cover one slice for the fewest replicas; deposit more."};
    case Fault::kBidClosed:
      return {"bid_closed", "The Bid has been closed; create a new one."};
    case Fault::kTooManyDepositors:
      return {"too_many_depositors",
              "The Bid already has the largest number of depositors; top it up from one of their "
              "accounts."};
    case Fault::kBadLeaseTime:
      return {
          "bad_lease_time",
          "A lease lasts 60 seconds and two receipt intervals at least, 366 days at most, or 0 for "
          "until it is closed; start_by lies ahead, "
          "by 366 days at most, or is 0 for never; correct them."};
    case Fault::kGatewayNotFound:
      return {"gateway_not_found",
              "No gateway is registered under this account; register it first."};
    case Fault::kGatewayExists:
      return {"gateway_exists", "This account already is a gateway; update it instead."};
    case Fault::kGatewayKeyTooSoon:
      return {"gateway_key_too_soon",
              "The key was changed a moment ago and vouchers of the one before still count; wait "
              "until previous_until_ms and change it then."};
    case Fault::kGatewaysTooSoon:
      return {"gateways_too_soon",
              "Gateways were taken away a moment ago and their vouchers still count; wait until "
              "the Bid's gateways_before_until_ms and take others away then."};
    case Fault::kDemandBeyondBid:
      return {"demand_beyond_bid",
              "The Bid allows no more replicas than its replicas_max; ask for fewer."};
    case Fault::kDemandTooOften:
      return {"demand_too_often",
              "The gateway has raised its demand as often as the Bid allows in an hour; wait, or "
              "ask the Publisher for a higher demands_per_hour."};
    case Fault::kEscrowTooLow:
      return {"escrow_too_low",
              "What is free in the Bid's escrow does not cover this; top it up first."};
    case Fault::kBadDemand:
      return {"bad_demand",
              "A demand names 1 ms to an hour, a valid location, and round trips ascending by "
              "Host with none twice; correct it."};
    case Fault::kOtherService:
      return {"other_service",
              "A Bid stays with the service it was made for; close it and make another."};
    case Fault::kLeaseNotFound:
      return {"lease_not_found", "No lease has this id; check the id."};
    case Fault::kLeaseClosed:
      return {"lease_closed", "The lease has been closed; stop serving it."};
    case Fault::kWrongTerm:
      return {"wrong_term",
              "The lease is in another term; read the lease and use its current term."};
    case Fault::kNotLeaseHost:
      return {"not_lease_host", "The lease runs on another Host; read the lease for its Host."};
    case Fault::kLeaseNotProposed:
      return {"lease_not_proposed",
              "The lease does not wait for an acknowledgement: it was acknowledged before or has "
              "closed; read its state."};
    case Fault::kAckTooLate:
      return {"ack_too_late",
              "The deadline for the acknowledgement has passed; wait for another lease."};
    case Fault::kLeaseNotActive:
      return {"lease_not_active",
              "The lease has not been acknowledged; send ack_lease before its receipts."};
    case Fault::kLeaseNotReserved:
      return {"lease_not_reserved",
              "The lease is no warm reservation that waits to be opened; read the lease for its "
              "state."};
    case Fault::kBadTicket:
      return {"bad_ticket",
              "The ticket's signature, chain, lease or term do not fit; ask the gateway for a new "
              "one."};
    case Fault::kTicketExpired:
      return {"ticket_expired",
              "The ticket has expired; ask the gateway for a new one and submit it sooner."};
    case Fault::kReceiptBackwards:
      return {
          "receipt_backwards",
          "The receipt's counters are below the last included ones; build it from the whole log."};
    case Fault::kReceiptNotExtending:
      return {"receipt_not_extending",
              "The proof does not show that the log extends the last included one; build it from "
              "the count that the lease records."};
    case Fault::kReceiptNotVouchered:
      return {"receipt_not_vouchered",
              "The receipt claims more requests than the voucher covers; claim at most the "
              "voucher's count."};
    case Fault::kReceiptBeyondCapacity:
      return {"receipt_beyond_capacity",
              "The receipt claims more fuel than the reserved cores can burn in the time; check "
              "the meter."};
    case Fault::kBadVoucher:
      return {"bad_voucher",
              "The voucher's signature, lease, term or counts do not fit; ask the gateway for a "
              "new one."};
    case Fault::kGatewayNotAuthorized:
      return {"gateway_not_authorized",
              "The Bid does not authorize this gateway; serve only requests of gateways that the "
              "Bid names."};
    case Fault::kReceiptEmpty:
      return {"receipt_empty", "The message carries no receipt; include at least one."};
    case Fault::kReceiptBadSums:
      return {"receipt_bad_sums",
              "The counters do not fit the log's root or the voucher; rebuild the receipt from the "
              "log."};
    case Fault::kTicketUsed:
      return {"ticket_used",
              "The lease was opened by a ticket of this number or a later one; ask the gateway for "
              "a new one."};
    case Fault::kTooManyLogs:
      return {"too_many_logs",
              "One term counts for at most 16 gateways; serve no others until the lease's next "
              "term."};
    case Fault::kValidatorNotFound:
      return {"validator_not_found",
              "There is no such validator; list them with `fogcoin validator list`."};
    case Fault::kValidatorExists:
      return {"validator_exists",
              "A validator with this key is registered already; every validator needs a key of "
              "its own."};
    case Fault::kNotValidatorOwner:
      return {"not_validator_owner",
              "The validator belongs to another account; send this from the owner's."};
    case Fault::kBadPossession:
      return {"bad_possession",
              "The validator key has not signed for this owner on this chain; make the message "
              "again with the key file at hand."};
    case Fault::kBadCommission:
      return {"bad_commission",
              "The commission is above its maximum, or one of its rates above 10000; choose rates "
              "with rate <= rate_max <= 10000 and change_max <= rate_max."};
    case Fault::kCommissionTooFast:
      return {"commission_too_fast",
              "The commission may change once a day, by at most the validator's change_max; take "
              "a smaller step or wait."};
    case Fault::kBelowMinBond:
      return {"below_min_bond",
              "The bond is below the chain's minimum; bond at least the staking parameter "
              "min_bond."};
    case Fault::kNoPayoutAccount:
      return {"no_payout_account", "The payout address has no account; pay something to it first."};
    case Fault::kBadBeaconCommitment:
      return {"bad_beacon_commitment",
              "The commitment of the hash chain is zero; take the one that `fogcoind keys show` "
              "prints."};
    case Fault::kValidatorTombstoned:
      return {"validator_tombstoned",
              "The validator has equivocated and is out for good; choose another, or register a "
              "new key."};
    case Fault::kValidatorActive:
      return {"validator_active",
              "The validator is in this epoch's set or the next, where its hash chain cannot "
              "change; wait until it is in neither."};
    case Fault::kNoDelegation:
      return {"no_delegation",
              "The sender has no stake with this validator; see `fogcoin stake list`."};
    case Fault::kStakeTooSmall:
      return {"stake_too_small",
              "The stake is smaller than the amount; ask for less, or leave the amount out for "
              "all of it."};
    case Fault::kRedelegatedBefore:
      return {"redelegated_before",
              "This stake came from another validator and is still liable for it; wait until that "
              "ends, or undelegate it."};
    case Fault::kTooManyRedelegations:
      return {"too_many_redelegations",
              "Too much stake has left this validator for others in this epoch; undelegate, or "
              "wait for the next epoch."};
    case Fault::kSameValidator:
      return {"same_validator", "The stake is with this validator already; name another."};
    case Fault::kNotJailed:
      return {"not_jailed", "The validator is not jailed; there is nothing to do."};
    case Fault::kStillJailed:
      return {"still_jailed",
              "The jail is not over yet; `fogcoin validator show` says when it is."};
    case Fault::kNothingToWithdraw:
      return {"nothing_to_withdraw",
              "There are no rewards of a whole droplet; wait for the end of the epoch."};
    case Fault::kNotConflicting:
      return {"not_conflicting",
              "A validator may cast both of these votes; evidence is two notarize or two finalize "
              "votes that differ, or nullify with finalize, in one view."};
    case Fault::kBadVoteSignature:
      return {"bad_vote_signature",
              "A vote is not signed by this validator's key on this chain; check both "
              "signatures."};
    case Fault::kEvidenceTooOld:
      return {"evidence_too_old",
              "The epoch of these votes is outside the evidence window; nothing can be done about "
              "them any more: submit evidence sooner."};
    case Fault::kEvidenceSeen:
      return {"evidence_seen",
              "The validator has been punished for equivocation already; there is nothing to do."};
    case Fault::kNotInSet:
      return {"not_in_set",
              "The key was not in the validator set of the epoch of these votes; check the key."};
    case Fault::kEvidenceTooEarly:
      return {"evidence_too_early",
              "The epoch of these votes has not begun; submit the evidence once it has."};
    case Fault::kProposalNotFound:
      return {"proposal_not_found",
              "There is no such proposal; list them with `fogcoin params show`."};
    case Fault::kProposalClosed:
      return {"proposal_closed", "Voting on this proposal is over; make a new one."};
    case Fault::kBadParameters:
      return {"bad_parameters",
              "A parameter is unknown or cannot change, its value is out of bounds, or the step is "
              "larger than half or double; propose smaller steps."};
    case Fault::kNoVote:
      return {"no_vote",
              "The sender owns no validator of the present set; only those propose and vote."};
    case Fault::kTooManyProposals:
      return {"too_many_proposals", "Too many proposals are open; wait until one of them closes."};

    case Fault::kBlockBadParent:
      return {
          "block_bad_parent",
          "The block names a parent that is not the one it was built on; fetch the parent first."};
    case Fault::kBlockBadHeight:
      return {"block_bad_height",
              "The block's height is not its parent's plus one; the proposer must build it again."};
    case Fault::kBlockBadTime:
      return {"block_bad_time",
              "The block is not later than its parent; the proposer must build it again."};
    case Fault::kBlockBadAppHash:
      return {"block_bad_app_hash",
              "The block's app hash is not the state root after its parent; compare the software "
              "versions of proposer and validator."};
    case Fault::kBlockBadTxRoot:
      return {"block_bad_tx_root",
              "The transaction root does not fit the transactions; fetch the whole block again."};
    case Fault::kBlockTooLarge:
      return {"block_too_large",
              "The block exceeds the bound on bytes, transactions or units; the proposer must "
              "build it again."};
    case Fault::kBlockBadBeacon:
      return {"block_bad_beacon",
              "The beacon reveal is missing, not wanted, or does not hash to the proposer's last "
              "link; check the proposer's beacon seed."};
    case Fault::kBlockBadTransaction:
      return {"block_bad_transaction",
              "The block carries a transaction that cannot be included; the proposer must build it "
              "again."};
    case Fault::kBlockBadProposer:
      return {"block_bad_proposer",
              "The block's proposer is not a validator; only validators may propose."};
    case Fault::kBlockBadChain:
      return {"block_bad_chain",
              "The block belongs to another chain; connect to nodes of the same genesis."};
    case Fault::kBlockBadValidators:
      return {"block_bad_validators",
              "The block names another validator set than the state; the proposer must build it "
              "again."};
    case Fault::kBlockBadCertificate:
      return {"block_bad_certificate",
              "The certificate in the block is not its header's, or no quorum's for its parent in "
              "its epoch; the proposer must build it again, with the right one or none."};
    case Fault::kBlockBadNextValidators:
      return {"block_bad_next_validators",
              "The last block of an epoch, and no other, names the next epoch's validator set; the "
              "proposer must build it again with the one that the state has."};
    case Fault::kBlockBadEpoch:
      return {"block_bad_epoch",
              "The block names another epoch than its height belongs to; the proposer must build "
              "it again."};
  }
  // A number from a newer node or a stored record.
  return {"unknown_fault",
          "This software does not know the fault's number; use a newer version to read it."};
}

}  // namespace

std::string_view fault_name(Fault fault) {
  return fault_text(fault).name;
}

std::string_view fault_help(Fault fault) {
  return fault_text(fault).help;
}

}  // namespace fog
