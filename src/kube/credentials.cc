#include "kube/credentials.h"

#include <algorithm>

#include "kube/exec_credential.h"
#include "kube/files.h"

namespace berth::kube {

namespace {

constexpr Millis kFilesFresh{60'000};    // how long a file is trusted not to have changed
constexpr Millis kPluginLeeway{10'000};  // a credential is renewed this long before it expires

Result<std::string> load(const Material& material) {
  if (!material.text.empty() || material.file.empty()) return material.text;
  return read_file(material.file);
}

// Tokens are handed around with a newline at their end, and a header may not have one.
std::string trimmed(std::string text) {
  constexpr const char* kSpace = " \t\r\n";
  text.erase(text.find_last_not_of(kSpace) + 1);
  text.erase(0, std::min(text.find_first_not_of(kSpace), text.size()));
  return text;
}

}  // namespace

Credentials::Credentials(Config config, const Clock& clock, PluginRunner run)
    : config_(std::move(config)), clock_(clock), run_(std::move(run)) {}

Result<const Identity*> Credentials::current() {
  if (identity_ && fresh_until_ && clock_.monotonic() < *fresh_until_) return &*identity_;
  const bool was_refused = !fresh_until_;
  fresh_until_ = clock_.monotonic() + kFilesFresh;

  auto identity = read();
  if (identity && config_.user.exec) {
    if (auto asked = ask_plugin(*identity); !asked) identity = asked.error();
  }
  if (identity) {
    identity_ = std::move(*identity);
  } else if (!identity_ || was_refused) {
    fresh_until_.reset();
    return identity.error();
  }
  return &*identity_;
}

Result<Identity> Credentials::read() const {
  Identity identity;
  identity.ca = BERTH_TRY(load(config_.cluster.ca));
  identity.token = trimmed(BERTH_TRY(load(config_.user.token)));
  identity.certificate = BERTH_TRY(load(config_.user.certificate));
  identity.key = BERTH_TRY(load(config_.user.key));
  return identity;
}

Status Credentials::ask_plugin(Identity& identity) {
  const ExecPlugin& plugin = *config_.user.exec;
  if (!run_)
    return Error{Code::Invalid,
                 "credential plugin '" + plugin.command + "': this program does not start any"};
  std::vector<std::string> command{plugin.command};
  command.insert(command.end(), plugin.args.begin(), plugin.args.end());
  auto env = plugin.env;
  env.emplace_back("KUBERNETES_EXEC_INFO", exec_info(plugin, config_.cluster, identity.ca));

  auto output = run_(command, env);
  if (!output) {
    std::string message = "credential plugin '" + plugin.command + "': " + output.error().message;
    if (!plugin.install_hint.empty()) message += " (" + plugin.install_hint + ")";
    return Error{Code::Unauthorized, std::move(message)};
  }
  const ExecCredential credential = BERTH_TRY(parse_exec_credential(plugin, *output));
  identity.token = trimmed(credential.token);
  identity.certificate = credential.certificate;
  identity.key = credential.key;

  // Without an expiry the answer holds until the server refuses it.
  fresh_until_ = Monotonic::max();
  if (credential.expires)
    fresh_until_ = clock_.monotonic() +
                   std::max(*credential.expires - clock_.now() - kPluginLeeway, Millis{0});
  return Done{};
}

}  // namespace berth::kube
