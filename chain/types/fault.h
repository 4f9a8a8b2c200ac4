// Fault: a deterministic verdict on a transaction or block. Numbers are fixed for ever: a fault
// that is no longer used keeps its number. A fault below 100 is visible without state, so a peer
// that relays such a transaction is itself at fault.
#pragma once

#include <cstdint>
#include <string_view>

namespace fog {

enum class Fault : std::uint16_t {
  kNone = 0,

  // Form: visible in the bytes alone.
  kMalformed = 1,          // not the canonical encoding of a transaction
  kTooLarge = 2,           // more bytes than a transaction may have
  kWrongChain = 3,         // made for another chain
  kBadLane = 4,            // lane outside 0..15
  kNoMessages = 5,         // nothing to do
  kBadPublicKey = 6,       // not a point on the curve
  kSenderMismatch = 7,     // the key or policy does not hash to the sender
  kBadSignature = 8,       // does not verify, high S, or zero
  kBadMultisig = 9,        // policy out of bounds, or not exactly `threshold` ascending signatures
  kUnknownMessage = 10,    // no such message kind
  kMalformedMessage = 11,  // a message's payload is not canonical
  kTipAboveMax = 12,       // tip per unit exceeds the maximum price per unit

  // State: the transaction cannot be included (now).
  kExpired = 100,         // block time is past the transaction's expiry
  kExpiryTooFar = 101,    // expiry lies further ahead than the chain remembers
  kSequenceTooLow = 102,  // already used: a replay
  kSequenceGap = 103,     // not the lane's next
  kFeeTooLow = 104,       // maximum price below the base price
  kCannotPayFee = 105,    // balance does not cover the maximum fee
  kNoAccount = 106,       // the sender has no account
  kBlockFull = 107,       // does not fit into the block

  // Ledger: included, fee paid, message failed.
  kInsufficientFunds = 200,
  kAmountOverflow = 201,
  kZeroAmount = 202,
  kBelowCreation = 204,  // a first payment to an address must cover the creation burn

  // Market.
  kHostNotFound = 300,
  kNotHostOwner = 301,
  kNotHostOperator = 302,
  kBondTooLow = 304,
  kHostRetired = 305,
  kHostBusy = 306,  // still holds leases
  kBadEndpoint = 307,
  kBadResources = 308,  // zero, or beyond what the type or the Host's capacity allows
  kBadPriceClass = 309,
  kBadScale = 310,
  kOfferNotFound = 311,
  kBadLocation = 312,
  kBadRuntime = 313,   // no runtime profile, or one that the network does not know
  kBadAuditors = 314,  // the same auditor twice
  kAuditorNotAdmitted = 315,
  kBadAttestation = 316,  // says nothing, or counts for no time or too long
  kAttestationNotFound = 317,
  kHostLeaving = 318,  // has said that it leaves
  kBadNotice = 319,    // too short or too long
  kServiceNotFound = 320,
  kServiceNameTaken = 321,
  kBadServiceName = 322,
  kNotServiceOwner = 323,
  kBadManifest = 324,
  kServiceInUse = 325,
  kBidNotFound = 330,
  kNotBidOwner = 331,
  kBadReplicas = 332,
  kBadCap = 333,
  kBadProfile = 334,
  kBadConstraint = 335,
  kDepositTooLow = 336,  // does not cover one slice for the fewest replicas
  kBidClosed = 337,
  kTooManyDepositors = 338,
  kBadLeaseTime = 339,  // length of the lease, or time to start by
  kGatewayNotFound = 340,
  kGatewayExists = 341,
  kGatewayKeyTooSoon = 343,  // the key before the present one still counts
  kGatewaysTooSoon = 344,    // gateways that an update took away still count
  kDemandBeyondBid = 345,    // more replicas than the Bid's most
  kDemandTooOften = 346,     // beyond the Bid's number an hour
  kEscrowTooLow = 347,       // what is free does not cover it
  kBadDemand = 348,          // its time, place or round trips
  kOtherService = 349,       // a Bid stays with its service
  kLeaseNotFound = 350,
  kLeaseClosed = 351,
  kWrongTerm = 352,
  kNotLeaseHost = 353,
  kLeaseNotProposed = 354,  // acknowledged twice, or after it closed
  kAckTooLate = 355,
  kLeaseNotActive = 356,    // no receipt before the acknowledgement
  kLeaseNotReserved = 357,  // no warm reservation that waits to be opened
  kBadTicket = 358,         // signature, chain, lease or term
  kTicketExpired = 359,
  kReceiptBackwards = 360,     // counters or leaf count below the last included
  kReceiptNotExtending = 361,  // the consistency proof does not hold
  kReceiptNotVouchered = 362,  // leaves beyond the voucher
  kReceiptBeyondCapacity = 363,
  kBadVoucher = 364,  // signature, lease, term or counts
  kGatewayNotAuthorized = 365,
  kReceiptEmpty = 366,
  kReceiptBadSums = 367,  // counters that do not fit the root or the voucher
  kTicketUsed = 368,      // its number is not above that of the last
  kTooManyLogs = 369,     // of other gateways in one term

  // Staking.
  kValidatorNotFound = 400,
  kValidatorExists = 401,
  kNotValidatorOwner = 402,
  kBadPossession = 403,  // no proof that the sender holds the validator key
  kBadCommission = 404,
  kCommissionTooFast = 405,  // more than a day's change, or a second change in a day
  kBelowMinBond = 406,
  kNoPayoutAccount = 407,
  kBadBeaconCommitment = 408,
  kValidatorTombstoned = 409,
  kValidatorActive = 410,  // in this epoch's set or the next
  kNoDelegation = 411,
  kStakeTooSmall = 412,      // less than is asked for
  kRedelegatedBefore = 413,  // still liable for another validator
  kTooManyRedelegations = 414,
  kSameValidator = 415,
  kNotJailed = 416,
  kStillJailed = 417,
  kNothingToWithdraw = 418,
  kNotConflicting = 420,  // both votes may be cast
  kBadVoteSignature = 421,
  kEvidenceTooOld = 422,
  kEvidenceSeen = 423,
  kNotInSet = 424,  // of the epoch of the votes
  kEvidenceTooEarly = 425,
  kProposalNotFound = 430,
  kProposalClosed = 431,
  kBadParameters = 432,  // unknown, out of bounds, or too large a step
  kNoVote = 433,         // the sender owns no validator of the set
  kTooManyProposals = 434,

  // Block: the whole block is invalid.
  kBlockBadParent = 900,
  kBlockBadHeight = 901,
  kBlockBadTime = 902,
  kBlockBadAppHash = 903,
  kBlockBadTxRoot = 904,
  kBlockTooLarge = 905,
  kBlockBadBeacon = 906,
  kBlockBadTransaction = 907,  // carries a transaction that cannot be included
  kBlockBadProposer = 908,
  kBlockBadChain = 909,
  kBlockBadValidators = 910,
  kBlockBadCertificate = 911,     // not a quorum's of the parent, or not the header's
  kBlockBadNextValidators = 912,  // not the next epoch's set, or not the place to say it
  kBlockBadEpoch = 913,
};

// A short stable name, e.g. "sequence_too_low".
std::string_view fault_name(Fault fault);
// A sentence that says what is wrong and what to do next.
std::string_view fault_help(Fault fault);
constexpr bool is_form_fault(Fault fault) {
  return fault != Fault::kNone && static_cast<std::uint16_t>(fault) < 100;
}

}  // namespace fog
