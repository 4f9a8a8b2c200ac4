// fogcoin fees: what a transaction costs now, slow, normal and fast.
#include <fmt/format.h>

#include "rpc/programs/cli/context.h"
#include "wallet/fee_estimate.h"

namespace fog::cli {
namespace {

ErrorOr<void> fees(Context& context) {
  TRY(const auto market, wallet::read_fee_market(context.node()));
  // The usual payment: one receiver, one signature, no memo.
  TxBody body;
  TRY(auto payment, wallet::make_transfer({{Address{}, Amount{1}}}));
  body.messages.push_back(std::move(payment));
  Json json{{"base_price", std::to_string(market.base_price)},
            {"waiting_txs", std::to_string(market.waiting_txs)},
            {"waiting_blocks", std::to_string(market.waiting_blocks)},
            {"seen_blocks", std::to_string(market.seen_blocks)},
            {"levels", Json::array()}};
  Rows rows{{"FEE", "TIP", "PRICE MAX", "A PAYMENT COSTS", "AND AT MOST"}};
  for (const auto level :
       {wallet::FeeLevel::kSlow, wallet::FeeLevel::kNormal, wallet::FeeLevel::kFast}) {
    const auto terms = wallet::fee_terms(market, level);
    body.price_max = terms.price_max;
    body.tip = terms.tip;
    TRY(const auto quoted, wallet::quote(body));
    const Amount now = quoted.fee_at(body, market.base_price);
    const std::string name(wallet::fee_level_name(level));
    rows.push_back({name, std::to_string(terms.tip), std::to_string(terms.price_max),
                    format_fog(now), format_fog(quoted.fee_max)});
    json["levels"].push_back({{"fee", name},
                              {"tip", std::to_string(terms.tip)},
                              {"price_max", std::to_string(terms.price_max)},
                              {"payment", std::to_string(now.droplets)},
                              {"payment_max", std::to_string(quoted.fee_max.droplets)}});
  }
  context.print_list(json, rows,
                     fmt::format("Base price {} droplets a unit; {} transactions wait, {} "
                                 "whole blocks of them.\n",
                                 market.base_price, market.waiting_txs, market.waiting_blocks));
  return {};
}

}  // namespace

void add_fee_command(CLI::App& app, Chosen& chosen) {
  app.add_subcommand("fees", "What --fee slow, normal and fast offer now, and what a payment costs")
      ->callback([&chosen] { chosen.command = fees; });
}

}  // namespace fog::cli
