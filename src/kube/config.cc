#include "kube/config.h"

#include <yaml-cpp/yaml.h>

#include <exception>

#include "kube/base64.h"

namespace berth::kube {

namespace {

// A node of the document together with where it stands, for errors a person can act on.
struct Field {
  YAML::Node node;
  std::string place;  // "FILE: users[0].user"

  Error error(std::string_view what) const {
    return {Code::Invalid, place + (place.ends_with(' ') ? "" : ": ") + std::string(what)};
  }
  bool is_set() const { return node.IsDefined() && !node.IsNull(); }
  Field operator[](const char* name) const {
    // Only a map is asked: indexing anything else throws.
    return {node.IsDefined() && node.IsMap() ? node[name] : YAML::Node(YAML::NodeType::Undefined),
            place + (place.ends_with(' ') ? "" : ".") + name};
  }
  Field at(size_t index) const { return {node[index], place + "[" + std::to_string(index) + "]"}; }

  Result<std::string> text() const {
    if (!is_set()) return std::string{};
    if (!node.IsScalar()) return error("want text");
    return node.Scalar();
  }
  Result<bool> flag() const {
    const std::string value = BERTH_TRY(text());
    if (value.empty() || value == "false") return false;
    if (value == "true") return true;
    return error("want true or false");
  }
  // The items of a list; none when it is absent.
  Result<std::vector<Field>> items() const {
    std::vector<Field> fields;
    if (!is_set()) return fields;
    if (!node.IsSequence()) return error("want a list");
    for (size_t i = 0; i < node.size(); ++i) fields.push_back(at(i));
    return fields;
  }
};

// Where relative paths of one file start.
struct Folder {
  std::string prefix;  // "/home/ada/.kube/", or empty for the working directory

  explicit Folder(std::string_view file)
      : prefix(file.substr(0, file.find_last_of('/') + 1)) {}  // npos + 1 is 0: no folder

