#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

// Which API server to talk to and as whom. Parsing, merging and choosing are pure; only
// load_config() reads files. See credentials.h for what changes while a program runs.
namespace berth::kube {

// A piece of PEM or a token: given as text, or as a file that is read again when it may have
// changed. The text wins, as in kubectl.
struct Material {
  std::string text;
  std::string file;

  bool empty() const { return text.empty() && file.empty(); }
  bool operator==(const Material&) const = default;
};

// A program that prints credentials (client.authentication.k8s.io).
struct ExecPlugin {
  std::string api_version;
  std::string command;  // a path, or a name to be found in PATH
  std::vector<std::string> args;
  std::vector<std::pair<std::string, std::string>> env;
  std::string install_hint;
  bool wants_cluster = false;  // provideClusterInfo

  bool operator==(const ExecPlugin&) const = default;
};

struct ClusterEntry {
  std::string server;           // "https://10.0.0.1:443", or with a path below it
  std::string tls_server_name;  // whom the certificate must name; empty: the server's host
  Material ca;                  // empty: the machine's own authorities
  std::string refused;          // why this entry cannot be used, told when it is chosen

  bool operator==(const ClusterEntry&) const = default;
};

struct UserEntry {
  Material token;
  Material certificate;
  Material key;
  std::optional<ExecPlugin> exec;
  std::string refused;

  bool operator==(const UserEntry&) const = default;
};

struct ContextEntry {
  std::string cluster;
  std::string user;
  std::string name_space;

  bool operator==(const ContextEntry&) const = default;
};

// One kubeconfig, or several merged.
struct Kubeconfig {
  std::map<std::string, ClusterEntry> clusters;
  std::map<std::string, UserEntry> users;
  std::map<std::string, ContextEntry> contexts;
  std::string current_context;

  bool operator==(const Kubeconfig&) const = default;
};

// What a transport needs to know.
struct Config {
  ClusterEntry cluster;
  UserEntry user;
  std::string name_space = "default";  // where objects without a namespace are meant

  bool operator==(const Config&) const = default;
};

// Reads kubeconfig text, YAML or JSON. `file` names it in errors ("FILE: users[0].name: ...") and
// is where relative paths in it start. Unknown fields are ignored, as by kubectl.
Result<Kubeconfig> parse_kubeconfig(std::string_view text, std::string_view file);

// As kubectl merges a KUBECONFIG list: for every name, and for the current context, the first file
// that has it wins whole.
Kubeconfig merge(Kubeconfig first, const Kubeconfig& second);

// The cluster and user of `context`, or of the current context when that is empty.
Result<Config> choose_context(const Kubeconfig& kubeconfig, std::string_view context);

// Where a program may find its cluster; main() fills this from flags and the environment.
struct ConfigSources {
  std::string kubeconfig;       // --kubeconfig: this file and no other
  std::string context;          // --context
  std::string kubeconfig_list;  // $KUBECONFIG: files separated by ':'; missing ones are skipped
  std::string service_host;     // $KUBERNETES_SERVICE_HOST, which says we run in a pod
  std::string service_port;     // $KUBERNETES_SERVICE_PORT
  std::string home;             // $HOME, for ~/.kube/config
  std::string account_dir = "/var/run/secrets/kubernetes.io/serviceaccount";
};

// The first source that is there: the flag, the list, the pod's account, the home directory.
Result<Config> load_config(const ConfigSources& sources);

}  // namespace berth::kube
