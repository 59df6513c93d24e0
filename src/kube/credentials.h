#pragma once
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "kube/config.h"

namespace berth::kube {

// What one connection and one request present. All PEM or token text, empty when not used.
struct Identity {
  std::string ca;
  std::string token;
  std::string certificate;
  std::string key;

  bool operator==(const Identity&) const = default;
};

// Runs a credential plugin with these variables added to the environment and returns what it
// printed. Programs give host::run_program; a server that should never start one gives none.
using PluginRunner =
    std::function<Result<std::string>(const std::vector<std::string>& command,
                                      const std::vector<std::pair<std::string, std::string>>& env)>;

// Keeps an Identity fresh. Files are read again once a minute (a pod's token is replaced in place),
// a plugin is asked again shortly before its answer expires, and both at once after a refusal.
// A file that cannot be read for a moment leaves the old content in use.
class Credentials {
 public:
  Credentials(Config config, const Clock& clock, PluginRunner run = nullptr);

  // Blocks while a plugin runs. The reference holds until the next call.
  Result<const Identity*> current();
  // The server said 401: the next current() reads everything again.
  void refused() { fresh_until_.reset(); }

 private:
  Result<Identity> read() const;
  Status ask_plugin(Identity& identity);

  Config config_;
  const Clock& clock_;
  PluginRunner run_;
  std::optional<Identity> identity_;
  std::optional<Monotonic> fresh_until_;  // none: read again
};

}  // namespace berth::kube