  std::string resolve(const std::string& path) const {
    return path.empty() || path.starts_with('/') ? path : prefix + path;
  }
};

// "NAME" is a path and "NAME-data" its content in base64, as kubeconfig spells all PEM.
Result<Material> read_material(const Field& entry, const std::string& name, const Folder& folder) {
  const Field data = entry[(name + "-data").c_str()];
  const std::string encoded = BERTH_TRY(data.text());
  auto text = decode_base64(encoded);
  if (!text) return data.error("not base64");
  const std::string file = BERTH_TRY(entry[name.c_str()].text());
  return Material{.text = std::move(*text), .file = folder.resolve(file)};
}

Result<ClusterEntry> read_cluster(const Field& entry, const Folder& folder) {
  ClusterEntry cluster;
  cluster.server = BERTH_TRY(entry["server"].text());
  cluster.tls_server_name = BERTH_TRY(entry["tls-server-name"].text());
  cluster.ca = BERTH_TRY(read_material(entry, "certificate-authority", folder));
  const Field insecure = entry["insecure-skip-tls-verify"];
  if (BERTH_TRY(insecure.flag()))
    cluster.refused = insecure.place +
                      ": not supported, the server's certificate is always verified; give its "
                      "certificate-authority instead";
  const Field proxy = entry["proxy-url"];
  if (!BERTH_TRY(proxy.text()).empty()) cluster.refused = proxy.place + ": not supported";
  return cluster;
}

Result<ExecPlugin> read_exec(const Field& entry, const Folder& folder) {
  ExecPlugin exec;
  exec.api_version = BERTH_TRY(entry["apiVersion"].text());
  if (exec.api_version != "client.authentication.k8s.io/v1")
    return entry["apiVersion"].error("want client.authentication.k8s.io/v1, have '" +
                                     exec.api_version + "'");
  exec.command = BERTH_TRY(entry["command"].text());
  if (exec.command.empty()) return entry["command"].error("missing");
  // A bare name is looked up in PATH; only a path can be relative to the file.
  if (exec.command.find('/') != std::string::npos) exec.command = folder.resolve(exec.command);
  for (const Field& arg : BERTH_TRY(entry["args"].items()))
    exec.args.push_back(BERTH_TRY(arg.text()));
  for (const Field& variable : BERTH_TRY(entry["env"].items())) {
    std::string name = BERTH_TRY(variable["name"].text());
    if (name.empty()) return variable["name"].error("missing");
    exec.env.emplace_back(std::move(name), BERTH_TRY(variable["value"].text()));
  }
  exec.install_hint = BERTH_TRY(entry["installHint"].text());
  exec.wants_cluster = BERTH_TRY(entry["provideClusterInfo"].flag());
  if (BERTH_TRY(entry["interactiveMode"].text()) == "Always")
    return entry["interactiveMode"].error("Always is not supported: there is no terminal to ask");
  return exec;
}

Result<UserEntry> read_user(const Field& entry, const Folder& folder) {
  UserEntry user;
  user.token.file = folder.resolve(BERTH_TRY(entry["tokenFile"].text()));
  // Unlike with PEM, kubectl prefers the file: it is the one that somebody renews.
  if (user.token.file.empty()) user.token.text = BERTH_TRY(entry["token"].text());
  user.certificate = BERTH_TRY(read_material(entry, "client-certificate", folder));
  user.key = BERTH_TRY(read_material(entry, "client-key", folder));
  if (user.certificate.empty() != user.key.empty())
    return entry.error("client-certificate and client-key go together");
  if (const Field exec = entry["exec"]; exec.is_set())
    user.exec = BERTH_TRY(read_exec(exec, folder));
  // Ignoring one of these would act as somebody else than the file says.
  for (const char* name :
       {"username", "password", "auth-provider", "as", "as-uid", "as-groups", "as-user-extra"})
    if (const Field field = entry[name]; field.is_set())
      user.refused = field.place + ": not supported";
  return user;
}

Result<ContextEntry> read_context(const Field& entry, const Folder&) {
  ContextEntry context;
  context.cluster = BERTH_TRY(entry["cluster"].text());
  context.user = BERTH_TRY(entry["user"].text());
  context.name_space = BERTH_TRY(entry["namespace"].text());
  return context;
}

// "clusters: [{name: N, cluster: {...}}]" as a map; the first of two namesakes wins.
template <class Entry>
Status read_named(const Field& list, const char* inner, const Folder& folder,
                  Result<Entry> (*read)(const Field&, const Folder&),
                  std::map<std::string, Entry>& into) {
  for (const Field& item : BERTH_TRY(list.items())) {
    std::string name = BERTH_TRY(item["name"].text());
    if (name.empty()) return item["name"].error("missing");
    const Field content = item[inner];
    if (content.is_set() && !content.node.IsMap()) return content.error("want a map");
    into.try_emplace(std::move(name), BERTH_TRY(read(content, folder)));
  }
  return Done{};
}

Result<Kubeconfig> read_document(const Field& root, const Folder& folder) {
  if (!root.is_set()) return Kubeconfig{};  // an empty file adds nothing, as for kubectl
  if (!root.node.IsMap()) return root.error("want a kubeconfig");
  Kubeconfig config;
  BERTH_TRY(read_named(root["clusters"], "cluster", folder, read_cluster, config.clusters));
  BERTH_TRY(read_named(root["users"], "user", folder, read_user, config.users));
  BERTH_TRY(read_named(root["contexts"], "context", folder, read_context, config.contexts));
  config.current_context = BERTH_TRY(root["current-context"].text());
  return config;
}

bool is_loopback(std::string_view authority) {
  for (const std::string_view host : {"localhost", "127.0.0.1", "[::1]"})
    if (authority == host || authority.starts_with(std::string(host) + ":")) return true;
  return false;
}

Status check_server(const std::string& server, const std::string& cluster) {
  if (server.starts_with("https://") && server.size() > 8) return Done{};
  const std::string_view plain = "http://";
  if (server.starts_with(plain)) {
    const auto authority = std::string_view(server).substr(plain.size());
    if (is_loopback(authority.substr(0, authority.find('/')))) return Done{};
  }
  return Error{Code::Invalid, "kubeconfig: cluster '" + cluster + "': server '" + server +
                                  "' is not https://HOST (plain http only to this machine)"};
}

}  // namespace

Result<Kubeconfig> parse_kubeconfig(std::string_view text, std::string_view file) {
  const std::string name(file);
  try {
    return read_document({YAML::Load(std::string(text)), name + ": "}, Folder(file));
  } catch (const YAML::ParserException& e) {
    return Error{Code::Invalid, name + ": line " + std::to_string(e.mark.line + 1) + ": " + e.msg};
  } catch (const std::exception& e) {  // yaml-cpp has more of them than it documents
    return Error{Code::Invalid, name + ": " + e.what()};
  }
}

Kubeconfig merge(Kubeconfig first, const Kubeconfig& second) {
  first.clusters.insert(second.clusters.begin(), second.clusters.end());
  first.users.insert(second.users.begin(), second.users.end());
  first.contexts.insert(second.contexts.begin(), second.contexts.end());
  if (first.current_context.empty()) first.current_context = second.current_context;
  return first;
}

Result<Config> choose_context(const Kubeconfig& kubeconfig, std::string_view wanted) {
  const std::string name(wanted.empty() ? std::string_view(kubeconfig.current_context) : wanted);
  if (name.empty()) return Error{Code::Invalid, "kubeconfig: no current-context and none given"};
  const auto refuse = [&](const std::string& what) {
    return Error{Code::Invalid, "kubeconfig: context '" + name + "': " + what};
  };
  const auto context = kubeconfig.contexts.find(name);
  if (context == kubeconfig.contexts.end()) return refuse("no such context");
  const auto& [cluster_name, user_name, name_space] = context->second;

  const auto cluster = kubeconfig.clusters.find(cluster_name);
  if (cluster == kubeconfig.clusters.end()) return refuse("no cluster '" + cluster_name + "'");
  if (!cluster->second.refused.empty()) return Error{Code::Invalid, cluster->second.refused};
  BERTH_TRY(check_server(cluster->second.server, cluster_name));

  Config config{.cluster = cluster->second};
  if (!user_name.empty()) {
    const auto user = kubeconfig.users.find(user_name);
    if (user == kubeconfig.users.end()) return refuse("no user '" + user_name + "'");
    if (!user->second.refused.empty()) return Error{Code::Invalid, user->second.refused};
    config.user = user->second;
  }
  if (!name_space.empty()) config.name_space = name_space;
  return config;
}

}  // namespace berth::kube
