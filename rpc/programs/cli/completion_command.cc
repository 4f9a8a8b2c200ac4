// fogcoin completion ...: the shells' scripts, and the words that they ask for. The words come from
// the tree of commands that --help shows, and from the names in the wallet.
#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "rpc/programs/cli/command_tree.h"
#include "rpc/programs/cli/completion.h"
#include "wallet/keystore.h"

namespace fog::cli {
namespace {

// The program itself is asked, so a script never grows old. It prints one candidate a line, behind
// a tab what it is, and nothing where the shell's own choice of files is best.
constexpr std::string_view kBash = R"(# bash completion of fogcoin; from: fogcoin completion bash
_fogcoin() {
  local word rest
  COMPREPLY=()
  while IFS=$'\t' read -r word rest; do
    COMPREPLY+=("$word")
  done < <("${COMP_WORDS[0]}" completion words -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  # After "bob=" an amount follows, not a blank.
  [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
  return 0
}
complete -o default -F _fogcoin fogcoin
)";
constexpr std::string_view kZsh = R"(#compdef fogcoin
# zsh completion of fogcoin; from: fogcoin completion zsh
_fogcoin() {
  local word rest
  local -a found
  while IFS=$'\t' read -r word rest; do
    found+=("${word//:/\\:}:$rest")
  done < <("${words[1]}" completion words -- "${(@)words[2,$CURRENT]}" 2>/dev/null)
  if (( ${#found} )); then
    _describe 'fogcoin' found
  else
    _files
  fi
}
if [ "$funcstack[1]" = "_fogcoin" ]; then
  _fogcoin "$@"
else
  compdef _fogcoin fogcoin
fi
)";
constexpr std::string_view kFish = R"(# fish completion of fogcoin; from: fogcoin completion fish
function __fogcoin_words
  set -l words (commandline -opc)
  set -l found ($words[1] completion words -- $words[2..-1] (commandline -ct) 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\n' $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c fogcoin -f -a '(__fogcoin_words)'
)";

struct Candidate {
  std::string word;
  std::string what;
};

// What help says, up to the first end of a clause.
std::string brief(const std::string& text) {
  return text.substr(0, text.find_first_of(";(\n"));
}

// Names that stand for addresses: safe in any shell (is_account_name).
void add_names(const std::string& wallet, const std::string& end, std::vector<Candidate>& out) {
  if (const auto own = wallet::Keystore::list(wallet)) {
    for (const auto& one : *own) out.push_back({one.name + end, to_text(one.address)});
  }
  if (const auto book = wallet::Book::open(wallet::book_path(wallet))) {
    for (const auto& one : book->entries()) out.push_back({one.name + end, to_text(one.address)});
  }
}

void add_values(const CLI::Option& option, const std::string& wallet, std::vector<Candidate>& out) {
  for (const std::string& choice : choices(option)) out.push_back({choice, ""});
  if (option.check_lname("account")) add_names(wallet, "", out);
}

std::vector<Candidate> candidates(const CLI::App& program, const GlobalOptions& options,
                                  const std::vector<std::string>& before,
                                  const std::string& current) {
  std::vector<Candidate> out;
  const Walk at = walk(program, before);
  if (at.awaits != nullptr) {
    add_values(*at.awaits, options.wallet, out);
    return out;
  }
  if (current.starts_with('-')) {
    for (const CLI::App* one = at.command; one != nullptr; one = one->get_parent()) {
      for (const CLI::Option* option : cli::options(*one)) {
        for (const std::string& name : option->get_lnames()) {
          out.push_back({"--" + name, brief(option->get_description())});
        }
      }
    }
    return out;
  }
  for (const CLI::App* sub : subcommands(*at.command)) {
    out.push_back({sub->get_name(), brief(sub->get_description())});
  }
  const auto places = positionals(*at.command);
  if (places.empty()) return out;
  // The last one may take several words.
  const CLI::Option& place = *places[std::min(at.arguments, places.size() - 1)];
  const std::string name = place.get_name(true, false);
  if (name == "TO=AMOUNT") add_names(options.wallet, "=", out);
  if (name == "NAME" || name == "WHO" || name == "ADDRESS") add_names(options.wallet, "", out);
  return out;
}

ErrorOr<void> show_script(std::string_view script) {
  std::cout << script;
  return {};
}

}  // namespace

int complete_words(const CLI::App& program, const GlobalOptions& options,
                   std::vector<std::string> words) {
  if (words.empty()) words.emplace_back();
  GlobalOptions used = options;
  if (const char* wallet = std::getenv("FOGCOIN_WALLET"); wallet != nullptr) used.wallet = wallet;
  const std::string current = words.back();
  words.pop_back();
  for (const Candidate& one : candidates(program, used, words, current)) {
    if (!one.word.starts_with(current)) continue;
    std::cout << one.word << '\t' << one.what << '\n';
  }
  return kExitOk;
}

void add_completion_commands(CLI::App& app, Chosen& chosen) {
  auto* completion = app.add_subcommand(
      "completion", "Commands, options and names completed by the Tab key of bash, zsh or fish");
  completion->require_subcommand(1);
  const auto add = [&](const char* shell, std::string_view script, const char* help) {
    completion->add_subcommand(shell, help)->callback([&chosen, script] {
      chosen.command = [script](Context&) { return show_script(script); };
    });
  };
  add("bash", kBash,
      "For bash: put it into ~/.local/share/bash-completion/completions/fogcoin, or source it");
  add("zsh", kZsh, "For zsh: put it into a folder of $fpath as _fogcoin, or source it");
  add("fish", kFish, "For fish: put it into ~/.config/fish/completions/fogcoin.fish");
}

}  // namespace fog::cli
