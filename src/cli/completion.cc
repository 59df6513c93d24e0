#include "cli/completion.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

namespace berth::cli {
namespace {

// The words that may follow the commands of `app`: its commands and its long options.
std::string words_after(const CLI::App& app) {
  std::string words;
  for (const CLI::App* command : app.get_subcommands({})) words += command->get_name() + " ";
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) words += "--" + name + " ";
  }
  if (!words.empty()) words.pop_back();
  return words;
}

// One line of the script's `case` for each command, "simulate openb" being its path.
void add_cases(const CLI::App& app, const std::string& path, std::string& cases) {
  cases += "    '" + path + "') words='" + words_after(app) + "' ;;\n";
  for (const CLI::App* command : app.get_subcommands({})) {
    add_cases(*command, path.empty() ? command->get_name() : path + " " + command->get_name(),
              cases);
  }
}

// The path is the words before the first option. After an option that has a value, and where no
// word fits, bash completes file names.
std::string bash_script(const CLI::App& root) {
  std::string cases;
  add_cases(root, "", cases);
  return R"(_kubectl_berth() {
  local word path='' words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    [[ $word == -* ]] && break
    path+="${path:+ }$word"
  done
  case $path in
)" + cases +
         R"(  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}")
}
complete -o default -F _kubectl_berth kubectl-berth
)";
}

std::string zsh_script(const CLI::App& root) {
  return "autoload -U +X bashcompinit && bashcompinit\n"
         "autoload -U +X compinit && compinit\n" +
         bash_script(root);
}

}  // namespace

void add_completion(CLI::App& parent, Action& chosen) {
  CLI::App* completion =
      parent.add_subcommand("completion", "Prints a script for command-line completion.");
  completion->footer(
      "Examples:\n"
      "  source <(kubectl-berth completion bash)\n"
      "  source <(kubectl-berth completion zsh)");
  const auto shell = std::make_shared<std::string>();
  completion->add_option("SHELL", *shell, "bash or zsh")
      ->required()
      ->check(CLI::IsMember(std::vector<std::string>{"bash", "zsh"}))
      ->type_name("");
  completion->callback([shell, &parent, &chosen] {
    chosen = [shell, &parent](const Surroundings& around) -> Result<Answer> {
      around.out << (*shell == "bash" ? bash_script(parent) : zsh_script(parent));
      return Answer::Yes;
    };
  });
}

}  // namespace berth::cli
